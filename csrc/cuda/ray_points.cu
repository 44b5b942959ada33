#include "cuda/ray_points.hpp"

#include <cmath>

#include "cuda/dominance.hpp"
#include "cuda/launch.hpp"
#include "cuda/ordered.cuh"
#include "cuda/small_problems.hpp"

namespace pyhwnas::cuda {
namespace {

constexpr unsigned kThreads = 256;

struct Problem {
  const double* rows;
  std::size_t number;
  unsigned row;  // of this thread
  bool is_within;
};

// Blocks of rows, problem after problem.
__device__ Problem problem_of(const VolumeProblems& given, const std::uint8_t* mask) {
  const auto n = static_cast<unsigned>(given.n);
  const unsigned blocks = (n + kThreads - 1) / kThreads;
  Problem problem{};
  problem.number = blockIdx.x / blocks;
  problem.row = blockIdx.x % blocks * kThreads + threadIdx.x;
  problem.rows = given.F + problem.number * n * given.m;
  problem.is_within = problem.row < n && mask[problem.number * n + problem.row] != 0;
  for (std::size_t k = 0; k < given.m && problem.is_within; ++k) {
    problem.is_within = problem.rows[problem.row * given.m + k] < given.ref_point[k];
  }
  return problem;
}

// longest[p m + k]: bits of the longest side, which order as positive numbers do.
__global__ void longest_kernel(VolumeProblems given, const std::uint8_t* mask, Ordered* longest) {
  const Problem problem = problem_of(given, mask);
  for (std::size_t k = 0; k < given.m; ++k) {
    double side = 0.0;
    if (problem.is_within) side = given.ref_point[k] - problem.rows[problem.row * given.m + k];
    for (int distance = 16; distance > 0; distance /= 2) {
      const double other = __shfl_xor_sync(0xffffffffU, side, distance);
      side = other > side ? other : side;
    }
    if (threadIdx.x % 32 == 0 && side > 0.0) {
      atomicMax(longest + problem.number * given.m + k,
                static_cast<Ordered>(__double_as_longlong(side)));
    }
  }
}

__device__ double side_of(Ordered bits) {
  return __longlong_as_double(static_cast<long long>(bits));
}

__global__ void problems_kernel(const Ordered* longest, unsigned count, unsigned m,
                                moo::Gauge gauge, RayProblem* problems) {
  const unsigned p = blockIdx.x * kThreads + threadIdx.x;
  if (p >= count) return;
  RayProblem problem{0, 0, 1.0, 0, gauge};
  for (unsigned k = 0; k < m; ++k) {
    const double side = side_of(longest[std::size_t{p} * m + k]);
    problem.infinite |= static_cast<unsigned>(std::isinf(side));
    int exponent = 0;
    int carry = 0;
    problem.mantissa = std::frexp(problem.mantissa * std::frexp(side, &exponent), &carry);
    problem.exponent += exponent + carry;
  }
  problems[p] = problem;
}

// Points are in no certain order; nothing that follows depends on it.
__global__ void points_kernel(VolumeProblems given, const std::uint8_t* mask,
                              const Ordered* longest, RayProblem* problems, double* stretch,
                              std::uint32_t* rows) {
  const Problem problem = problem_of(given, mask);
  if (!problem.is_within) return;
  const std::size_t at = problem.number * given.n + atomicAdd(&problems[problem.number].n, 1U);
  rows[at] = problem.row;
  for (std::size_t k = 0; k < given.m; ++k) {
    const double side = given.ref_point[k] - problem.rows[problem.row * given.m + k];
    stretch[at * given.m + k] = side_of(longest[problem.number * given.m + k]) / side;
  }
}

__global__ void few_kernel(const std::int32_t* dominators, std::size_t size, std::int32_t most,
                           std::uint8_t* mask) {
  const std::size_t i = blockIdx.x * std::size_t{kThreads} + threadIdx.x;
  if (i < size) mask[i] = dominators[i] <= most;
}

// The rows that no other dominates, one of equal ones.
cudaError_t mark_front(const VolumeProblems& given, std::uint8_t* mask, cudaStream_t stream) {
  if (given.n <= kMostSmallRows) {
    return nondominated_mask({given.F, given.count, given.n, given.m}, false, mask, stream);
  }
  for (std::size_t p = 0; p < given.count; ++p) {
    PYHWNAS_CUDA_CHECK(nondominated_mask(given.F + p * given.n * given.m, given.n, given.m, false,
                                         mask + p * given.n, stream));
  }
  return cudaSuccess;
}

// The rows that at most so many others dominate.
cudaError_t mark_few(const VolumeProblems& given, std::int32_t most, std::uint8_t* mask,
                     cudaStream_t stream) {
  Buffer<std::int32_t> counts;
  PYHWNAS_CUDA_CHECK(counts.allocate(given.count * given.n, stream));
  if (given.n <= kMostSmallRows) {
    PYHWNAS_CUDA_CHECK(
        dominance_counts({given.F, given.count, given.n, given.m}, counts.data(), stream));
  } else {
    for (std::size_t p = 0; p < given.count; ++p) {
      PYHWNAS_CUDA_CHECK(dominance_counts(given.F + p * given.n * given.m, given.n, given.m,
                                          counts.data() + p * given.n, stream));
    }
  }
  return launch(few_kernel, blocks_for(counts.size(), kThreads), kThreads, 0, stream, counts.data(),
                counts.size(), most, mask);
}

}  // namespace

cudaError_t RayPoints::find(const VolumeProblems& given, std::int32_t most_dominators,
                            moo::Gauge gauge, cudaStream_t stream) {
  Buffer<std::uint8_t> mask;
  Buffer<Ordered> longest;
  PYHWNAS_CUDA_CHECK(mask.allocate(given.count * given.n, stream));
  PYHWNAS_CUDA_CHECK(longest.allocate(given.count * given.m, stream));
  PYHWNAS_CUDA_CHECK(problems.allocate(given.count, stream));
  PYHWNAS_CUDA_CHECK(stretch.allocate(given.count * given.n * given.m, stream));
  PYHWNAS_CUDA_CHECK(rows.allocate(given.count * given.n, stream));
  if (given.count == 0) return cudaSuccess;
  PYHWNAS_CUDA_CHECK(most_dominators == 0 ? mark_front(given, mask.data(), stream)
                                          : mark_few(given, most_dominators, mask.data(), stream));
  PYHWNAS_CUDA_CHECK(cudaMemsetAsync(longest.data(), 0, longest.size() * sizeof(Ordered), stream));
  const auto blocks = static_cast<unsigned>(given.count * blocks_for(given.n, kThreads));
  PYHWNAS_CUDA_CHECK(
      launch(longest_kernel, blocks, kThreads, 0, stream, given, mask.data(), longest.data()));
  PYHWNAS_CUDA_CHECK(launch(problems_kernel, blocks_for(given.count, kThreads), kThreads, 0, stream,
                            longest.data(), static_cast<unsigned>(given.count),
                            static_cast<unsigned>(given.m), gauge, problems.data()));
  return launch(points_kernel, blocks, kThreads, 0, stream, given, mask.data(), longest.data(),
                problems.data(), stretch.data(), rows.data());
}

}  // namespace pyhwnas::cuda
