// Which positions of an axis hold equal values, whatever network runs.
//
// The network's input is constant, so positions along an axis differ only by what windows see near
// the borders. Positions that certainly hold equal values form a class; one number stands for all
// of them. A finer division into classes than necessary is always right, so tensors that meet are
// given what is common to them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "networks/window.hpp"

namespace pyhwnas::proxy {

// Classes are numbered in order of first appearance.
class Classes {
 public:
  Classes() = default;

  static Classes one(std::int64_t size) {
    return by(size, [](std::int64_t) { return 0; });
  }
  static Classes distinct(std::int64_t size) {
    return by(size, [](std::int64_t position) { return position; });
  }
  // Positions with equal keys are one class; key(position).
  template <class Key>
  static Classes by(std::int64_t size, const Key& key) {
    Classes made;
    std::map<decltype(key(std::int64_t{0})), std::int32_t> numbers;
    for (std::int64_t at = 0; at < size; ++at) {
      const auto next = static_cast<std::int32_t>(numbers.size());
      const auto [found, is_new] = numbers.try_emplace(key(at), next);
      if (is_new) made.first_.push_back(at);
      made.of_.push_back(found->second);
    }
    return made;
  }

  bool operator==(const Classes& other) const { return of_ == other.of_; }

  std::int64_t size() const { return static_cast<std::int64_t>(of_.size()); }
  std::int32_t count() const { return static_cast<std::int32_t>(first_.size()); }
  std::int32_t operator[](std::int64_t position) const {
    return of_[static_cast<std::size_t>(position)];
  }
  // The first position of a class.
  std::int64_t first(std::int32_t number) const { return first_[static_cast<std::size_t>(number)]; }

 private:
  std::vector<std::int32_t> of_;
  std::vector<std::int64_t> first_;
};

// The coarsest classes that are finer than both.
inline Classes common(const Classes& a, const Classes& b) {
  if (a == b) return a;
  return Classes::by(a.size(), [&](std::int64_t at) { return std::pair(a[at], b[at]); });
}

// The positions under the taps of a window with output index `at`, -1 where they are padding.
inline std::vector<std::int64_t> taps_of(const Window& window, std::int64_t at, std::int64_t size) {
  std::vector<std::int64_t> positions;
  for (std::int64_t k = 0; k < window.kernel; ++k) {
    const std::int64_t position = at * window.stride - window.padding + k * window.dilation;
    positions.push_back(position >= 0 && position < size ? position : -1);
  }
  return positions;
}

// Whether a window tells its taps apart: one that only adds them does not, and what is symmetric
// stays so.
enum class Taps { alike, ordered };

// The classes of what a window makes of an axis.
inline Classes windowed(const Classes& in, const Window& window, std::int64_t n_out, Taps taps) {
  return Classes::by(n_out, [&](std::int64_t at) {
    std::vector<std::int32_t> seen;
    for (const std::int64_t position : taps_of(window, at, in.size())) {
      if (position >= 0) {
        seen.push_back(in[position]);
      } else if (taps == Taps::ordered) {
        seen.push_back(-1);
      }
    }
    if (taps == Taps::alike) std::sort(seen.begin(), seen.end());
    return seen;
  });
}

}  // namespace pyhwnas::proxy
