#include "networks/plan_program.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace pyhwnas {
namespace {

[[noreturn]] void fail(const std::string& message) {
  throw std::invalid_argument(message);
}

void expect(bool condition, const std::string& where, const char* what) {
  if (!condition) fail(where + ": " + what);
}

// Cuts `values` at `offsets`.
class Ranges {
 public:
  Ranges(std::span<const std::int32_t> offsets, std::size_t size, const char* name)
      : offsets_(offsets) {
    if (offsets.empty() || offsets.front() != 0 ||
        offsets.back() != static_cast<std::int64_t>(size)) {
      fail(std::string(name) + " must go from 0 to " + std::to_string(size));
    }
    if (!std::is_sorted(offsets.begin(), offsets.end())) {
      fail(std::string(name) + " must not decrease");
    }
  }

  std::size_t count() const { return offsets_.size() - 1; }
  std::size_t begin(std::size_t i) const { return static_cast<std::size_t>(offsets_[i]); }
  std::size_t end(std::size_t i) const { return static_cast<std::size_t>(offsets_[i + 1]); }

  std::span<const std::int32_t> of(std::span<const std::int32_t> values, std::size_t i) const {
    return values.subspan(begin(i), end(i) - begin(i));
  }

 private:
  std::span<const std::int32_t> offsets_;
};

bool takes_one_input(Opcode op) {
  return op != Opcode::add && op != Opcode::mul && op != Opcode::concat;
}

Extent windowed(const Node& node, const Shape& input, const std::string& where) {
  const Window& w = node.window;
  expect(w.kernel >= 1 && w.stride >= 1 && w.padding >= 0 && w.dilation >= 1, where,
         "expected kernel, stride and dilation of at least 1 and padding of at least 0");
  const std::int64_t reach = w.reach();
  expect(input.height + 2 * w.padding >= reach && input.width + 2 * w.padding >= reach, where,
         "the window is larger than the padded input");
  return {(input.height + 2 * w.padding - reach) / w.stride + 1,
          (input.width + 2 * w.padding - reach) / w.stride + 1};
}

Shape conv_shape(const Node& node, const Shape& input, const std::string& where) {
  expect(node.groups >= 1 && input.channels % node.groups == 0 &&
             node.shape.channels % node.groups == 0,
         where, "groups must divide the channels of input and output");
  const Extent out = windowed(node, input, where);
  return {node.shape.channels, out.height, out.width};
}

Shape pool_shape(const Node& node, const Shape& input, const std::string& where) {
  expect(node.window.padding <= node.window.reach() / 2, where,
         "padding must be at most half of the window");
  const Extent out = windowed(node, input, where);
  return {input.channels, out.height, out.width};
}

// The shape that the node's operation produces.
Shape derived_shape(const Node& node, std::span<const Shape> inputs, const std::string& where) {
  const Shape& first = inputs.front();
  switch (node.op) {
    case Opcode::conv:
      return conv_shape(node, first, where);
    case Opcode::linear:
      expect(first.height == 1 && first.width == 1, where, "expected a vector (C, 1, 1)");
      return {node.shape.channels, 1, 1};
    case Opcode::maxpool:
      return pool_shape(node, first, where);
    case Opcode::avgpool:
      expect(node.window.dilation == 1, where, "average pooling has no dilation");
      return pool_shape(node, first, where);
    case Opcode::global_avgpool:
      return {first.channels, 1, 1};
    case Opcode::channel_conv:
      expect(first.height == 1 && first.width == 1, where, "expected a vector (C, 1, 1)");
      expect(node.window.kernel >= 1 && node.window.kernel % 2 == 1, where,
             "expected an odd kernel");
      return first;
    case Opcode::add:
      for (const Shape& other : inputs) {
        expect(other == first, where, "inputs must have the same shape");
      }
      return first;
    case Opcode::mul: {
      expect(inputs.size() == 2, where, "expected two inputs");
      const Shape vector{first.channels, 1, 1};
      expect(inputs[1] == first || inputs[1] == vector, where,
             "the second input must have the first one's shape, or be (C, 1, 1)");
      return first;
    }
    case Opcode::concat: {
      Shape sum = first;
      sum.channels = 0;
      for (const Shape& other : inputs) {
        expect(other.extent() == first.extent(), where, "inputs must have the same extent");
        sum.channels += other.channels;
      }
      return sum;
    }
    case Opcode::slice:
      expect(node.shape.channels <= first.channels, where, "the input has fewer channels");
      return {node.shape.channels, first.height, first.width};
    case Opcode::crop:
      expect(node.shape.height >= 1 && node.shape.width >= 1 && node.shape.height <= first.height &&
                 node.shape.width <= first.width,
             where, "the input has fewer rows or columns");
      return {first.channels, node.shape.height, node.shape.width};
    case Opcode::shuffle:
      expect(node.groups >= 1 && first.channels % node.groups == 0, where,
             "groups must divide the channels");
      return first;
    default:
      return first;
  }
}

bool passes_all(Opcode op) {
  return op == Opcode::batchnorm || op == Opcode::relu;
}

Node read_node(std::span<const std::int32_t> row, std::span<const std::int32_t> inputs,
               const std::string& where) {
  expect(row[0] >= 0 && row[0] <= static_cast<std::int32_t>(Opcode::channel_conv), where,
         "unknown opcode");
  expect(!inputs.empty(), where, "expected an input");
  Node node{};
  node.op = static_cast<Opcode>(row[0]);
  node.shape = {row[1], row[2], row[3]};
  node.window = {row[4], row[5], row[6], row[8]};
  node.groups = row[7];
  node.bias = row[9] != 0;
  node.inputs.assign(inputs.begin(), inputs.end());
  if (node.op == Opcode::linear) {  // a convolution of one pixel
    node.window = {1, 1, 0, 1};
    node.groups = 1;
  }
  expect(node.shape.channels >= 1, where, "expected at least one channel");
  expect(!takes_one_input(node.op) || inputs.size() == 1, where, "expected one input");
  return node;
}

// A value of a unit as the program counts them, and its number among those that the unit keeps.
struct Value {
  Shape shape;
  std::int32_t number;
};

// Adds a node to the unit, unless it is dropped, and returns its value.
Value append(Node node, Passing passing, const std::vector<Value>& values, const std::string& where,
             Unit& unit) {
  std::vector<Shape> taken;
  for (std::int32_t& input : node.inputs) {
    expect(input >= 0 && input < static_cast<std::int64_t>(values.size()), where,
           "an input must be an earlier value of the unit");
    const Value& value = values[static_cast<std::size_t>(input)];
    taken.push_back(value.shape);
    input = value.number;
  }
  const Shape derived = derived_shape(node, taken, where);
  if (derived != node.shape) {
    fail(where + ": expected output shape " + to_string(derived) + ", got " +
         to_string(node.shape));
  }
  if (passing == Passing::dropped && passes_all(node.op)) return {derived, node.inputs.front()};
  const std::size_t number = unit.inputs.size() + unit.nodes.size();
  unit.nodes.push_back(std::move(node));
  return {derived, static_cast<std::int32_t>(number)};
}

std::vector<Unit> read_units(const PlanProgram& program, Passing passing) {
  const Ranges nodes(program.unit_offsets, program.nodes.rows(), "unit_offsets");
  const Ranges inputs(program.unit_input_offsets, program.unit_input_shapes.rows(),
                      "unit_input_offsets");
  const Ranges node_inputs(program.node_input_offsets, program.node_inputs.size(),
                           "node_input_offsets");
  expect(inputs.count() == nodes.count(), "unit_input_offsets", "must have one range per unit");
  expect(node_inputs.count() == program.nodes.rows(), "node_input_offsets",
         "must have one range per node");
  expect(program.nodes.cols() == kNodeColumns, "nodes", "must have 10 columns");
  expect(program.unit_input_shapes.cols() == 3, "unit_input_shapes", "must have 3 columns");

  std::vector<Unit> units(nodes.count());
  for (std::size_t u = 0; u < units.size(); ++u) {
    const std::string unit_name = "unit " + std::to_string(u);
    std::vector<Value> values;
    for (std::size_t k = inputs.begin(u); k < inputs.end(u); ++k) {
      const auto row = program.unit_input_shapes[k];
      const Shape shape{row[0], row[1], row[2]};
      expect(row[0] >= 1 && row[1] >= 1 && row[2] >= 1, unit_name, "input shapes must be positive");
      units[u].inputs.push_back(shape);
      values.push_back({shape, static_cast<std::int32_t>(values.size())});
    }
    expect(!values.empty(), unit_name, "expected at least one input");
    for (std::size_t j = nodes.begin(u); j < nodes.end(u); ++j) {
      const std::string where = unit_name + ", node " + std::to_string(j - nodes.begin(u));
      Node node = read_node(program.nodes[j], node_inputs.of(program.node_inputs, j), where);
      values.push_back(append(std::move(node), passing, values, where, units[u]));
      units[u].output = values.back().number;
    }
  }
  return units;
}

std::vector<Slot> read_slots(const PlanProgram& program) {
  const Ranges inputs(program.slot_input_offsets, program.slot_inputs.size(), "slot_input_offsets");
  expect(inputs.count() >= 1, "slot_input_offsets", "expected at least one slot");
  std::vector<Slot> slots(inputs.count());
  // A slot that nobody reads is done at once, except for the output.
  std::vector<std::size_t> last_use(slots.size());
  for (std::size_t s = 0; s < slots.size(); ++s) {
    last_use[s] = s;
    slots[s].inputs = inputs.of(program.slot_inputs, s);
    for (const std::int32_t input : slots[s].inputs) {
      expect(input >= -1 && input < static_cast<std::int64_t>(s), "slot " + std::to_string(s),
             "an input must be an earlier slot, or -1 for the network's input");
      if (input >= 0) last_use[static_cast<std::size_t>(input)] = s;
    }
  }
  for (std::size_t s = 0; s + 1 < slots.size(); ++s) {
    slots[last_use[s]].done.push_back(static_cast<std::int32_t>(s));
  }
  return slots;
}

}  // namespace

std::string to_string(const Shape& shape) {
  std::string text = "(";
  text += std::to_string(shape.channels);
  text += ", ";
  text += std::to_string(shape.height);
  text += ", ";
  text += std::to_string(shape.width);
  text += ")";
  return text;
}

CheckedProgram check_program(const PlanProgram& program, Passing passing) {
  return {read_slots(program), read_units(program, passing)};
}

void check_unit_ids(MatrixView<const std::int32_t> unit_ids, const CheckedProgram& program) {
  if (unit_ids.cols() != program.slots.size()) {
    fail("unit_ids must have one column per slot, " + std::to_string(program.slots.size()) +
         ", got " + std::to_string(unit_ids.cols()));
  }
  const auto n_units = static_cast<std::int64_t>(program.units.size());
  for (std::size_t i = 0; i < unit_ids.rows(); ++i) {
    for (std::size_t s = 0; s < unit_ids.cols(); ++s) {
      const std::int32_t id = unit_ids(i, s);
      if (id >= -1 && id < n_units) continue;
      fail("unit_ids must be -1 or less than " + std::to_string(n_units) + ", got " +
           std::to_string(id) + " in row " + std::to_string(i) + ", column " + std::to_string(s));
    }
  }
}

}  // namespace pyhwnas
