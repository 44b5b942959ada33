// The points that rays meet, on the GPU: as csrc/moo/hypervolume/rays.hpp has them, in any order.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "cuda/buffer.hpp"
#include "cuda/hypervolume_approx.hpp"
#include "moo/hypervolume/ray_arithmetic.hpp"

namespace pyhwnas::cuda {

struct RayProblem {
  unsigned n;  // points
  unsigned infinite;
  double mantissa;  // volume of the box around the region: mantissa 2^exponent
  int exponent;
  moo::Gauge gauge;
};

// Of all problems.
struct RayPoints {
  Buffer<RayProblem> problems;
  Buffer<double> stretch;      // longest side / side of point i, objective k: [(p n + i) m + k]
  Buffer<std::uint32_t> rows;  // which row of its problem point i is: [p n + i]

  // The rows within the reference point that at most so many others dominate.
  cudaError_t find(const VolumeProblems& given, std::int32_t most_dominators, moo::Gauge gauge,
                   cudaStream_t stream);
};

}  // namespace pyhwnas::cuda
