// Volume from random rays: the idea stands in csrc/moo/hypervolume/hypervolume_approx.cpp, the cost
// in ray_samples.cuh. Lattices, balls and the order of all sums are the CPU's, and so are the bits.
// The ball is chosen on the device.
#include "cuda/hypervolume_approx.hpp"

#include <cmath>

#include "cuda/launch.hpp"
#include "cuda/ordered.cuh"
#include "cuda/ray_volumes.hpp"

namespace pyhwnas::cuda {
namespace {

constexpr unsigned kThreads = 128;

// A thread for each problem.
__global__ void estimates_kernel(const RayProblem* problems, const Moments* moments,
                                 std::size_t n_problems, std::size_t n_lattices, double* values,
                                 double* errors) {
  const std::size_t p = blockIdx.x * std::size_t{kThreads} + threadIdx.x;
  if (p >= n_problems) return;
  const RayProblem problem = problems[p];
  if (problem.n == 0 || problem.infinite != 0) {
    values[p] = problem.n == 0 ? 0.0 : kInfinity;
    errors[p] = 0.0;
    return;
  }
  moments += p * n_lattices;
  const auto count = static_cast<double>(n_lattices);
  double mean = 0.0;
  for (std::size_t r = 0; r < n_lattices; ++r) mean += moments[r].mean / count;
  double square = 0.0;
  for (std::size_t r = 0; r < n_lattices; ++r) {
    square += (moments[r].mean - mean) * (moments[r].mean - mean);
  }
  const double error = std::sqrt(square / (count - 1.0) / count);
  values[p] = std::ldexp(mean * problem.mantissa, problem.exponent);
  errors[p] = std::ldexp(error * problem.mantissa, problem.exponent);
}

}  // namespace

cudaError_t hypervolume_approx(const VolumeProblems& problems, std::size_t n_samples,
                               std::uint64_t seed, moo::SamplingMethod method, double* values,
                               double* errors, cudaStream_t stream) {
  const bool is_box = method == moo::SamplingMethod::box;
  const moo::Schedule schedule =
      is_box ? moo::schedule_of_box(n_samples) : moo::schedule_of_rays(n_samples);
  RayPoints points;
  PYHWNAS_CUDA_CHECK(
      points.find(problems, 0, is_box ? moo::Gauge::box : moo::pilot_gauge(0), stream));
  PYHWNAS_CUDA_CHECK(choose_gauges(problems, points, schedule.pilot, seed, stream));
  Buffer<Moments> moments;
  const moo::Lattices& lattices = schedule.lattices;
  PYHWNAS_CUDA_CHECK(moments.allocate(problems.count * lattices.count, stream));
  PYHWNAS_CUDA_CHECK(sample_volumes(problems, points, lattices, moo::stream_of_samples(seed),
                                    moments.data(), stream));
  return launch(estimates_kernel, blocks_for(problems.count, kThreads), kThreads, 0, stream,
                points.problems.data(), moments.data(), problems.count, lattices.count, values,
                errors);
}

}  // namespace pyhwnas::cuda
