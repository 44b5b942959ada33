#include "bind/arrays.hpp"
#include "bind/modules.hpp"
#include "pyhwnas/signs.hpp"
#include "pyhwnas/synflow.hpp"

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

// The program itself is checked by the kernel, which has to take it apart anyway.
py::array_t<double> synflow_expected(const py::array& slot_input_offsets,
                                     const py::array& slot_inputs, const py::array& unit_offsets,
                                     const py::array& unit_input_offsets,
                                     const py::array& unit_input_shapes, const py::array& nodes,
                                     const py::array& node_input_offsets,
                                     const py::array& node_inputs, const py::array& unit_ids,
                                     double weight_gain, Threads threads) {
  const proxy::PlanProgram program{
      vector<std::int32_t>(slot_input_offsets, "slot_input_offsets"),
      vector<std::int32_t>(slot_inputs, "slot_inputs"),
      vector<std::int32_t>(unit_offsets, "unit_offsets"),
      vector<std::int32_t>(unit_input_offsets, "unit_input_offsets"),
      matrix<std::int32_t>(unit_input_shapes, "unit_input_shapes"),
      matrix<std::int32_t>(nodes, "nodes"),
      vector<std::int32_t>(node_input_offsets, "node_input_offsets"),
      vector<std::int32_t>(node_inputs, "node_inputs"),
  };
  const auto ids = matrix<std::int32_t>(unit_ids, "unit_ids");
  py::array_t<double> scores(unit_ids.shape(0));
  {
    const auto out = output(scores);
    const py::gil_scoped_release release;
    proxy::synflow_expected(program, ids, weight_gain, out, threads, poll_signals());
  }
  return scores;
}

}  // namespace

void bind_proxy(py::module_& m) {
  using py::arg;
  m.def("pack_signs", &pack_signs, arg("x"), arg("threads"),
        "One bit per value, 1 where it is greater than zero.");
  m.def("coactivation", &coactivation, arg("bits"), arg("threads"),
        "Per row: its positive units, and those weighted by the rows in which each is positive.");
  m.def("sign_statistics", &sign_statistics, arg("x"), arg("threads"),
        "coactivation(pack_signs(x)) without storing the bits.");
  m.def("synflow_expected", &synflow_expected, arg("slot_input_offsets"), arg("slot_inputs"),
        arg("unit_offsets"), arg("unit_input_offsets"), arg("unit_input_shapes"), arg("nodes"),
        arg("node_input_offsets"), arg("node_inputs"), arg("unit_ids"), arg("weight_gain"),
        arg("threads"), "ln of the expected Synflow of each row's network.");
}

}  // namespace pyhwnas::bind
