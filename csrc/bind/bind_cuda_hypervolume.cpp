#include <pybind11/numpy.h>

#include <optional>
#include <utility>

#include "bind/cuda_modules.hpp"
#include "bind/device_arrays.hpp"
#include "cuda/hypervolume_approx.hpp"

namespace pyhwnas::bind {
namespace {

// One point with m coordinates: an array on the GPU, or doubles of numpy, which are copied there.
class ReferencePoint {
 public:
  ReferencePoint(const py::object& values, std::size_t m, const Stream& stream) {
    if (m == 0) throw py::value_error("F must have at least one column, got none");
    if (m > 1000) throw py::value_error("F must have at most 1000 columns, got more");
    if (!py::isinstance<py::array>(values)) {
      there_.emplace(values, "ref_point", std::vector<int>{1}, stream);
      check_size(static_cast<std::size_t>(there_->shape()[0]), m);
      return;
    }
    const auto here = values.cast<py::array_t<double, py::array::c_style>>();
    check_size(static_cast<std::size_t>(here.size()), m);
    for (std::size_t k = 0; k < m; ++k) {
      if (here.data()[k] == here.data()[k]) continue;
      throw py::value_error("ref_point must not hold NaN, got NaN at index " + std::to_string(k));
    }
    check(copy_.allocate(m, stream.handle));
    check(cudaMemcpyAsync(copy_.data(), here.data(), m * sizeof(double), cudaMemcpyHostToDevice,
                          stream.handle));
  }

  const double* data() const { return there_ ? there_->data() : copy_.data(); }

 private:
  static void check_size(std::size_t size, std::size_t expected) {
    if (size == expected) return;
    throw py::value_error("ref_point must have " + std::to_string(expected) + " entries, got " +
                          std::to_string(size));
  }

  std::optional<DeviceDoubles> there_;
  cuda::Buffer<double> copy_;
};

using Estimates = std::pair<Result, Result>;

// Values and standard errors, one for each problem.
Estimates hypervolume_approx(const py::object& F, const py::object& ref_point,
                             std::uint64_t n_samples, std::uint64_t seed, bool box,
                             const Stream& stream) {
  const OnDevice device(stream);
  const DeviceProblems view(F, "F", stream);
  const ReferencePoint reference(ref_point, view.cols, stream);
  cuda::Buffer<double> values, errors;
  check(values.allocate(view.count, stream.handle));
  check(errors.allocate(view.count, stream.handle));
  check(cuda::hypervolume_approx(
      {view.F.data(), view.count, view.rows, view.cols, reference.data()}, n_samples, seed,
      box ? moo::SamplingMethod::box : moo::SamplingMethod::rays, values.data(), errors.data(),
      stream.handle));
  return {Result(std::move(values), view.per_problem(), stream),
          Result(std::move(errors), view.per_problem(), stream)};
}

// The same, one for each row.
Estimates hypervolume_contributions_approx(const py::object& F, const py::object& ref_point,
                                           std::uint64_t n_samples, std::uint64_t seed,
                                           const Stream& stream) {
  const OnDevice device(stream);
  const DeviceProblems view(F, "F", stream);
  const ReferencePoint reference(ref_point, view.cols, stream);
  cuda::Buffer<double> values, errors;
  cuda::Buffer<unsigned> is_infinite;
  check(values.allocate(view.count * view.rows, stream.handle));
  check(errors.allocate(view.count * view.rows, stream.handle));
  check(is_infinite.allocate(1, stream.handle));
  unsigned found = 0;
  {
    const py::gil_scoped_release release;
    check(cuda::hypervolume_contributions_approx(
        {view.F.data(), view.count, view.rows, view.cols, reference.data()}, n_samples, seed,
        values.data(), errors.data(), is_infinite.data(), stream.handle));
    check(cudaMemcpyAsync(&found, is_infinite.data(), sizeof found, cudaMemcpyDeviceToHost,
                          stream.handle));
    check(cudaStreamSynchronize(stream.handle));
  }
  if (found != 0) {
    throw py::value_error("ref_point - F must be finite, got a row that is infinitely far away");
  }
  return {Result(std::move(values), view.per_row(), stream),
          Result(std::move(errors), view.per_row(), stream)};
}

}  // namespace

void bind_cuda_hypervolume(py::module_& m) {
  using py::arg;
  m.def("hypervolume_approx", &hypervolume_approx, arg("F"), arg("ref_point"), arg("n_samples"),
        arg("seed"), arg("box"), arg("stream"), "Volume from random samples, and its error.");
  m.def("hypervolume_contributions_approx", &hypervolume_contributions_approx, arg("F"),
        arg("ref_point"), arg("n_samples"), arg("seed"), arg("stream"),
        "What the volume loses without each row, from random rays, and the errors.");
}

}  // namespace pyhwnas::bind
