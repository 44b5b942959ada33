// Sorts and sums over the whole device: CUB, with its scratch memory from the stream.
#pragma once

#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>

#include "cuda/buffer.hpp"
#include "cuda/launch.hpp"

namespace pyhwnas::cuda {

// Stable, by the bits begin_bit .. end_bit - 1 of unsigned keys; n < 2^31. In and out must not
// overlap.
template <class Key, class Value>
cudaError_t sort_pairs(const Key* keys, Key* sorted_keys, const Value* values, Value* sorted_values,
                       std::size_t n, int begin_bit, int end_bit, cudaStream_t stream) {
  const int count = static_cast<int>(n);
  std::size_t bytes = 0;
  PYHWNAS_CUDA_CHECK(cub::DeviceRadixSort::SortPairs(
      nullptr, bytes, keys, sorted_keys, values, sorted_values, count, begin_bit, end_bit, stream));
  Buffer<unsigned char> scratch;
  PYHWNAS_CUDA_CHECK(scratch.allocate(bytes, stream));
  return cub::DeviceRadixSort::SortPairs(scratch.data(), bytes, keys, sorted_keys, values,
                                         sorted_values, count, begin_bit, end_bit, stream);
}

// sums[i] = values[0] + ... + values[i]; n < 2^31. In and out may be the same.
template <class T>
cudaError_t inclusive_sum(const T* values, T* sums, std::size_t n, cudaStream_t stream) {
  const int count = static_cast<int>(n);
  std::size_t bytes = 0;
  PYHWNAS_CUDA_CHECK(cub::DeviceScan::InclusiveSum(nullptr, bytes, values, sums, count, stream));
  Buffer<unsigned char> scratch;
  PYHWNAS_CUDA_CHECK(scratch.allocate(bytes, stream));
  return cub::DeviceScan::InclusiveSum(scratch.data(), bytes, values, sums, count, stream);
}

}  // namespace pyhwnas::cuda
