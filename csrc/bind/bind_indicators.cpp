#include "bind/arrays.hpp"
#include "bind/modules.hpp"
#include "pyhwnas/moo/indicators.hpp"

namespace pyhwnas::bind {
namespace {

MatrixView<const double> points(const py::array& array, const char* name) {
  const auto view = matrix<double>(array, name);
  if (view.rows() == 0 || view.cols() == 0) {
    throw py::value_error(std::string(name) + " must have rows and columns, got shape " +
                          shape_of(array));
  }
  check_no_nan(view, name);
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
double of_two_sets(const py::array& F, const py::array& R, int threads) {
  const auto found = points(F, "F");
  const auto reference = points(R, "R");
  check_columns(reference, "R", found.cols());
  check_threads(threads);
  const py::gil_scoped_release release;
  return indicator(found, reference, threads, poll_signals());
}

double r2(const py::array& F, const py::array& ideal, const py::array& weights, int threads) {
  const auto found = points(F, "F");
  const auto ideal_point = vector<double>(ideal, "ideal");
  check_size(ideal_point, "ideal", found.cols());
  check_no_nan(ideal_point, "ideal");
  const auto directions = points(weights, "weights");
  check_columns(directions, "weights", found.cols());
  check_threads(threads);
  const py::gil_scoped_release release;
  return moo::r2(found, ideal_point, directions, threads, poll_signals());
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
  m.def("epsilon_multiplicative", &of_two_sets<&moo::epsilon_multiplicative>, arg("F"), arg("R"),
        arg("threads"), "The least divisor after which F weakly dominates R.");
  m.def("r2", &r2, arg("F"), arg("ideal"), arg("weights"), arg("threads"),
        "Mean over the weights of the least weighted distance from the ideal point.");
}

}  // namespace pyhwnas::bind
