// The instructions of one unit in one slot.
#pragma once

#include <array>
#include <map>
#include <span>
#include <vector>

#include "proxy/tape/axis_operator.hpp"
#include "proxy/tape/memory_plan.hpp"
#include "proxy/tape/slot_classes.hpp"
#include "proxy/tape/tape.hpp"

namespace pyhwnas::proxy {

class PlaceMaker {
 public:
  // Writes into `tape`; the other arguments must outlive it.
  PlaceMaker(const CheckedProgram& program, const SlotClasses& classes, Weights weights,
             double weight_gain, Tape& tape)
      : program_(program),
        classes_(classes),
        weights_(weights),
        weight_gain_(weight_gain),
        tape_(tape) {}

  // Appends a place; false, and nothing is appended, where the unit can never run there.
  // `memory` is what is taken while the slot's units run.
  bool make(std::int32_t slot, std::int32_t unit, MemoryPlan& memory);

 private:
  // A value of the unit: where it lies, and its classes.
  struct Value {
    Operand operand;
    ValueClasses classes;
  };
  // What a linear operation does along channels, rows and columns.
  using Operators = std::array<AxisOperator, 3>;

  void make_node(const Node& node, const Value& target);
  void make_linear(const Node& node, const Value& target);
  void make_convolution(const Node& node, const Value& target);
  void make_channel_convolution(const Node& node, const Value& target);
  void make_join(const Node& node, const Value& target);
  void make_max_pool(const Node& node, const Value& target);
  void make_activation(const Node& node, const Value& target);
  void make_product(const Node& node, const Value& target);

  // The same value with other, finer classes.
  Value as(const Value& value, const ValueClasses& classes);
  Value copied(const Value& value, const ValueClasses& classes);
  void contract(const Value& from, const Operators& operators, const Value& target,
                Constants constants, bool has_weights);
  Operators operators_of(const Node& node, const ValueClasses& in, const ValueClasses& out) const;

  Value temporary(const ValueClasses& classes);
  const Value& input_of(const Node& node, std::size_t k = 0) const {
    return values_[static_cast<std::size_t>(node.inputs[k])];
  }
  Instruction begin(Action action, const Value& target);
  void append(Instruction instruction, std::span<const Operand> operands,
              const Constants& constants);
  std::int32_t number_of(const AxisOperator& taps);
  void set_output(std::int32_t slot, const Shape& shape, Place& place);
  std::int32_t number_of(const Shape& shape);

  const CheckedProgram& program_;
  const SlotClasses& classes_;
  Weights weights_;
  double weight_gain_;
  Tape& tape_;
  std::map<AxisOperator, std::int32_t> operators_;
  std::vector<Shape> shapes_;
  // Of the place that is being made.
  MemoryPlan* memory_ = nullptr;
  std::vector<Value> values_;
  std::vector<std::int64_t> copies_;  // blocks that the next node alone reads
  std::int32_t n_temporaries_ = 0;
  std::int32_t n_weights_ = 0;
};

}  // namespace pyhwnas::proxy
