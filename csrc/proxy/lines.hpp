// Rows by whole lines of the cache.
#pragma once

#include <cstdint>
#include <cstring>

#include "proxy/collapsed_axis.hpp"
#include "proxy/line_vector.hpp"

namespace pyhwnas::proxy {

// Planes begin at a line of the cache and hold whole lines, so that loops run over whole vectors.
template <class T>
inline constexpr std::int64_t kLineLanes = kLineBytes / sizeof(T);

template <class T>
std::int64_t whole_lines(std::int64_t lanes) {
  return (lanes + kLineLanes<T> - 1) / kLineLanes<T> * kLineLanes<T>;
}

// Copies by whole lines: up to a line past both ends is read and overwritten, so what lies there is
// written afterwards. Rows are short, and a call of memmove takes longer.
template <class T>
[[gnu::always_inline]] inline void copy_lanes(const T* from, std::int64_t count, T* to) {
  for (std::int64_t i = 0; i < count; i += kLineLanes<T>) {
    std::memcpy(to + i, from + i, kLineBytes);
  }
}

// Writes all positions of an axis; overwrites as copy_lanes does.
template <class T>
[[gnu::always_inline]] inline void expand_row(const T* stored, const CollapsedAxis& axis, T* to) {
  if (axis.size == axis.stored) return copy_lanes(stored, axis.size, to);
  copy_lanes(stored, axis.middle, to);
  const T equal = stored[axis.middle];
  for (std::int64_t i = axis.middle; i < axis.middle_end(); i += kLineLanes<T>) {
    for (std::int64_t k = 0; k < kLineLanes<T>; ++k) to[i + k] = equal;
  }
  copy_lanes(stored + axis.middle + 1, axis.size - axis.middle_end(), to + axis.middle_end());
}

}  // namespace pyhwnas::proxy
