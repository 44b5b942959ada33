#include "proxy/tape/value_classes.hpp"

#include <vector>

namespace pyhwnas::proxy {
namespace {

// Output channels of groups that see equal channels are equal.
Classes convolved_channels(const Node& node, const Classes& in) {
  const std::int64_t group_in = in.size() / node.groups;
  const std::int64_t group_out = node.shape.channels / node.groups;
  std::vector<std::vector<std::int32_t>> seen(static_cast<std::size_t>(node.groups));
  for (std::int64_t c = 0; c < in.size(); ++c) {
    seen[static_cast<std::size_t>(c / group_in)].push_back(in[c]);
  }
  for (auto& group : seen) std::sort(group.begin(), group.end());
  const Classes groups =
      Classes::by(node.groups, [&](std::int64_t g) { return seen[static_cast<std::size_t>(g)]; });
  return Classes::by(node.shape.channels, [&](std::int64_t o) { return groups[o / group_out]; });
}

Classes chosen(const Classes& in, std::int64_t size, std::int64_t first) {
  return Classes::by(size, [&](std::int64_t at) { return in[first + at]; });
}

Classes concatenated(std::span<const ValueClasses* const> inputs, std::int64_t size) {
  std::vector<std::pair<std::size_t, std::int32_t>> keys;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    for (std::int64_t c = 0; c < inputs[k]->channels.size(); ++c) {
      keys.emplace_back(k, inputs[k]->channels[c]);
    }
  }
  return Classes::by(size, [&](std::int64_t c) { return keys[static_cast<std::size_t>(c)]; });
}

ValueClasses windowed(const Node& node, const ValueClasses& in, Taps taps) {
  return {in.channels, windowed(in.rows, node.window, node.shape.height, taps),
          windowed(in.columns, node.window, node.shape.width, taps)};
}

ValueClasses convolved(const Node& node, const ValueClasses& in, Weights weights) {
  ValueClasses out = windowed(node, in, weights == Weights::mean ? Taps::alike : Taps::ordered);
  out.channels = weights == Weights::mean ? convolved_channels(node, in.channels)
                                          : Classes::distinct(node.shape.channels);
  return out;
}

}  // namespace

ValueClasses common(const ValueClasses& a, const ValueClasses& b) {
  return {common(a.channels, b.channels), common(a.rows, b.rows), common(a.columns, b.columns)};
}

ValueClasses constant(const Shape& shape, Weights weights) {
  const bool is_one = weights == Weights::mean;
  return {is_one ? Classes::one(shape.channels) : Classes::distinct(shape.channels),
          Classes::one(shape.height), Classes::one(shape.width)};
}

ValueClasses classes_after(const Node& node, std::span<const ValueClasses* const> inputs,
                           Weights weights) {
  const ValueClasses& first = *inputs.front();
  const Shape& shape = node.shape;
  switch (node.op) {
    case Opcode::conv:
    case Opcode::linear:
      return convolved(node, first, weights);
    case Opcode::channel_conv: {
      if (weights == Weights::given) return first;
      const Window along{node.window.kernel, 1, node.window.kernel / 2, 1};
      return {windowed(first.channels, along, shape.channels, Taps::alike), first.rows,
              first.columns};
    }
    case Opcode::avgpool:
      return windowed(node, first, Taps::alike);
    case Opcode::maxpool:  // the first of equal values gives the tangent
      return windowed(node, first, Taps::ordered);
    case Opcode::global_avgpool:
      return {first.channels, Classes::one(1), Classes::one(1)};
    case Opcode::add: {
      ValueClasses out = first;
      for (const ValueClasses* other : inputs.subspan(1)) out = common(out, *other);
      return out;
    }
    case Opcode::mul: {
      const ValueClasses& second = *inputs[1];
      const bool is_gate =
          second.rows.size() != first.rows.size() || second.columns.size() != first.columns.size();
      if (!is_gate) return common(first, second);
      return {common(first.channels, second.channels), first.rows, first.columns};
    }
    case Opcode::concat: {
      ValueClasses out{concatenated(inputs, shape.channels), first.rows, first.columns};
      for (const ValueClasses* other : inputs.subspan(1)) {
        out.rows = common(out.rows, other->rows);
        out.columns = common(out.columns, other->columns);
      }
      return out;
    }
    case Opcode::slice:
      return {chosen(first.channels, shape.channels, 0), first.rows, first.columns};
    case Opcode::crop:
      return {first.channels, chosen(first.rows, shape.height, first.rows.size() - shape.height),
              chosen(first.columns, shape.width, first.columns.size() - shape.width)};
    case Opcode::shuffle: {
      const std::int64_t part = shape.channels / node.groups;
      const auto from = [&](std::int64_t c) { return c % node.groups * part + c / node.groups; };
      return {Classes::by(shape.channels, [&](std::int64_t c) { return first.channels[from(c)]; }),
              first.rows, first.columns};
    }
    default:
      return first;
  }
}

}  // namespace pyhwnas::proxy
