#include "bind/arrays.hpp"
#include "bind/modules.hpp"
#include "pyhwnas/signs.hpp"

namespace pyhwnas::bind {
namespace {

using Counts = py::array_t<std::int64_t>;

py::array_t<std::uint64_t> pack_signs(const py::array& x, Threads threads) {
  const auto view = matrix<float>(x, "x");
  const std::size_t n_words = (view.cols() + 63) / 64;
  py::array_t<std::uint64_t> bits({view.rows(), n_words});
  {
    const MatrixView out(bits.mutable_data(), view.rows(), n_words);
    const py::gil_scoped_release release;
    proxy::pack_signs(view, out, threads, poll_signals());
  }
  return bits;
}

std::pair<Counts, Counts> coactivation(const py::array& bits, Threads threads) {
  const auto view = matrix<std::uint64_t>(bits, "bits");
  std::pair<Counts, Counts> result(bits.shape(0), bits.shape(0));
  {
    const auto positives = output(result.first);
    const auto shared = output(result.second);
    const py::gil_scoped_release release;
    proxy::coactivation(view, positives, shared, threads, poll_signals());
  }
  return result;
}

std::pair<Counts, Counts> sign_statistics(const py::array& x, Threads threads) {
  const auto view = matrix<float>(x, "x");
  std::pair<Counts, Counts> result(x.shape(0), x.shape(0));
  {
    const auto positives = output(result.first);
    const auto shared = output(result.second);
    const py::gil_scoped_release release;
    proxy::sign_statistics(view, positives, shared, threads, poll_signals());
  }
  return result;
}

Counts hamming_distances(const py::array& bits, Threads threads) {
  const auto view = matrix<std::uint64_t>(bits, "bits");
  Counts result({view.rows(), view.rows()});
  {
    const MatrixView out(result.mutable_data(), view.rows(), view.rows());
    const py::gil_scoped_release release;
    proxy::hamming_distances(view, out, threads, poll_signals());
  }
  return result;
}

Counts sign_distances(const py::array& x, Threads threads) {
  const auto view = matrix<float>(x, "x");
  Counts result({view.rows(), view.rows()});
  {
    const MatrixView out(result.mutable_data(), view.rows(), view.rows());
    const py::gil_scoped_release release;
    proxy::sign_distances(view, out, threads, poll_signals());
  }
  return result;
}

}  // namespace

void bind_signs(py::module_& m) {
  using py::arg;
  m.def("pack_signs", &pack_signs, arg("x"), arg("threads"),
        "One bit per value, 1 where it is greater than zero.");
  m.def("coactivation", &coactivation, arg("bits"), arg("threads"),
        "Per row: its positive units, and those weighted by the rows in which each is positive.");
  m.def("sign_statistics", &sign_statistics, arg("x"), arg("threads"),
        "coactivation(pack_signs(x)) without storing the bits.");
  m.def("hamming_distances", &hamming_distances, arg("bits"), arg("threads"),
        "For each two rows, the number of bits in which they differ.");
  m.def("sign_distances", &sign_distances, arg("x"), arg("threads"),
        "hamming_distances(pack_signs(x)) without storing the bits.");
}

}  // namespace pyhwnas::bind
