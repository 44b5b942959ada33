#include "proxy/expected/tensor_algebra.hpp"

#include <algorithm>
#include <cmath>

#include "proxy/expected/channel_groups.hpp"

namespace pyhwnas::proxy {

MapRef TensorAlgebra::filter_map(const MapRef& map, const Window& window, Boxed boxed, Extent from,
                                 Extent to) {
  if (!map) return {};
  MapRef out = pool_.take(to.area());
  box_filter(map.data(), from, window, boxed, out.data(), to, row_);
  out->bound = map->bound;
  if (boxed == Boxed::sum) out->bound += 2 * ceil_log2(window.kernel);
  return out;
}

ChannelGroup TensorAlgebra::filter(const ChannelGroup& group, const Window& window, Boxed boxed,
                                   Extent from, Extent to) {
  if (window.keeps_every_pixel()) return group;
  ChannelGroup out = group;
  out.V = filter_map(group.V, window, boxed, from, to);
  out.D = filter_map(group.D, window, boxed, from, to);
  // A stride may step over the largest values, a sum may reach the bound.
  if (window.stride > 1 || out.V->bound > kMaxBound) normalise_value(out);
  if (out.D && (window.stride > 1 || out.D->bound > kMaxBound)) normalise_tangent(out);
  return out;
}

void TensorAlgebra::convolve(const Node& node, const Tensor& in, Tensor& out) {
  const std::int64_t group_in = in.shape.channels / node.groups;
  const std::int64_t group_out = node.shape.channels / node.groups;
  const double fan_in = static_cast<double>(group_in) * static_cast<double>(node.window.kernel) *
                        static_cast<double>(node.window.kernel);
  const Scaled mean(weight_gain_ / std::sqrt(fan_in));
  const Extent from = in.shape.extent();
  const Extent to = out.shape.extent();

  const auto emit = [&](const ChannelGroup& source, const Scaled& weight, std::int64_t channels) {
    ChannelGroup result = filter(source, node.window, Boxed::sum, from, to);
    pass_weights(result, weight);
    if (node.bias) {  // a constant here: its own weight counts in the value, not in the tangent
      terms_.push_back(std::move(result));
      terms_.push_back({0, pool_.ones(to.area()), {}, mean, {}, {}});
      result = combine(to.area());
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
    emit(combine(from.area()), mean, group_out);
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
    ChannelGroup result = combine(1);
    pass_weights(result, mean);
    result.channels = same;
    out.groups.push_back(std::move(result));
    channel += same;
    first.advance(std::max<std::int64_t>(channel - half, 0) - begin);
  }
}

}  // namespace pyhwnas::proxy
