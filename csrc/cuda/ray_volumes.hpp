// Means of sampled volumes over lattices, and the choice of the ball by a pilot of them: the GPU's
// csrc/moo/hypervolume/ray_lattices.hpp.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "cuda/ray_points.hpp"
#include "moo/hypervolume/ray_schedule.hpp"

namespace pyhwnas::cuda {

struct Moments {
  double mean;
  double mean_square;
};

// moments[p lattices.count + r], with the ball of each problem.
cudaError_t sample_volumes(const VolumeProblems& given, const RayPoints& points,
                           const moo::Lattices& lattices, std::uint64_t stream_of_samples,
                           Moments* moments, cudaStream_t stream);

// Sets the ball of each problem, where there is a pilot.
cudaError_t choose_gauges(const VolumeProblems& given, const RayPoints& points,
                          const moo::Lattices& pilot, std::uint64_t seed, cudaStream_t stream);

}  // namespace pyhwnas::cuda
