#include "pyhwnas/peak_memory.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "networks/plan_program.hpp"
#include "require.hpp"

namespace pyhwnas {
namespace {

constexpr std::size_t kRowsPerBlock = 64;
constexpr std::int32_t kNone = -1;

std::int64_t elements(const Shape& shape) {
  return shape.channels * shape.height * shape.width;
}

bool works_in_place(Opcode op) {
  return op >= Opcode::batchnorm && op <= Opcode::gelu;
}

// Lays one network after the other out as a list of operations and runs through it, on one thread.
class Liveness {
 public:
  explicit Liveness(const CheckedProgram& program)
      : program_(program), slot_values_(program.slots.size()) {}

  double peak(std::span<const std::int32_t> ids, std::size_t row) {
    values_.clear();
    steps_.clear();
    operands_.clear();
    input_ = kNone;
    for (std::size_t s = 0; s < ids.size(); ++s) {
      slot_values_[s] = kNone;
      if (ids[s] >= 0 && !lay_out(s, program_.units[static_cast<std::size_t>(ids[s])], row)) {
        return std::numeric_limits<double>::quiet_NaN();
      }
    }
    if (slot_values_.back() == kNone) return std::numeric_limits<double>::quiet_NaN();
    value(slot_values_.back()).last = steps_.size();
    return run();
  }

 private:
  struct Value {
    std::int64_t size;
    Shape shape;
    std::size_t last;  // the last step that reads it
  };

  struct Step {
    std::int32_t result;
    std::size_t operands_begin;
    std::size_t operands_end;
    bool in_place;
  };

  Value& value(std::int32_t number) { return values_[static_cast<std::size_t>(number)]; }

  std::int32_t add_value(const Shape& shape) {
    // Read by nobody yet: gone after the step that is about to write it.
    values_.push_back({elements(shape), shape, steps_.size()});
    return static_cast<std::int32_t>(values_.size() - 1);
  }

  // False where inputs are missing.
  bool lay_out(std::size_t s, const Unit& unit, std::size_t row) {
    unit_values_.clear();
    for (const std::int32_t source : program_.slots[s].inputs) {
      const std::int32_t arriving =
          source < 0 ? network_input(unit) : slot_values_[static_cast<std::size_t>(source)];
      if (arriving == kNone) continue;
      check_input(s, unit, arriving, row);
      unit_values_.push_back(arriving);
    }
    if (unit_values_.size() < unit.inputs.size()) return false;
    for (const Node& node : unit.nodes) {
      const std::int32_t result = add_value(node.shape);
      const std::size_t begin = operands_.size();
      for (const std::int32_t k : node.inputs) {
        const std::int32_t operand = unit_values_[static_cast<std::size_t>(k)];
        operands_.push_back(operand);
        value(operand).last = steps_.size();
      }
      steps_.push_back({result, begin, operands_.size(), works_in_place(node.op)});
      unit_values_.push_back(result);
    }
    slot_values_[s] = unit.nodes.empty() ? unit_values_.front() : unit_values_.back();
    return true;
  }

  // The input has the shape that the first unit to read it takes.
  std::int32_t network_input(const Unit& unit) {
    if (input_ == kNone && unit_values_.size() < unit.inputs.size()) {
      input_ = add_value(unit.inputs[unit_values_.size()]);
    }
    return input_;
  }

  void check_input(std::size_t s, const Unit& unit, std::int32_t arriving, std::size_t row) {
    const std::size_t k = unit_values_.size();
    const std::string where = "unit_ids row " + std::to_string(row) + ": slot " + std::to_string(s);
    if (k == unit.inputs.size()) {
      throw std::invalid_argument(where + " gets more inputs than the " + std::to_string(k) +
                                  " its unit takes");
    }
    if (value(arriving).shape != unit.inputs[k]) {
      throw std::invalid_argument(where + ": input " + std::to_string(k) + " must have shape " +
                                  to_string(unit.inputs[k]) + ", got " +
                                  to_string(value(arriving).shape));
    }
  }

  double run() {
    std::int64_t alive = input_ == kNone ? 0 : value(input_).size;
    std::int64_t peak = alive;
    for (std::size_t t = 0; t < steps_.size(); ++t) {
      const Step& step = steps_[t];
      const auto begin = operands_.begin() + static_cast<std::ptrdiff_t>(step.operands_begin);
      const auto end = operands_.begin() + static_cast<std::ptrdiff_t>(step.operands_end);
      const bool takes_over = step.in_place && value(*begin).last == t;
      alive += takes_over ? 0 : value(step.result).size;
      peak = std::max(peak, alive);
      for (auto operand = begin; operand != end && !takes_over; ++operand) {
        const bool again = std::find(begin, operand, *operand) != operand;
        if (value(*operand).last == t && !again) alive -= value(*operand).size;
      }
      if (value(step.result).last == t) alive -= value(step.result).size;
    }
    return static_cast<double>(peak);
  }

  const CheckedProgram& program_;
  std::vector<std::int32_t> slot_values_;
  std::vector<std::int32_t> unit_values_;
  std::vector<Value> values_;
  std::vector<Step> steps_;
  std::vector<std::int32_t> operands_;
  std::int32_t input_ = kNone;
};

}  // namespace

void peak_memory(const PlanProgram& program, MatrixView<const std::int32_t> unit_ids,
                 std::span<double> peaks, int threads, const Checkpoint& checkpoint) {
  require_size(peaks.size(), "peaks", unit_ids.rows());
  const CheckedProgram checked = check_program(program, Passing::kept);
  check_unit_ids(unit_ids, checked);
  const std::size_t n_blocks = (unit_ids.rows() + kRowsPerBlock - 1) / kRowsPerBlock;
  const auto run_block = [&](std::size_t block, int) {
    Liveness liveness(checked);
    const std::size_t end = std::min(unit_ids.rows(), (block + 1) * kRowsPerBlock);
    for (std::size_t i = block * kRowsPerBlock; i < end; ++i) {
      peaks[i] = liveness.peak(unit_ids[i], i);
    }
  };
  parallel_for(n_blocks, threads, run_block, checkpoint);
}

}  // namespace pyhwnas
