#include <utility>

#include "bind/modules.hpp"
#include "bind/problems.hpp"
#include "pyhwnas/moo/hypervolume.hpp"

namespace pyhwnas::bind {
namespace {

std::span<const double> reference_point(const py::array& ref_point, std::size_t n_objectives) {
  const auto reference = vector<double>(ref_point, "ref_point");
  if (n_objectives == 0) throw py::value_error("F must have at least one column, got none");
  check_size(reference, "ref_point", n_objectives);
  check_no_nan(reference, "ref_point");
  return reference;
}

MatrixView<const double> objectives(const py::array& F) {
  const auto view = matrix<double>(F, "F");
  check_row_count(view.rows(), "F");
  check_no_nan(view, "F");
  return view;
}

// One volume for each problem, shape () without a batch.
py::array_t<double> hypervolume(const py::array& F, const py::array& ref_point, Threads threads) {
  const Problems view = problems(F, "F");
  const auto reference = reference_point(ref_point, view.cols);
  py::array_t<double> volumes(view.per_problem());
  {
    const auto out = output(volumes);
    const py::gil_scoped_release release;
    for_each_problem(view, threads,
                     [&](auto matrix, std::size_t p, int n_threads, const Checkpoint& checkpoint) {
                       out[p] = moo::hypervolume(matrix, reference, n_threads, checkpoint);
                     });
  }
  return volumes;
}

py::array_t<double> hypervolume_contributions(const py::array& F, const py::array& ref_point,
                                              Threads threads) {
  const auto view = objectives(F);
  const auto reference = reference_point(ref_point, view.cols());
  py::array_t<double> contributions(F.shape(0));
  {
    const auto out = output(contributions);
    const py::gil_scoped_release release;
    moo::hypervolume_contributions(view, reference, out, threads, poll_signals());
  }
  return contributions;
}

py::array_t<std::int64_t> hypervolume_subset(const py::array& F, py::ssize_t k,
                                             const py::array& ref_point, Threads threads) {
  const auto view = objectives(F);
  const auto reference = reference_point(ref_point, view.cols());
  if (k < 0 || k > F.shape(0)) {
    throw py::value_error("k must be from 0 to the number of rows, " + std::to_string(F.shape(0)) +
                          ", got " + std::to_string(k));
  }
  py::array_t<std::int64_t> chosen(k);
  {
    const auto out = output(chosen);
    const py::gil_scoped_release release;
    moo::hypervolume_subset(view, reference, out, threads, poll_signals());
  }
  return chosen;
}

using Estimates = std::pair<py::array_t<double>, py::array_t<double>>;

// Values and standard errors, one for each problem.
Estimates hypervolume_approx(const py::array& F, const py::array& ref_point,
                             std::uint64_t n_samples, std::uint64_t seed, bool box,
                             Threads threads) {
  const Problems view = problems(F, "F");
  const auto reference = reference_point(ref_point, view.cols);
  Estimates estimates{view.per_problem(), view.per_problem()};
  {
    const auto values = output(estimates.first);
    const auto errors = output(estimates.second);
    const auto method = box ? moo::SamplingMethod::box : moo::SamplingMethod::rays;
    const py::gil_scoped_release release;
    for_each_problem(view, threads,
                     [&](auto matrix, std::size_t p, int n_threads, const Checkpoint& checkpoint) {
                       const moo::Estimate estimate = moo::hypervolume_approx(
                           matrix, reference, n_samples, seed, method, n_threads, checkpoint);
                       values[p] = estimate.value;
                       errors[p] = estimate.standard_error;
                     });
  }
  return estimates;
}

// The same, one for each row.
Estimates hypervolume_contributions_approx(const py::array& F, const py::array& ref_point,
                                           std::uint64_t n_samples, std::uint64_t seed,
                                           Threads threads) {
  const Problems view = problems(F, "F");
  const auto reference = reference_point(ref_point, view.cols);
  Estimates estimates{view.per_row(), view.per_row()};
  {
    const auto values = output(estimates.first);
    const auto errors = output(estimates.second);
    const py::gil_scoped_release release;
    for_each_problem(view, threads,
                     [&](auto matrix, std::size_t p, int n_threads, const Checkpoint& checkpoint) {
                       moo::hypervolume_contributions_approx(
                           matrix, reference, n_samples, seed,
                           values.subspan(p * view.rows, view.rows),
                           errors.subspan(p * view.rows, view.rows), n_threads, checkpoint);
                     });
  }
  return estimates;
}

}  // namespace

void bind_hypervolume(py::module_& m) {
  using py::arg;
  m.def("hypervolume", &hypervolume, arg("F"), arg("ref_point"), arg("threads"),
        "Volume between the rows and the reference point.");
  m.def("hypervolume_contributions", &hypervolume_contributions, arg("F"), arg("ref_point"),
        arg("threads"), "What the volume loses without each row.");
  m.def("hypervolume_subset", &hypervolume_subset, arg("F"), arg("k"), arg("ref_point"),
        arg("threads"), "Rows in the order in which each adds most volume.");
  m.def("hypervolume_approx", &hypervolume_approx, arg("F"), arg("ref_point"), arg("n_samples"),
        arg("seed"), arg("box"), arg("threads"), "Volume from random samples, and its error.");
  m.def("hypervolume_contributions_approx", &hypervolume_contributions_approx, arg("F"),
        arg("ref_point"), arg("n_samples"), arg("seed"), arg("threads"),
        "What the volume loses without each row, from random rays, and the errors.");
}

}  // namespace pyhwnas::bind
