#include "proxy/tape/place_maker.hpp"

#include <algorithm>

namespace pyhwnas::proxy {
namespace {

// 2^32 / divisor, rounded up: the high half of its product with an index is their quotient, as long
// as both are at most 2^16.
std::uint32_t reciprocal(std::int32_t divisor, std::int64_t most) {
  constexpr std::int64_t kMost = std::int64_t{1} << 16;
  if (divisor <= 1 || most > kMost) return 0;
  return static_cast<std::uint32_t>(
      ((std::uint64_t{1} << 32) + static_cast<std::uint64_t>(divisor) - 1) /
      static_cast<std::uint64_t>(divisor));
}

// Of each value of a unit, the number of the last one that reads it, or its own.
std::vector<std::size_t> last_uses(const Unit& unit) {
  std::vector<std::size_t> last(unit.inputs.size() + unit.nodes.size());
  for (std::size_t value = 0; value < last.size(); ++value) {
    last[value] = value;
    if (value < unit.inputs.size()) continue;
    for (const std::int32_t input : unit.nodes[value - unit.inputs.size()].inputs) {
      last[static_cast<std::size_t>(input)] = value;
    }
  }
  return last;
}

// The classes of some of an axis's positions.
Classes part_of(const Classes& whole, std::int64_t first, std::int64_t size) {
  return Classes::by(size, [&](std::int64_t at) { return whole[first + at]; });
}

}  // namespace

bool PlaceMaker::make(std::int32_t slot, std::int32_t unit_id, MemoryPlan& memory) {
  const Unit& unit = program_.units[static_cast<std::size_t>(unit_id)];
  const std::vector<ValueClasses> natural = classes_in(program_, slot, unit_id, classes_, weights_);
  if (natural.empty()) return false;
  const std::size_t n_inputs = unit.inputs.size();
  const auto output = static_cast<std::size_t>(unit.output);
  const Shape& shape =
      output < n_inputs ? unit.inputs[output] : unit.nodes[output - n_inputs].shape;

  Place place{};
  place.first_instruction = static_cast<std::int32_t>(tape_.instructions.size());
  place.first_shape = static_cast<std::int32_t>(tape_.input_shapes.size());
  place.n_inputs = static_cast<std::int32_t>(n_inputs);
  for (const Shape& input : unit.inputs) tape_.input_shapes.push_back(number_of(input));
  memory_ = &memory;
  n_temporaries_ = 0;
  n_weights_ = 0;
  values_.clear();
  for (std::size_t k = 0; k < n_inputs; ++k) {
    const auto size = static_cast<std::int32_t>(natural[k].count());
    values_.push_back({{static_cast<std::int32_t>(k), 0, 0, size, 0}, natural[k]});
  }
  const ValueClasses& held = classes_.at({slot, shape});
  const Value result{{-1, tape_.slot_offsets[static_cast<std::size_t>(slot)], slot,
                      static_cast<std::int32_t>(held.count()), 0},
                     held};
  const std::vector<std::size_t> last_use = last_uses(unit);
  for (std::size_t j = 0; j < unit.nodes.size(); ++j) {
    const std::size_t number = n_inputs + j;
    const Value target = number == output ? result : temporary(natural[number]);
    make_node(unit.nodes[j], target);
    values_.push_back(target);
    for (const std::int64_t block : copies_) memory_->give_back(block);
    copies_.clear();
    for (std::size_t k = n_inputs; k <= number; ++k) {
      if (last_use[k] == number && k != output) memory_->give_back(values_[k].operand.offset);
    }
  }
  if (output < n_inputs) {
    const Value& passed = values_[output];
    contract(passed, operators_of({Opcode::relu, shape, {}, 1, false, {}}, passed.classes, held),
             result, {1.0, 0.0}, false);
  }
  place.n_instructions =
      static_cast<std::int32_t>(tape_.instructions.size()) - place.first_instruction;
  place.n_temporaries = n_temporaries_;
  place.n_weights = n_weights_;
  set_output(slot, shape, place);
  tape_.places.push_back(place);
  return true;
}

void PlaceMaker::make_node(const Node& node, const Value& target) {
  switch (node.op) {
    case Opcode::conv:
    case Opcode::linear:
      return weights_ == Weights::mean ? make_linear(node, target) : make_convolution(node, target);
    case Opcode::channel_conv:
      return weights_ == Weights::mean ? make_linear(node, target)
                                       : make_channel_convolution(node, target);
    case Opcode::add:
    case Opcode::concat:
      return make_join(node, target);
    case Opcode::mul:
      return make_product(node, target);
    case Opcode::maxpool:
      return make_max_pool(node, target);
    case Opcode::relu6:
    case Opcode::hswish:
    case Opcode::hsigmoid:
    case Opcode::sigmoid:
    case Opcode::silu:
    case Opcode::gelu:
      return make_activation(node, target);
    default:  // pools that average, and what chooses channels or pixels
      return make_linear(node, target);
  }
}

PlaceMaker::Value PlaceMaker::temporary(const ValueClasses& classes) {
  const auto header = static_cast<std::int32_t>(program_.slots.size()) + 1 + n_temporaries_++;
  const auto size = static_cast<std::int32_t>(classes.count());
  const auto offset = static_cast<std::int32_t>(memory_->take(2 * classes.count()));
  return {{-1, offset, header, size, 0}, classes};
}

PlaceMaker::Value PlaceMaker::as(const Value& value, const ValueClasses& classes) {
  return value.classes == classes ? value : copied(value, classes);
}

void PlaceMaker::make_join(const Node& node, const Value& target) {
  std::vector<Operand> operands;
  std::int64_t first_channel = 0;
  std::int32_t at = 0;
  for (std::size_t k = 0; k < node.inputs.size(); ++k) {
    const Value& input = input_of(node, k);
    ValueClasses needed = target.classes;
    if (node.op == Opcode::concat) {
      const std::int64_t channels = input.classes.channels.size();
      needed.channels = part_of(target.classes.channels, first_channel, channels);
      first_channel += channels;
    }
    operands.push_back(as(input, needed).operand);
    operands.back().begin = at;
    if (node.op == Opcode::concat) at += operands.back().size;
  }
  append(begin(Action::join, target), operands, {1.0, 0.0});
}

void PlaceMaker::make_max_pool(const Node& node, const Value& target) {
  const ValueClasses& arriving = input_of(node).classes;
  const Value input =
      as(input_of(node), {target.classes.channels, arriving.rows, arriving.columns});
  const Operand operand = input.operand;
  Instruction made = begin(Action::max_pool, target);
  made.in_rows = input.classes.rows.count();
  made.in_columns = input.classes.columns.count();
  made.row_kernel = static_cast<std::int32_t>(node.window.kernel);
  made.column_kernel = made.row_kernel;
  made.taps = number_of(listing(input.classes.rows, target.classes.rows, node.window));
  made.column_taps = number_of(listing(input.classes.columns, target.classes.columns, node.window));
  append(made, std::span(&operand, 1), {1.0, 0.0});
}

void PlaceMaker::make_activation(const Node& node, const Value& target) {
  const Operand operand = as(input_of(node), target.classes).operand;
  Instruction made = begin(Action::activate, target);
  made.activation = static_cast<std::int32_t>(node.op);
  append(made, std::span(&operand, 1), {1.0, 0.0});
}

void PlaceMaker::make_product(const Node& node, const Value& target) {
  const Value& second = input_of(node, 1);
  ValueClasses gate{target.classes.channels, second.classes.rows, second.classes.columns};
  const bool is_gate = second.classes.rows.size() != target.classes.rows.size() ||
                       second.classes.columns.size() != target.classes.columns.size();
  const std::array operands{as(input_of(node), target.classes).operand,
                            as(second, is_gate ? gate : target.classes).operand};
  append(begin(Action::multiply, target), operands, {1.0, 0.0});
}

Instruction PlaceMaker::begin(Action action, const Value& target) {
  Instruction made{};
  made.action = static_cast<std::int32_t>(action);
  made.out = target.operand.offset;
  made.header = target.operand.header;
  made.outer = target.classes.channels.count();
  made.n_out = target.classes.rows.count();
  made.inner = target.classes.columns.count();
  made.taps = -1;
  made.column_taps = -1;
  made.bias = -1;
  return made;
}

void PlaceMaker::append(Instruction instruction, std::span<const Operand> operands,
                        const Constants& constants) {
  instruction.first_operand = static_cast<std::int32_t>(tape_.operands.size());
  instruction.n_operands = static_cast<std::int32_t>(operands.size());
  const std::int64_t size = std::int64_t{instruction.outer} * instruction.n_out * instruction.inner;
  instruction.per_inner = reciprocal(instruction.inner, size);
  instruction.per_n_out = reciprocal(instruction.n_out, size);
  tape_.operands.insert(tape_.operands.end(), operands.begin(), operands.end());
  tape_.instructions.push_back(instruction);
  tape_.constants.push_back(constants);
}

std::int32_t PlaceMaker::number_of(const AxisOperator& taps) {
  const auto next = static_cast<std::int32_t>(tape_.tap_offsets.size());
  const auto [found, is_new] = operators_.try_emplace(taps, next);
  if (is_new) {
    const auto first = static_cast<std::int32_t>(tape_.tap_inputs.size());
    for (const std::int32_t offset : taps.offsets) tape_.tap_offsets.push_back(first + offset);
    tape_.tap_inputs.insert(tape_.tap_inputs.end(), taps.inputs.begin(), taps.inputs.end());
    tape_.tap_weights.insert(tape_.tap_weights.end(), taps.weights.begin(), taps.weights.end());
  }
  return found->second;
}

void PlaceMaker::set_output(std::int32_t slot, const Shape& shape, Place& place) {
  place.out_shape = number_of(shape);
  place.first_repeat = -1;
  if (slot + 1 != static_cast<std::int32_t>(program_.slots.size())) return;
  const ValueClasses& held = classes_.at({slot, shape});
  place.first_repeat = static_cast<std::int32_t>(tape_.repeats.size());
  place.channels = held.channels.count();
  place.rows = held.rows.count();
  place.columns = held.columns.count();
  for (const Classes* axis : {&held.channels, &held.rows, &held.columns}) {
    const std::size_t first = tape_.repeats.size();
    tape_.repeats.resize(first + static_cast<std::size_t>(axis->count()));
    for (std::int64_t at = 0; at < axis->size(); ++at) {
      ++tape_.repeats[first + static_cast<std::size_t>((*axis)[at])];
    }
  }
}

std::int32_t PlaceMaker::number_of(const Shape& shape) {
  const auto number = std::find(shapes_.begin(), shapes_.end(), shape) - shapes_.begin();
  if (number == std::ssize(shapes_)) shapes_.push_back(shape);
  return static_cast<std::int32_t>(number);
}

}  // namespace pyhwnas::proxy
