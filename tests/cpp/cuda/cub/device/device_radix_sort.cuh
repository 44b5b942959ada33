// The part of CUB that csrc/cuda uses, on the CPU.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "cuda_runtime.h"

namespace cub {

struct DeviceRadixSort {
  template <class Key, class Value>
  static cudaError_t SortPairs(void* scratch, std::size_t& bytes, const Key* keys, Key* sorted_keys,
                               const Value* values, Value* sorted_values, int n, int begin_bit,
                               int end_bit, cudaStream_t) {
    static_assert(std::is_unsigned_v<Key>);
    if (scratch == nullptr) {
      bytes = 1;
      return cudaSuccess;
    }
    const int bits = end_bit - begin_bit;
    const auto wanted = bits == 8 * sizeof(Key) ? static_cast<Key>(~Key{0})
                                                : static_cast<Key>((Key{1} << bits) - 1);
    const auto key_of = [&](int i) { return static_cast<Key>(keys[i] >> begin_bit) & wanted; };
    std::vector<int> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return key_of(a) < key_of(b); });
    for (int i = 0; i < n; ++i) {
      sorted_keys[i] = keys[order[static_cast<std::size_t>(i)]];
      sorted_values[i] = values[order[static_cast<std::size_t>(i)]];
    }
    return cudaSuccess;
  }
};

}  // namespace cub
