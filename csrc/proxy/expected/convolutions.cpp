#include "proxy/expected/tensor_algebra.hpp"

#include <algorithm>
#include <cmath>

#include "proxy/expected/channel_groups.hpp"

namespace pyhwnas::proxy {

const FilteredMap& TensorAlgebra::filtered(const MapRef& map, const Window& window, Boxed boxed) {
  for (const FilteredMap& known : map->filtered) {
    if (known.window == window && known.boxed == boxed) return known;
  }
  const CollapsedSweep down = sweep(map->rows, window);
  const CollapsedSweep across = sweep(map->columns, window);
  const Extent from{down.in_size, across.in_size};
  const MapRef in = map->stored() == from ? map : unfolded(map, from.height, from.width);
  MapRef out = pool_.take(down.out, across.out);
  box_filter(in.data(), from, window, boxed, out.data(), out->stored(), row_);
  out->bound = map->bound;
  if (boxed == Boxed::sum) out->bound += 2 * ceil_log2(window.kernel);
  // A stride may step over the largest values, a sum may reach the bound.
  const bool may_leave_range = window.stride > 1 || out->bound > kMaxBound;
  const int exponent = may_leave_range ? normalise(out) : 0;
  return map->filtered.emplace_back(FilteredMap{window, boxed, std::move(out), exponent});
}

ChannelGroup TensorAlgebra::filter(const ChannelGroup& group, const Window& window, Boxed boxed) {
  if (window.keeps_every_pixel()) return group;
  ChannelGroup out = group;
  const FilteredMap& value = filtered(group.V, window, boxed);
  out.V = value.map;
  out.v = out.v.times_power_of_two(value.exponent);
  out.dv = out.dv.times_power_of_two(value.exponent);
  if (group.D) {
    const FilteredMap& tangent = filtered(group.D, window, boxed);
    out.D = tangent.map;
    out.d = out.d.times_power_of_two(tangent.exponent);
  }
  return out;
}

void TensorAlgebra::convolve(const Node& node, const Tensor& in, Tensor& out) {
  const std::int64_t group_in = in.shape.channels / node.groups;
  const std::int64_t group_out = node.shape.channels / node.groups;
  const double fan_in = static_cast<double>(group_in) * static_cast<double>(node.window.kernel) *
                        static_cast<double>(node.window.kernel);
  const Scaled mean(weight_gain_ / std::sqrt(fan_in));

  const auto emit = [&](const ChannelGroup& source, const Scaled& weight, std::int64_t channels) {
    ChannelGroup result = filter(source, node.window, Boxed::sum);
    pass_weights(result, weight);
    if (node.bias) {  // a constant here: its own weight counts in the value, not in the tangent
      terms_.push_back(std::move(result));
      terms_.push_back({0, pool_.ones(out.shape.extent()), {}, mean, {}, {}});
      result = combine();
    }
    result.channels = channels;
    out.groups.push_back(std::move(result));
  };

  GroupCursor cursor(in);
  for (std::int64_t todo = node.groups; todo > 0;) {
    if (cursor.left() >= group_in) {
      // So many convolution groups see equal channels only: they are equal too.
      const std::int64_t count = cursor.left() / group_in;
      emit(cursor.group(), mean * Scaled(static_cast<double>(group_in)), count * group_out);
      cursor.advance(count * group_in);
      todo -= count;
      continue;
    }
    for (std::int64_t missing = group_in; missing > 0;) {
      const std::int64_t count = std::min(missing, cursor.left());
      terms_.push_back(cursor.group());
      scale(terms_.back(), Scaled(static_cast<double>(count)));
      cursor.advance(count);
      missing -= count;
    }
    emit(combine(), mean, group_out);
    --todo;
  }
}

void TensorAlgebra::convolve_channels(const Node& node, const Tensor& in, Tensor& out) {
  const std::int64_t half = node.window.kernel / 2;
  const Scaled mean(weight_gain_ / std::sqrt(static_cast<double>(node.window.kernel)));
  const std::int64_t channels = in.shape.channels;
  GroupCursor first(in);  // at the first channel that the window sees
  for (std::int64_t channel = 0; channel < channels;) {
    const std::int64_t begin = std::max<std::int64_t>(channel - half, 0);
    const std::int64_t end = std::min(channel + half + 1, channels);
    GroupCursor cursor = first;
    for (std::int64_t missing = end - begin; missing > 0;) {
      const std::int64_t count = std::min(missing, cursor.left());
      terms_.push_back(cursor.group());
      scale(terms_.back(), Scaled(static_cast<double>(count)));
      cursor.advance(count);
      missing -= count;
    }
    // A whole window within a group sees the same until it reaches the group's end.
    const bool inside = end - begin == node.window.kernel && terms_.size() == 1;
    const std::int64_t same = inside ? first.left() - node.window.kernel + 1 : 1;
    ChannelGroup result = combine();
    pass_weights(result, mean);
    result.channels = same;
    out.groups.push_back(std::move(result));
    channel += same;
    first.advance(std::max<std::int64_t>(channel - half, 0) - begin);
  }
}

}  // namespace pyhwnas::proxy
