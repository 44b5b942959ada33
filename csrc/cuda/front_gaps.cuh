// The gap of a row within its front, in one objective: the same steps for fronts of any size.
#pragma once

#include <cuda_runtime.h>

#include <cmath>

#include "cuda/ordered.cuh"

namespace pyhwnas::cuda {

// The first position in [begin, end) at which is_past holds, which then holds for the rest.
template <class IsPast>
__device__ __forceinline__ unsigned first_past(unsigned begin, unsigned end,
                                               const IsPast& is_past) {
  while (begin < end) {
    const unsigned middle = begin + (end - begin) / 2;
    if (is_past(middle)) {
      end = middle;
    } else {
      begin = middle + 1;
    }
  }
  return begin;
}

__device__ __forceinline__ double within(double value, double low, double high) {
  return value < low ? low : value > high ? high : value;
}

// The distance of the row at `position`, so far and with this objective. value(p): ascending for p
// in [begin, end), a front of more than two rows.
template <class Value>
__device__ double with_gap(double distance, unsigned position, unsigned begin, unsigned end,
                           const Value& value) {
  double low = value(begin);
  double high = value(end - 1);
  if (low == high) return distance;
  if (position == begin || position == end - 1) return kInfinity;
  if (std::isinf(low) || std::isinf(high)) {
    // The front's nearest finite values stand for infinite ones.
    const unsigned first =
        first_past(begin, end, [&](unsigned p) { return value(p) > -kInfinity; });
    const unsigned behind =
        first_past(begin, end, [&](unsigned p) { return value(p) == kInfinity; });
    if (first >= behind) return distance;
    low = value(first);
    high = value(behind - 1);
  }
  // Halves where the range would overflow; elsewhere not, as half the least double is none.
  const double scale = std::isinf(high - low) ? 0.5 : 1.0;
  const double range = high * scale - low * scale;
  if (!(range > 0.0)) return distance;
  const double next = within(value(position + 1), low, high);
  const double previous = within(value(position - 1), low, high);
  return distance + (next * scale - previous * scale) / range;
}

}  // namespace pyhwnas::cuda
