// Initial weights, made where they are used.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "proxy/hashed_weights.hpp"

namespace pyhwnas::cuda {

enum class Distribution { uniform, normal };

// Tensors as columns; all pointers are to memory of the device.
struct HashedTensors {
  const std::uint64_t* keys;
  const proxy::HashedTensor* tensors;
  const double* scales;         // bound or deviation; 0 makes zeros
  const std::int64_t* offsets;  // n + 1, where each tensor begins
  std::size_t n;
};

// Fills values[offsets[k] ... offsets[k + 1]) with the absolute values of tensor k, ordered by
// (group, input channel, tap, output channel); see proxy/hashed_weights.hpp. O(elements).
cudaError_t absolute_weights(const HashedTensors& tensors, Distribution distribution, float* values,
                             cudaStream_t stream);

}  // namespace pyhwnas::cuda
