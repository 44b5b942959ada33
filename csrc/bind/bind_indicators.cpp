#include <utility>

#include "bind/arrays.hpp"
#include "bind/modules.hpp"
#include "pyhwnas/moo/covered.hpp"
#include "pyhwnas/moo/indicators.hpp"

namespace pyhwnas::bind {
namespace {

MatrixView<const double> points(const py::array& array, const char* name) {
  const auto view = matrix<double>(array, name);
  if (view.rows() == 0 || view.cols() == 0) {
    throw py::value_error(std::string(name) + " must have rows and columns, got shape " +
                          shape_of(array));
  }
  check_row_count(view.rows(), name);
  // Distances between infinite values are not defined.
  check_values(view, name, "be finite", [](double x) { return std::isfinite(x); });
  return view;
}

void check_columns(MatrixView<const double> values, const char* name, std::size_t expected) {
  if (values.cols() != expected) {
    throw py::value_error(std::string(name) + " must have as many columns as F, " +
                          std::to_string(expected) + ", got " + std::to_string(values.cols()));
  }
}

// An indicator of two sets.
using Indicator = double (*)(MatrixView<const double>, MatrixView<const double>, int,
                             const Checkpoint&);

template <Indicator indicator>
double of_two_sets(const py::array& F, const py::array& R, Threads threads) {
  const auto found = points(F, "F");
  const auto reference = points(R, "R");
  check_columns(reference, "R", found.cols());
  const py::gil_scoped_release release;
  return indicator(found, reference, threads, poll_signals());
}

double epsilon_multiplicative(const py::array& F, const py::array& R, Threads threads) {
  const auto positive_points = [](const py::array& array, const char* name) {
    const auto view = points(array, name);
    check_values(view, name, "be positive", [](double x) { return x > 0.0; });
    return view;
  };
  const auto found = positive_points(F, "F");
  const auto reference = positive_points(R, "R");
  check_columns(reference, "R", found.cols());
  const py::gil_scoped_release release;
  return moo::epsilon_multiplicative(found, reference, threads, poll_signals());
}

double r2(const py::array& F, const py::array& ideal, const py::array& weights, Threads threads) {
  const auto found = points(F, "F");
  const auto ideal_point = vector<double>(ideal, "ideal");
  check_size(ideal_point, "ideal", found.cols());
  check_finite(ideal_point, "ideal");
  const auto directions = points(weights, "weights");
  check_values(directions, "weights", "not be negative", [](double x) { return x >= 0.0; });
  check_columns(directions, "weights", found.cols());
  const py::gil_scoped_release release;
  return moo::r2(found, ideal_point, directions, threads, poll_signals());
}

// Which rows of F some row of R dominates or equals. Both may be empty.
py::array_t<bool> covered(const py::array& F, const py::array& R, Threads threads) {
  const auto rows = matrix<double>(F, "F");
  const auto covering = matrix<double>(R, "R");
  check_columns(covering, "R", rows.cols());
  for (const auto& [view, name] : {std::pair{rows, "F"}, std::pair{covering, "R"}}) {
    check_row_count(view.rows(), name);
    check_no_nan(view, name);
  }
  py::array_t<bool> mask(F.shape(0));
  {
    // numpy stores a bool as one byte that is 0 or 1.
    const std::span out(reinterpret_cast<std::uint8_t*>(mask.mutable_data()), rows.rows());
    const py::gil_scoped_release release;
    moo::covered(rows, covering, out, threads, poll_signals());
  }
  return mask;
}

}  // namespace

void bind_indicators(py::module_& m) {
  using py::arg;
  m.def("igd", &of_two_sets<&moo::igd>, arg("F"), arg("R"), arg("threads"),
        "Mean distance of R's rows to F.");
  m.def("igd_plus", &of_two_sets<&moo::igd_plus>, arg("F"), arg("R"), arg("threads"),
        "Mean distance of R's rows to what F dominates.");
  m.def("epsilon_additive", &of_two_sets<&moo::epsilon_additive>, arg("F"), arg("R"),
        arg("threads"), "The least shift after which F weakly dominates R.");
  m.def("epsilon_multiplicative", &epsilon_multiplicative, arg("F"), arg("R"), arg("threads"),
        "The least divisor after which F weakly dominates R.");
  m.def("covered", &covered, arg("F"), arg("R"), arg("threads"),
        "Which rows of F some row of R dominates or equals.");
  m.def("r2", &r2, arg("F"), arg("ideal"), arg("weights"), arg("threads"),
        "Mean over the weights of the least weighted distance from the ideal point.");
}

}  // namespace pyhwnas::bind
