#include "proxy/expected/tensor_algebra.hpp"

#include <algorithm>

#include "proxy/activations.hpp"
#include "proxy/expected/channel_groups.hpp"

namespace pyhwnas::proxy {

ChannelGroup TensorAlgebra::product(const ChannelGroup& a, const ChannelGroup& b) {
  // (v V)(w W), with tangent (dv V + d D) w W + v V (dw W + e E).
  const auto times = [&](const MapRef& first, const MapRef& second) {
    const CollapsedAxis rows = common(first->rows, second->rows);
    const CollapsedAxis columns = common(first->columns, second->columns);
    const MapRef left = with_axes(first, rows, columns);
    const MapRef right = with_axes(second, rows, columns);
    MapRef map = pool_.take(rows, columns);
    map->bound = left->bound + right->bound;
    const std::size_t area = map->stored().area();
    for (std::size_t i = 0; i < area; ++i) map.data()[i] = left.data()[i] * right.data()[i];
    return map;
  };
  ChannelGroup result;
  result.V = times(a.V, b.V);
  result.v = a.v * b.v;
  result.dv = a.dv * b.v + a.v * b.dv;
  if (a.D) sources_.push_back({times(a.D, b.V), a.d * b.v});
  if (b.D) sources_.push_back({times(a.V, b.D), a.v * b.d});
  Source tangent = sum_sources();
  result.D = std::move(tangent.map);
  result.d = tangent.scale;
  normalise_value(result);
  normalise_tangent(result);
  return result;
}

void TensorAlgebra::multiply(const Tensor& first, const Tensor& second, Tensor& out) {
  const bool is_gate = second.shape.extent() != first.shape.extent();
  GroupCursor left(first);
  GroupCursor right(second);
  for (std::int64_t todo = out.shape.channels; todo > 0;) {
    const std::int64_t count = std::min(left.left(), right.left());
    const ChannelGroup& a = left.group();
    const ChannelGroup& b = right.group();
    if (is_gate) {  // one number per channel: scales change, maps stay
      const Scaled gate = b.v * Scaled(*b.V.data());
      Scaled slope = b.dv * Scaled(*b.V.data());
      if (b.D) slope = slope + b.d * Scaled(*b.D.data());
      ChannelGroup result = a;
      scale(result, gate);
      result.dv = result.dv + a.v * slope;
      out.groups.push_back(std::move(result));
    } else {
      out.groups.push_back(product(a, b));
    }
    out.groups.back().channels = count;
    left.advance(count);
    right.advance(count);
    todo -= count;
  }
}

template <class Activation>
ChannelGroup TensorAlgebra::apply(const ChannelGroup& of, const Activation& activation) {
  ChannelGroup group = of;
  align(group);
  const CollapsedAxis& rows = group.V->rows;
  const CollapsedAxis& columns = group.V->columns;
  const std::size_t area = group.V->stored().area();
  // The true magnitude, as far as a double can hold it: past 2^900 every activation is at its
  // limit, and below 2^-900 it is linear or constant.
  const std::int64_t exponent = std::clamp<std::int64_t>(group.v.exponent(), -900, 900);
  const double magnitude = group.v.times_power_of_two(exponent - group.v.exponent()).relative_to(0);
  const std::int64_t tangent_exponent = std::max(group.dv.exponent(), group.d.exponent());
  const double from_value = group.dv.relative_to(tangent_exponent);
  const double from_tangent = group.d.relative_to(tangent_exponent);

  ChannelGroup result;
  result.channels = group.channels;
  result.V = pool_.take(rows, columns);
  result.v = Activation::is_ratio ? group.v : Scaled(1.0);
  result.D = pool_.take(rows, columns);
  result.d = Scaled(1.0).times_power_of_two(tangent_exponent);
  for (std::size_t i = 0; i < area; ++i) {
    const double value = group.V.data()[i];
    const auto [height, slope] = activation(magnitude * value);
    double tangent = from_value * value;
    if (group.D) tangent += from_tangent * group.D.data()[i];
    result.V.data()[i] = Activation::is_ratio ? height * value : height;
    result.D.data()[i] = slope * tangent;
  }
  normalise_value(result);
  normalise_tangent(result);
  return result;
}

void TensorAlgebra::activate(Opcode op, const Tensor& in, Tensor& out) {
  for (const ChannelGroup& group : in.groups) {
    switch (op) {
      case Opcode::relu6:
        // Values below 4 pass unchanged, however small they are.
        out.groups.push_back(group.v.exponent() + group.V->bound <= 2 ? group
                                                                      : apply(group, Relu6{}));
        break;
      case Opcode::hswish:
        out.groups.push_back(apply(group, HardSwish{}));
        break;
      case Opcode::hsigmoid:
        out.groups.push_back(apply(group, HardSigmoid{}));
        break;
      case Opcode::sigmoid:
        out.groups.push_back(apply(group, Sigmoid{}));
        break;
      case Opcode::silu:
        out.groups.push_back(apply(group, Silu{}));
        break;
      case Opcode::gelu:
        out.groups.push_back(apply(group, Gelu{}));
        break;
      default:
        out.groups.push_back(group);
    }
  }
}

}  // namespace pyhwnas::proxy
