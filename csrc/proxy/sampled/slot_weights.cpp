#include "proxy/sampled/slot_weights.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace pyhwnas::proxy {
namespace {

bool has_weights(const Node& node) {
  return node.op == Opcode::conv || node.op == Opcode::linear || node.op == Opcode::channel_conv;
}

const Shape& shape_of_input(const Unit& unit, const Node& node) {
  const auto value = static_cast<std::size_t>(node.inputs.front());
  return value < unit.inputs.size() ? unit.inputs[value]
                                    : unit.nodes[value - unit.inputs.size()].shape;
}

std::int64_t weight_count(const Node& node, const Shape& in) {
  if (node.op == Opcode::channel_conv) return node.window.kernel;
  return node.shape.channels * (in.channels / node.groups) * node.window.kernel *
         node.window.kernel;
}

std::int64_t bias_count(const Node& node) {
  return node.bias && node.op != Opcode::channel_conv ? node.shape.channels : 0;
}

std::int64_t block_count(std::int64_t group_out) {
  const auto block = static_cast<std::int64_t>(block_size(group_out));
  return (group_out + block - 1) / block;
}

std::int64_t packed_count(const Node& node, const Shape& in) {
  if (node.op == Opcode::channel_conv) return node.window.kernel;
  const std::int64_t group_out = node.shape.channels / node.groups;
  const std::int64_t filter = in.channels / node.groups * node.window.kernel * node.window.kernel;
  // A matrix has one row per input channel.
  const auto block = static_cast<std::int64_t>(block_size(group_out));
  return node.groups * block_count(group_out) * block * filter;
}

template <class T>
void pack_matrix(const float* weights, std::int64_t n_in, std::int64_t n_out, T* packed) {
  const std::int64_t lanes = whole_lines<T>(n_out);
  std::fill_n(packed, n_in * lanes, T(0));
  for (std::int64_t o = 0; o < n_out; ++o) {
    for (std::int64_t i = 0; i < n_in; ++i) packed[i * lanes + o] = *weights++;
  }
}

template <class T>
void pack_filters(const Node& node, const float* weights, std::int64_t filter, T* packed) {
  const std::int64_t group_out = node.shape.channels / node.groups;
  const auto block = static_cast<std::int64_t>(block_size(group_out));
  const std::int64_t group_size = block_count(group_out) * block * filter;
  std::fill_n(packed, node.groups * group_size, T(0));
  for (std::int64_t g = 0; g < node.groups; ++g, packed += group_size) {
    for (std::int64_t o = 0; o < group_out; ++o) {
      T* const first = packed + o / block * block * filter + o % block;
      for (std::int64_t k = 0; k < filter; ++k) first[k * block] = *weights++;
    }
  }
}

[[noreturn]] void fail(std::size_t slot, std::int32_t unit, const std::string& what) {
  throw std::invalid_argument("weights of unit " + std::to_string(unit) + " in slot " +
                              std::to_string(slot) + ": " + what);
}

}  // namespace

bool is_matrix(const Node& node, const Shape& in) {
  return in.height == 1 && in.width == 1 && node.groups == 1 && node.window.keeps_every_pixel();
}

template <class T>
SlotWeights<T>::SlotWeights(const CheckedProgram& program, const SharedWeights& shared)
    : program_(program),
      n_units_(program.units.size()),
      ranges_(program.slots.size() * program.units.size()) {
  const auto is_whole = shared.offsets.size() == shared.places.rows() + 1 &&
                        shared.places.cols() == 2 && shared.offsets.front() == 0 &&
                        shared.offsets.back() == static_cast<std::int64_t>(shared.values.size()) &&
                        std::is_sorted(shared.offsets.begin(), shared.offsets.end());
  if (!is_whole) {
    throw std::invalid_argument(
        "weights must have places (slot, unit) and one more offset than places, from 0 to the "
        "number of values without decrease");
  }
  for (std::size_t k = 0; k < shared.places.rows(); ++k) {
    const std::int32_t slot = shared.places(k, 0);
    const std::int32_t unit = shared.places(k, 1);
    if (slot < 0 || slot >= static_cast<std::int64_t>(program.slots.size()) || unit < 0 ||
        unit >= static_cast<std::int64_t>(n_units_)) {
      throw std::invalid_argument("weights: no unit " + std::to_string(unit) + " in slot " +
                                  std::to_string(slot));
    }
    const auto size = static_cast<std::size_t>(shared.offsets[k + 1] - shared.offsets[k]);
    add(static_cast<std::size_t>(slot), unit,
        shared.values.subspan(static_cast<std::size_t>(shared.offsets[k]), size));
  }
}

