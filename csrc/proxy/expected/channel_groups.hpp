// What the operations on grouped tensors have in common.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "proxy/expected/maps.hpp"
#include "simd/level.hpp"

namespace pyhwnas::proxy {

// Maps whose values may exceed 2^kMaxBound are scaled down; far enough from overflow that products
// and window sums of such maps are safe, and rare enough to cost nothing.
inline constexpr int kMaxBound = 64;

inline int ceil_log2(std::int64_t n) {
  return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(n) - 1));
}

// Divides a map by a power of two where its largest value is far from 1, and returns the exponent:
// exact. The map must not be shared yet.
inline int normalise(const MapRef& map) {
  const std::span values(map.data(), map->stored().area());
  // As integers nonnegative numbers have the same order, and their maximum takes whole registers.
  std::int64_t largest = 0;
  simd::widest([&]() __attribute__((always_inline)) {
    for (const double value : values) {
      const auto bits = std::bit_cast<std::int64_t>(value);
      largest = bits > largest ? bits : largest;
    }
  });
  int exponent = 0;
  std::frexp(std::bit_cast<double>(largest), &exponent);
  const int taken = std::abs(exponent) <= kMaxBound / 2 ? 0 : std::clamp(exponent, -1000, 1000);
  map->bound = exponent - taken;
  if (taken == 0) return 0;
  const double factor = power_of_two(-taken);
  for (double& value : values) value *= factor;
  return taken;
}

inline void normalise_value(ChannelGroup& group) {
  const int exponent = normalise(group.V);
  group.v = group.v.times_power_of_two(exponent);
  group.dv = group.dv.times_power_of_two(exponent);
}

inline void normalise_tangent(ChannelGroup& group) {
  if (!group.D) return;
  group.d = group.d.times_power_of_two(normalise(group.D));
}

// A linear operation whose weights are all w: v' = w v, d' = w (v + d).
inline void pass_weights(ChannelGroup& group, const Scaled& weight) {
  group.dv = weight * (group.v + group.dv);
  group.v = weight * group.v;
  group.d = weight * group.d;
}

inline void scale(ChannelGroup& group, const Scaled& factor) {
  group.v = factor * group.v;
  group.dv = factor * group.dv;
  group.d = factor * group.d;
}

inline double sum_of(const MapRef& map) {
  double sum = 0.0;
  const double* at = map.data();
  for (std::int64_t y = 0; y < map->rows.stored; ++y) {
    double row = 0.0;
    for (std::int64_t x = 0; x < map->columns.stored; ++x) {
      row += static_cast<double>(map->columns.repeats(x)) * *at++;
    }
    sum += static_cast<double>(map->rows.repeats(y)) * row;
  }
  return sum;
}

// Walks through the groups of a tensor channel by channel.
class GroupCursor {
 public:
  explicit GroupCursor(const Tensor& tensor) : group_(tensor.groups.data()) {}

  const ChannelGroup& group() const { return *group_; }
  std::int64_t left() const { return group_->channels - used_; }
  void advance(std::int64_t channels) {
    used_ += channels;
    if (used_ < group_->channels) return;
    ++group_;
    used_ = 0;
  }

 private:
  const ChannelGroup* group_;
  std::int64_t used_ = 0;
};

}  // namespace pyhwnas::proxy
