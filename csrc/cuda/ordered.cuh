// Infinity, and doubles as integers that order as they do, for radix sorts and for atomic minima:
// -0.0 equals 0.0, infinities are the extreme values, NaN is not expected.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <limits>

namespace pyhwnas::cuda {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Ordered = unsigned long long;

inline constexpr Ordered kSignBit = Ordered{1} << 63;

__device__ __forceinline__ Ordered ordered(double value) {
  const auto bits = static_cast<Ordered>(__double_as_longlong(value + 0.0));
  return (bits & kSignBit) != 0 ? ~bits : bits | kSignBit;
}

__device__ __forceinline__ double value_of(Ordered key) {
  return __longlong_as_double(
      static_cast<long long>((key & kSignBit) != 0 ? key & ~kSignBit : ~key));
}

// The same of ranks.
__device__ __forceinline__ std::uint32_t ordered(std::int32_t rank) {
  return static_cast<std::uint32_t>(rank) ^ 0x80000000U;
}

}  // namespace pyhwnas::cuda
