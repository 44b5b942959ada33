// Maps without their repetitions.
//
// The network's input is ones, so a map varies near its borders only: zero padding is all that
// tells one position from another, and a convolution carries it inwards by half a kernel. Between
// them lie equal rows, and equal columns, of which one is stored. An operation on so collapsed a
// map is the same operation on a smaller one: nothing is approximated, not even a bit.
#pragma once

#include <algorithm>
#include <cstdint>

#include "networks/window.hpp"

namespace pyhwnas::proxy {

// Rows, or columns: of `size` positions `stored` are kept, and the one with index `middle` stands
// for all that are left out, which follow it.
struct CollapsedAxis {
  std::int64_t size = 0;
  std::int64_t stored = 0;
  std::int64_t middle = 0;

  static CollapsedAxis constant(std::int64_t size) { return {size, 1, 0}; }

  bool operator==(const CollapsedAxis&) const = default;

  // How many positions the middle stands for.
  std::int64_t repeats() const { return size - stored + 1; }
  std::int64_t repeats(std::int64_t index) const { return index == middle ? repeats() : 1; }
  // One past the last of them.
  std::int64_t middle_end() const { return middle + repeats(); }
  // Where a position is stored, and the first position that an index stands for.
  std::int64_t index(std::int64_t position) const {
    if (position <= middle) return position;
    return position < middle_end() ? middle : position - repeats() + 1;
  }
  std::int64_t position(std::int64_t index) const {
    return index <= middle ? index : index + repeats() - 1;
  }
  // The same axis with more or fewer repetitions of its middle.
  CollapsedAxis resized(std::int64_t new_size) const { return {new_size, stored, middle}; }

  // With the positions from begin up to end equal, if there are any.
  static CollapsedAxis with_equal(std::int64_t size, std::int64_t begin, std::int64_t end) {
    if (end - begin <= 1) return {size, size, std::clamp<std::int64_t>(begin, 0, size - 1)};
    return {size, size - (end - begin) + 1, begin};
  }
};

// What is equal in both.
inline CollapsedAxis common(const CollapsedAxis& a, const CollapsedAxis& b) {
  return CollapsedAxis::with_equal(a.size, std::max(a.middle, b.middle),
                                   std::min(a.middle_end(), b.middle_end()));
}

// The last `size` positions.
inline CollapsedAxis last_of(const CollapsedAxis& axis, std::int64_t size) {
  const std::int64_t gone = axis.size - size;
  return CollapsedAxis::with_equal(size, std::max<std::int64_t>(axis.middle - gone, 0),
                                   std::max<std::int64_t>(axis.middle_end() - gone, 0));
}

// A window slides over an axis: the results, and the smallest size of the input that yields what is
// stored of them when the window slides over that.
struct CollapsedSweep {
  CollapsedAxis out;
  std::int64_t in_size = 0;
};

inline CollapsedSweep sweep(const CollapsedAxis& in, const Window& window) {
  // Most windows have a stride of 1, and three divisions cost as much as a small map.
  const auto strides = [&](std::int64_t n) { return window.stride == 1 ? n : n / window.stride; };
  const std::int64_t padded = in.size + 2 * window.padding;
  const std::int64_t n_out = strides(padded - window.reach()) + 1;
  // Windows that see equal positions only, neither others nor padding. Both dividends are clamped
  // where there is no such window.
  const std::int64_t first = strides(in.middle + window.padding + window.stride - 1);
  const std::int64_t room = in.middle_end() + window.padding - window.reach();
  const std::int64_t last = std::min(room < 0 ? -1 : strides(room), n_out - 1);
  const CollapsedAxis out = CollapsedAxis::with_equal(n_out, first, last + 1);
  return {out, in.size - window.stride * (n_out - out.stored)};
}

}  // namespace pyhwnas::proxy
