// Contributions from random rays: the idea stands in
// csrc/moo/hypervolume/hypervolume_contributions_approx.cpp, the cost in ray_samples.cuh.
//
// Many rays add to one point, and sums of doubles depend on their order. So a block writes down for
// each ray of its part which point it belongs to and how much; then a thread for each point reads
// all of them, in order: n comparisons for each ray where meeting the points took n m products.
// Sums of parts and groups follow in the CPU's order, so the bits are the CPU's.
#include <algorithm>
#include <cmath>

#include "cuda/buffer.hpp"
#include "cuda/hypervolume_approx.hpp"
#include "cuda/launch.hpp"
#include "cuda/ray_samples.cuh"
#include "cuda/ray_volumes.hpp"

namespace pyhwnas::cuda {
namespace {

constexpr unsigned kMostThreads = 256;
constexpr std::size_t kSumsPerLaunch = std::size_t{1} << 25;  // 256 MiB

// The lattices of one launch.
struct Samples {
  unsigned log2_size;
  unsigned part_size;
  unsigned parts;
  std::size_t first;
  std::size_t count;
  std::uint64_t stream;
};

// sums[((p count + r) parts + part) n + i]
template <unsigned width>
__global__ void __launch_bounds__(kMostThreads)
    contributions_kernel(VolumeProblems given, const RayProblem* problems, const double* stretch,
                         Samples samples, double* sums) {
  __shared__ double volumes[moo::kPartSize];
  __shared__ unsigned nearest[moo::kPartSize];
  const unsigned part = blockIdx.x % samples.parts;
  const std::size_t set = blockIdx.x / samples.parts;
  const std::size_t p = set / samples.count;
  const RayProblem problem = problems[p];
  if (problem.n == 0 || problem.infinite != 0) return;

  const std::size_t r = samples.first + set % samples.count;
  const moo::Lattice lattice{problem.gauge, samples.log2_size, moo::mixed(samples.stream + r)};
  const auto m = static_cast<unsigned>(given.m);
  const PointsView points{stretch + p * given.n * m, problem.n, m};
  meet<width, Meeting>(points, lattice, std::uint64_t{part} * samples.part_size, samples.part_size,
                       [&](unsigned ray, double size, const Meeting& meeting) {
                         double behind;
                         double alone;
                         moo::volume_of_ray(problem.gauge, m, size, meeting.second, behind);
                         moo::volume_of_ray(problem.gauge, m, size, meeting.least, alone);
                         volumes[ray] = alone - behind;
                         nearest[ray] = meeting.nearest;
                       });
  __syncthreads();
  for (unsigned i = threadIdx.x; i < problem.n; i += blockDim.x) {
    double sum = 0.0;
    for (unsigned ray = 0; ray < samples.part_size; ++ray) {
      if (nearest[ray] == i) sum += volumes[ray];
    }
    sums[blockIdx.x * given.n + i] = sum;
  }
}

// Adds the lattices of a launch to their groups: means[(p groups.count + g) n + i].
__global__ void add_kernel(const double* sums, const RayProblem* problems, Samples samples,
                           std::size_t n_problems, std::size_t n, moo::Groups groups,
                           double* means) {
  const std::size_t at = blockIdx.x * std::size_t{kMostThreads} + threadIdx.x;
  const std::size_t i = at % n;
  const std::size_t g = at / n % groups.count;
  const std::size_t p = at / n / groups.count;
  if (p >= n_problems || i >= problems[p].n) return;
  const std::size_t end = samples.first + samples.count;
  std::size_t r = g * groups.size;
  if (r < samples.first) r = samples.first;
  double sum = means[at];
  for (; r < (g + 1) * groups.size && r < end; ++r) {
    for (unsigned part = 0; part < samples.parts; ++part) {
      const std::size_t set = (p * samples.count + (r - samples.first)) * samples.parts + part;
      sum += sums[set * n + i];
    }
  }
  means[at] = sum;
}

__global__ void estimates_kernel(const RayProblem* problems, const std::uint32_t* rows,
                                 const double* sums, std::size_t n_problems, std::size_t n,
                                 std::size_t n_groups, double n_rays, double* values,
                                 double* errors, unsigned* is_infinite) {
  const std::size_t at = blockIdx.x * std::size_t{kMostThreads} + threadIdx.x;
  const std::size_t p = at / n;
  const std::size_t i = at % n;
  if (p >= n_problems || i >= problems[p].n) return;
  const RayProblem problem = problems[p];
  if (problem.infinite != 0) *is_infinite = 1;
  const auto count = static_cast<double>(n_groups);
  const auto mean_of = [&](std::size_t g) { return sums[(p * n_groups + g) * n + i] / n_rays; };
  double mean = 0.0;
  for (std::size_t g = 0; g < n_groups; ++g) mean += mean_of(g) / count;
  double square = 0.0;
  for (std::size_t g = 0; g < n_groups; ++g) square += (mean_of(g) - mean) * (mean_of(g) - mean);
  const double error = std::sqrt(square / (count - 1.0) / count);
  values[p * n + rows[at]] = std::ldexp(mean * problem.mantissa, problem.exponent);
  errors[p * n + rows[at]] = std::ldexp(error * problem.mantissa, problem.exponent);
}

cudaError_t sample_groups(const VolumeProblems& given, const RayPoints& points,
                          const moo::Lattices& lattices, const moo::Groups& groups,
                          std::uint64_t stream_of_samples, double* means, cudaStream_t stream) {
  Samples samples{lattices.log2_size,
                  static_cast<unsigned>(lattices.part_size()),
                  static_cast<unsigned>(lattices.parts()),
                  0,
                  0,
                  stream_of_samples};
  const std::size_t total = groups.count * groups.size;
  const std::size_t parts_of_all = given.count * samples.parts;
  const std::size_t most = std::max<std::size_t>(kSumsPerLaunch / (parts_of_all * given.n), 1);
  Buffer<double> sums;
  PYHWNAS_CUDA_CHECK(sums.allocate(std::min(most, total) * parts_of_all * given.n, stream));
  for (; samples.first < total; samples.first += samples.count) {
    samples.count = std::min(most, total - samples.first);
    PYHWNAS_CUDA_CHECK(with_width(given.m, [&](auto width) {
      const RayBlock block = ray_block<width>(given.m, samples.part_size);
      return launch(contributions_kernel<width>,
                    static_cast<unsigned>(parts_of_all * samples.count), block.threads,
                    block.shared_bytes, stream, given, points.problems.data(),
                    points.stretch.data(), samples, sums.data());
    }));
    PYHWNAS_CUDA_CHECK(launch(
        add_kernel, blocks_for(given.count * groups.count * given.n, kMostThreads), kMostThreads, 0,
        stream, sums.data(), points.problems.data(), samples, given.count, given.n, groups, means));
  }
  return cudaSuccess;
}

}  // namespace

cudaError_t hypervolume_contributions_approx(const VolumeProblems& problems, std::size_t n_samples,
                                             std::uint64_t seed, double* values, double* errors,
                                             unsigned* is_infinite, cudaStream_t stream) {
  const std::size_t n_rows = problems.count * problems.n;
  PYHWNAS_CUDA_CHECK(cudaMemsetAsync(is_infinite, 0, sizeof *is_infinite, stream));
  if (n_rows == 0) return cudaSuccess;
  PYHWNAS_CUDA_CHECK(cudaMemsetAsync(values, 0, n_rows * sizeof *values, stream));
  PYHWNAS_CUDA_CHECK(cudaMemsetAsync(errors, 0, n_rows * sizeof *errors, stream));
  const moo::Schedule schedule = moo::schedule_of_rays(n_samples);
  const moo::Groups groups = moo::groups_of(schedule.lattices);
  RayPoints points;
  PYHWNAS_CUDA_CHECK(points.find(problems, 1, moo::pilot_gauge(0), stream));
  PYHWNAS_CUDA_CHECK(choose_gauges(problems, points, schedule.pilot, seed, stream));
  Buffer<double> sums;
  PYHWNAS_CUDA_CHECK(sums.allocate(groups.count * n_rows, stream));
  PYHWNAS_CUDA_CHECK(cudaMemsetAsync(sums.data(), 0, sums.size() * sizeof(double), stream));
  PYHWNAS_CUDA_CHECK(sample_groups(problems, points, schedule.lattices, groups,
                                   moo::stream_of_samples(seed), sums.data(), stream));
  const auto n_rays = static_cast<double>(groups.size * schedule.lattices.size());
  return launch(estimates_kernel, blocks_for(n_rows, kMostThreads), kMostThreads, 0, stream,
                points.problems.data(), points.rows.data(), sums.data(), problems.count, problems.n,
                groups.count, n_rays, values, errors, is_infinite);
}

}  // namespace pyhwnas::cuda
