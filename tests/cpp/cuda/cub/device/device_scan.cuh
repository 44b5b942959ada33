// The part of CUB that csrc/cuda uses, on the CPU.
#pragma once

#include <numeric>

#include "cuda_runtime.h"

namespace cub {

struct DeviceScan {
  template <class T>
  static cudaError_t InclusiveSum(void* scratch, std::size_t& bytes, const T* values, T* sums,
                                  int n, cudaStream_t) {
    if (scratch == nullptr) {
      bytes = 1;
      return cudaSuccess;
    }
    std::partial_sum(values, values + n, sums);
    return cudaSuccess;
  }
};

}  // namespace cub
