#include "bind/modules.hpp"
#include "bind/problems.hpp"
#include "pyhwnas/moo/crowding_distance.hpp"
#include "pyhwnas/moo/dominance.hpp"

namespace pyhwnas::bind {
namespace {

// A kernel that gives each row an integer.
using RowKernel = void (*)(MatrixView<const double>, std::span<std::int32_t>, int,
                           const Checkpoint&);

template <RowKernel kernel>
py::array_t<std::int32_t> integer_per_row(const py::array& F, Threads threads) {
  const Problems view = problems(F, "F");
  py::array_t<std::int32_t> result(view.per_row());
  {
    const auto out = output(result);
    const py::gil_scoped_release release;
    for_each_problem(view, threads,
                     [&](auto matrix, std::size_t p, int n_threads, const Checkpoint& checkpoint) {
                       kernel(matrix, out.subspan(p * view.rows, view.rows), n_threads, checkpoint);
                     });
  }
  return result;
}

py::array_t<bool> nondominated_mask(const py::array& F, bool keep_equal, Threads threads) {
  const Problems view = problems(F, "F");
  py::array_t<bool> mask(view.per_row());
  {
    // numpy stores a bool as one byte that is 0 or 1.
    const std::span out(reinterpret_cast<std::uint8_t*>(mask.mutable_data()),
                        view.count * view.rows);
    const py::gil_scoped_release release;
    for_each_problem(view, threads,
                     [&](auto matrix, std::size_t p, int n_threads, const Checkpoint& checkpoint) {
                       moo::nondominated_mask(matrix, keep_equal,
                                              out.subspan(p * view.rows, view.rows), n_threads,
                                              checkpoint);
                     });
  }
  return mask;
}

// ranks: as F, less the last axis.
py::array_t<double> crowding_distance(const py::array& F, const py::array& ranks, Threads threads) {
  const Problems view = problems(F, "F");
  check_layout<std::int32_t>(ranks, "ranks", view.is_batch ? 2 : 1);
  const std::span fronts(static_cast<const std::int32_t*>(ranks.data()),
                         static_cast<std::size_t>(ranks.size()));
  check_shape(ranks, "ranks", view.per_row());
  py::array_t<double> distances(view.per_row());
  {
    const auto out = output(distances);
    const py::gil_scoped_release release;
    for_each_problem(view, threads,
                     [&](auto matrix, std::size_t p, int n_threads, const Checkpoint& checkpoint) {
                       moo::crowding_distance(matrix, fronts.subspan(p * view.rows, view.rows),
                                              out.subspan(p * view.rows, view.rows), n_threads,
                                              checkpoint);
                     });
  }
  return distances;
}

}  // namespace

void bind_dominance(py::module_& m) {
  using py::arg;
  m.def("nondominated_sort", &integer_per_row<&moo::nondominated_sort>, arg("F"), arg("threads"),
        "Front index of each row.");
  m.def("dominance_degree_sort", &integer_per_row<&moo::dominance_degree_sort>, arg("F"),
        arg("threads"), "Front index of each row, by dominance degrees.");
  m.def("dominance_counts", &integer_per_row<&moo::dominance_counts>, arg("F"), arg("threads"),
        "How many rows dominate each row.");
  m.def("nondominated_mask", &nondominated_mask, arg("F"), arg("keep_equal"), arg("threads"),
        "Which rows no other row dominates.");
  m.def("crowding_distance", &crowding_distance, arg("F"), arg("ranks"), arg("threads"),
        "Crowding distance of each row within its front.");
}

}  // namespace pyhwnas::bind
