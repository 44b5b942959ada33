#include "bind/arrays.hpp"
#include "bind/modules.hpp"
#include "pyhwnas/moo.hpp"

namespace pyhwnas::bind {
namespace {

MatrixView<const double> objectives(const py::array& F) {
  const auto view = matrix<double>(F, "F");
  check_row_count(view.rows(), "F");
  check_no_nan(view, "F");
  return view;
}

py::array_t<std::int32_t> nondominated_sort(const py::array& F, int threads) {
  const auto view = objectives(F);
  check_threads(threads);
  py::array_t<std::int32_t> ranks(F.shape(0));
  {
    const auto out = output(ranks);
    const py::gil_scoped_release release;
    moo::nondominated_sort(view, out, threads, poll_signals());
  }
  return ranks;
}

py::array_t<bool> nondominated_mask(const py::array& F, bool keep_equal, int threads) {
  const auto view = objectives(F);
  check_threads(threads);
  py::array_t<bool> mask(F.shape(0));
  {
    // numpy stores a bool as one byte that is 0 or 1.
    const std::span out(reinterpret_cast<std::uint8_t*>(mask.mutable_data()), view.rows());
    const py::gil_scoped_release release;
    moo::nondominated_mask(view, keep_equal, out, threads, poll_signals());
  }
  return mask;
}

py::array_t<std::int32_t> dominance_counts(const py::array& F, int threads) {
  const auto view = objectives(F);
  check_threads(threads);
  py::array_t<std::int32_t> counts(F.shape(0));
  {
    const auto out = output(counts);
    const py::gil_scoped_release release;
    moo::dominance_counts(view, out, threads, poll_signals());
  }
  return counts;
}

py::array_t<double> crowding_distance(const py::array& F, const py::array& ranks, int threads) {
  const auto view = objectives(F);
  const auto fronts = vector<std::int32_t>(ranks, "ranks");
  check_size(fronts, "ranks", view.rows());
  check_threads(threads);
  py::array_t<double> distances(F.shape(0));
  {
    const auto out = output(distances);
    const py::gil_scoped_release release;
    moo::crowding_distance(view, fronts, out, threads, poll_signals());
  }
  return distances;
}

double hypervolume(const py::array& F, const py::array& ref_point, int threads) {
  const auto view = objectives(F);
  const auto reference = vector<double>(ref_point, "ref_point");
  check_size(reference, "ref_point", view.cols());
  check_no_nan(reference, "ref_point");
  check_threads(threads);
  if (view.cols() == 0) throw py::value_error("F must have at least one column, got none");
  const py::gil_scoped_release release;
  return moo::hypervolume(view, reference, threads, poll_signals());
}

}  // namespace

void bind_moo(py::module_& m) {
  using py::arg;
  m.def("nondominated_sort", &nondominated_sort, arg("F"), arg("threads"),
        "Front index of each row.");
  m.def("nondominated_mask", &nondominated_mask, arg("F"), arg("keep_equal"), arg("threads"),
        "Which rows no other row dominates.");
  m.def("dominance_counts", &dominance_counts, arg("F"), arg("threads"),
        "How many rows dominate each row.");
  m.def("crowding_distance", &crowding_distance, arg("F"), arg("ranks"), arg("threads"),
        "Crowding distance of each row within its front.");
  m.def("hypervolume", &hypervolume, arg("F"), arg("ref_point"), arg("threads"),
        "Volume between the rows and the reference point.");
}

}  // namespace pyhwnas::bind
