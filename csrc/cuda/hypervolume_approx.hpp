// Volumes and contributions from random samples: the samples, and the bits, that
// pyhwnas/moo/hypervolume.hpp promises for the same seed. F has `count` problems of n rows of m
// doubles without NaN, 1 <= m <= 1000; ref_point has m. All work is queued on the stream; nothing
// waits.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "pyhwnas/moo/hypervolume.hpp"

namespace pyhwnas::cuda {

struct VolumeProblems {
  const double* F;
  std::size_t count;
  std::size_t n;
  std::size_t m;
  const double* ref_point;
};

// One value and standard error for each problem.
cudaError_t hypervolume_approx(const VolumeProblems& problems, std::size_t n_samples,
                               std::uint64_t seed, moo::SamplingMethod method, double* values,
                               double* errors, cudaStream_t stream);

// One for each row. *is_infinite: whether a row is infinitely far from the reference point, which
// leaves its problem's results undefined.
cudaError_t hypervolume_contributions_approx(const VolumeProblems& problems, std::size_t n_samples,
                                             std::uint64_t seed, double* values, double* errors,
                                             unsigned* is_infinite, cudaStream_t stream);

}  // namespace pyhwnas::cuda