template <class T>
void SlotWeights<T>::add(std::size_t slot, std::int32_t id, std::span<const float> values) {
  const Unit& unit = program_.units[static_cast<std::size_t>(id)];
  std::int64_t expected = 0;
  std::int64_t packed_size = 0;
  for (const Node& node : unit.nodes) {
    if (!has_weights(node)) continue;
    const Shape& in = shape_of_input(unit, node);
    expected += weight_count(node, in) + bias_count(node);
    packed_size += size_of(node, in);
  }
  if (static_cast<std::int64_t>(values.size()) != expected) {
    fail(slot, id,
         "expected " + std::to_string(expected) + " values, got " + std::to_string(values.size()));
  }
  if (expected == 0) return;
  Range& range = ranges_[slot * n_units_ + static_cast<std::size_t>(id)];
  range.begin = nodes_.size();
  buffers_.push_back(std::make_unique<Buffer<T>>(packed_size));
  T* packed = buffers_.back()->data();
  const float* from = values.data();
  for (const Node& node : unit.nodes) {
    if (!has_weights(node)) continue;
    const Shape& in = shape_of_input(unit, node);
    const std::int64_t n_weights = weight_count(node, in);
    if (node.op == Opcode::channel_conv) {
      std::copy_n(from, n_weights, packed);
    } else if (is_matrix(node, in)) {
      pack_matrix(from, in.channels, node.shape.channels, packed);
    } else {
      pack_filters(node, from, n_weights / node.shape.channels, packed);
    }
    NodeWeights<T> made{packed, nullptr};
    from += n_weights;
    const std::int64_t n_bias = bias_count(node);
    T* const bias = packed + size_of(node, in) - whole_lines<T>(n_bias);
    std::copy_n(from, n_bias, bias);
    if (std::any_of(bias, bias + n_bias, [](T b) { return b != T(0); })) made.bias = bias;
    from += n_bias;
    packed += size_of(node, in);
    nodes_.push_back(made);
  }
  range.count = nodes_.size() - range.begin;
}

template <class T>
std::int64_t SlotWeights<T>::size_of(const Node& node, const Shape& in) {
  const std::int64_t weights = node.op != Opcode::channel_conv && is_matrix(node, in)
                                   ? in.channels * whole_lines<T>(node.shape.channels)
                                   : packed_count(node, in);
  return whole_lines<T>(weights) + whole_lines<T>(bias_count(node));
}

template <class T>
void SlotWeights<T>::check_complete(MatrixView<const std::int32_t> unit_ids) const {
  std::vector<std::uint8_t> needs(n_units_);
  for (std::size_t u = 0; u < n_units_; ++u) {
    const auto& nodes = program_.units[u].nodes;
    needs[u] = std::any_of(nodes.begin(), nodes.end(), has_weights);
  }
  for (std::size_t i = 0; i < unit_ids.rows(); ++i) {
    for (std::size_t s = 0; s < unit_ids.cols(); ++s) {
      const std::int32_t id = unit_ids(i, s);
      if (id < 0 || needs[static_cast<std::size_t>(id)] == 0 || !of(s, id).empty()) continue;
      fail(s, id, "missing, but row " + std::to_string(i) + " has it");
    }
  }
}

template class SlotWeights<float>;
template class SlotWeights<double>;

}  // namespace pyhwnas::proxy
