#include "bind/cuda_modules.hpp"
#include "bind/device_arrays.hpp"
#include "cuda/indicators.hpp"

namespace pyhwnas::bind {
namespace {

DeviceDoubles points(const py::object& array, const char* name, cuda::Rule rule,
                     const Stream& stream) {
  DeviceDoubles values(array, name, {2}, stream, rule);
  if (values.shape()[0] == 0 || values.shape()[1] == 0) {
    throw py::value_error(std::string(name) + " must have rows and columns, got shape " +
                          text_of(values.shape()));
  }
  return values;
}

// An indicator of two sets.
using Indicator = cudaError_t (*)(const cuda::TwoSets&, double*, cudaStream_t);

template <Indicator indicator, cuda::Rule rule>
Result of_two_sets(const py::object& F, const py::object& R, const Stream& stream) {
  const OnDevice device(stream);
  const DeviceDoubles found = points(F, "F", rule, stream);
  const DeviceDoubles reference = points(R, "R", rule, stream);
  if (reference.shape()[1] != found.shape()[1]) {
    throw py::value_error("R must have as many columns as F, " + std::to_string(found.shape()[1]) +
                          ", got " + std::to_string(reference.shape()[1]));
  }
  const auto size = [](const DeviceDoubles& values, std::size_t axis) {
    return static_cast<std::size_t>(values.shape()[axis]);
  };
  const cuda::TwoSets sets{found.data(), size(found, 0), reference.data(), size(reference, 0),
                           size(found, 1)};
  cuda::Buffer<double> result;
  check(result.allocate(1, stream.handle));
  check(indicator(sets, result.data(), stream.handle));
  return Result(std::move(result), {}, stream);
}

}  // namespace

void bind_cuda_indicators(py::module_& m) {
  using cuda::Rule;
  using py::arg;
  m.def("igd", &of_two_sets<&cuda::igd, Rule::kFinite>, arg("F"), arg("R"), arg("stream"),
        "Mean distance of R's rows to F.");
  m.def("igd_plus", &of_two_sets<&cuda::igd_plus, Rule::kFinite>, arg("F"), arg("R"), arg("stream"),
        "Mean distance of R's rows to what F dominates.");
  m.def("epsilon_additive", &of_two_sets<&cuda::epsilon_additive, Rule::kFinite>, arg("F"),
        arg("R"), arg("stream"), "The least shift after which F weakly dominates R.");
  m.def("epsilon_multiplicative", &of_two_sets<&cuda::epsilon_multiplicative, Rule::kPositive>,
        arg("F"), arg("R"), arg("stream"), "The least divisor after which F weakly dominates R.");
}

}  // namespace pyhwnas::bind
