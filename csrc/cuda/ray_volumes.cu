#include "cuda/ray_volumes.hpp"

#include <algorithm>

#include "cuda/buffer.hpp"
#include "cuda/launch.hpp"
#include "cuda/ray_samples.cuh"

namespace pyhwnas::cuda {
namespace {

constexpr unsigned kLanes = 8;  // sums that take turns within a part, as on the CPU
constexpr unsigned kMostThreads = 256;
constexpr unsigned kPilots = moo::kPilotGauges;
constexpr std::size_t kPartsPerLaunch = std::size_t{1} << 22;

// Lattices of one or more balls: all of a problem's follow each other, ball after ball.
struct Samples {
  unsigned log2_size;
  unsigned part_size;
  unsigned parts;
  std::size_t first;  // lattice of this launch, and how many it has
  std::size_t count;
  unsigned n_balls;  // 0: the problem's own, from stream[0]
  moo::Gauge gauge[kPilots];
  std::uint64_t stream[kPilots];
};

// Sums over one part of what its rays stand for, and of squares: [(p balls + ball) count + r]
// parts.
template <unsigned width>
__global__ void __launch_bounds__(kMostThreads)
    volumes_kernel(VolumeProblems given, const RayProblem* problems, const double* stretch,
                   Samples samples, Moments* sums) {
  __shared__ double volumes[moo::kPartSize];
  __shared__ double lanes[2 * kLanes];
  const unsigned part = blockIdx.x % samples.parts;
  const std::size_t set = blockIdx.x / samples.parts;
  const std::size_t r = samples.first + set % samples.count;
  const unsigned n_balls = samples.n_balls == 0 ? 1 : samples.n_balls;
  const unsigned ball = static_cast<unsigned>(set / samples.count % n_balls);
  const std::size_t p = set / samples.count / n_balls;
  const RayProblem problem = problems[p];
  if (problem.n == 0 || problem.infinite != 0) return;

  const moo::Gauge gauge = samples.n_balls == 0 ? problem.gauge : samples.gauge[ball];
  const moo::Lattice lattice{gauge, samples.log2_size, moo::mixed(samples.stream[ball] + r)};
  const auto m = static_cast<unsigned>(given.m);
  const PointsView points{stretch + p * given.n * m, problem.n, m};
  meet<width, Reach>(points, lattice, std::uint64_t{part} * samples.part_size, samples.part_size,
                     [&](unsigned ray, double size, const Reach& reach) {
                       moo::volume_of_ray(gauge, m, size, reach.least, volumes[ray]);
                     });
  __syncthreads();
  for (unsigned lane = threadIdx.x; lane < 2 * kLanes; lane += blockDim.x) {
    double sum = 0.0;
    for (unsigned ray = lane % kLanes; ray < samples.part_size; ray += kLanes) {
      sum += lane < kLanes ? volumes[ray] : volumes[ray] * volumes[ray];
    }
    lanes[lane] = sum;
  }
  __syncthreads();
  if (threadIdx.x > 0) return;
  Moments sum{0.0, 0.0};
  const unsigned n_lanes = samples.part_size < kLanes ? samples.part_size : kLanes;
  for (unsigned lane = 0; lane < n_lanes; ++lane) {
    sum.mean += lanes[lane];
    sum.mean_square += lanes[kLanes + lane];
  }
  sums[blockIdx.x] = sum;
}

// moments[(p balls + ball) stride + first + r]
__global__ void means_kernel(const Moments* sums, Samples samples, std::size_t n_sets,
                             std::size_t stride, Moments* moments) {
  const std::size_t set = blockIdx.x * std::size_t{kMostThreads} + threadIdx.x;
  if (set >= n_sets) return;
  Moments all{0.0, 0.0};
  for (unsigned part = 0; part < samples.parts; ++part) {
    all.mean += sums[set * samples.parts + part].mean;
    all.mean_square += sums[set * samples.parts + part].mean_square;
  }
  const auto size = static_cast<double>(std::uint64_t{1} << samples.log2_size);
  moments[set / samples.count * stride + samples.first + set % samples.count] = {
      all.mean / size, all.mean_square / size};
}

// As moo::choose_gauge; an infinite or empty problem keeps what it has.
__global__ void choose_kernel(const Moments* moments, unsigned count, RayProblem* problems) {
  const unsigned p = blockIdx.x * kMostThreads + threadIdx.x;
  if (p >= count || problems[p].n == 0 || problems[p].infinite != 0) return;
  double least = kInfinity;
  for (unsigned ball = 0; ball < kPilots; ++ball) {
    Moments all{0.0, 0.0};
    for (unsigned r = 0; r < moo::kPilotLattices; ++r) {
      const Moments& one = moments[(std::size_t{p} * kPilots + ball) * moo::kPilotLattices + r];
      all.mean += one.mean / static_cast<double>(moo::kPilotLattices);
      all.mean_square += one.mean_square / static_cast<double>(moo::kPilotLattices);
    }
    const double variation = all.mean_square / (all.mean * all.mean);
    if (variation < least) {
      least = variation;
      problems[p].gauge = moo::pilot_gauge(ball);
    }
  }
}

cudaError_t sample(const VolumeProblems& given, const RayPoints& points,
                   const moo::Lattices& lattices, Samples samples, Moments* moments,
                   cudaStream_t stream) {
  if (given.count == 0 || given.n == 0) return cudaSuccess;
  samples.log2_size = lattices.log2_size;
  samples.part_size = static_cast<unsigned>(lattices.part_size());
  samples.parts = static_cast<unsigned>(lattices.parts());
  const std::size_t problems = given.count * std::max(samples.n_balls, 1U);
  const std::size_t parts_of_all = problems * samples.parts;
  const std::size_t most = std::max<std::size_t>(kPartsPerLaunch / parts_of_all, 1);
  Buffer<Moments> sums;
  PYHWNAS_CUDA_CHECK(sums.allocate(std::min(most, lattices.count) * parts_of_all, stream));
  for (samples.first = 0; samples.first < lattices.count; samples.first += samples.count) {
    samples.count = std::min(most, lattices.count - samples.first);
    const std::size_t n_sets = problems * samples.count;
    PYHWNAS_CUDA_CHECK(with_width(given.m, [&](auto width) {
      const RayBlock block = ray_block<width>(given.m, samples.part_size);
      return launch(volumes_kernel<width>, static_cast<unsigned>(n_sets * samples.parts),
                    block.threads, block.shared_bytes, stream, given, points.problems.data(),
                    points.stretch.data(), samples, sums.data());
    }));
    PYHWNAS_CUDA_CHECK(launch(means_kernel, blocks_for(n_sets, kMostThreads), kMostThreads, 0,
                              stream, sums.data(), samples, n_sets, lattices.count, moments));
  }
  return cudaSuccess;
}

}  // namespace

cudaError_t sample_volumes(const VolumeProblems& given, const RayPoints& points,
                           const moo::Lattices& lattices, std::uint64_t stream_of_samples,
                           Moments* moments, cudaStream_t stream) {
  Samples samples{};
  samples.stream[0] = stream_of_samples;
  return sample(given, points, lattices, samples, moments, stream);
}

cudaError_t choose_gauges(const VolumeProblems& given, const RayPoints& points,
                          const moo::Lattices& pilot, std::uint64_t seed, cudaStream_t stream) {
  if (pilot.count == 0) return cudaSuccess;
  Samples samples{};
  samples.n_balls = kPilots;
  for (unsigned ball = 0; ball < kPilots; ++ball) {
    samples.gauge[ball] = moo::pilot_gauge(ball);
    samples.stream[ball] = moo::stream_of_pilot(seed, samples.gauge[ball]);
  }
  Buffer<Moments> moments;
  PYHWNAS_CUDA_CHECK(moments.allocate(given.count * kPilots * pilot.count, stream));
  PYHWNAS_CUDA_CHECK(sample(given, points, pilot, samples, moments.data(), stream));
  return launch(choose_kernel, blocks_for(given.count, kMostThreads), kMostThreads, 0, stream,
                moments.data(), static_cast<unsigned>(given.count), points.problems.data());
}

}  // namespace pyhwnas::cuda
