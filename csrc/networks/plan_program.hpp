// A PlanProgram that was checked once, so that running it needs no checks.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "networks/window.hpp"
#include "pyhwnas/plan_program.hpp"

namespace pyhwnas {

struct Shape {
  std::int64_t channels = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;

  bool operator==(const Shape&) const = default;
  Extent extent() const { return {height, width}; }
};

std::string to_string(const Shape& shape);

struct Node {
  Opcode op;
  Shape shape;
  Window window;
  std::int64_t groups;
  bool bias;
  std::vector<std::int32_t> inputs;
};

// Values are numbered through a unit: its inputs, then its nodes.
struct Unit {
  std::vector<Shape> inputs;
  std::vector<Node> nodes;
  std::int32_t output = 0;
};

struct Slot {
  std::span<const std::int32_t> inputs;
  // Slots that no later slot reads: their maps can be reused.
  std::vector<std::int32_t> done;
};

struct CheckedProgram {
  std::vector<Slot> slots;
  std::vector<Unit> units;
};

// Whether operations that pass everything leave a node: batch normalisation, where it is bypassed,
// and relu, where nothing is negative.
enum class Passing { kept, dropped };

// Throws std::invalid_argument. The result refers to the program's arrays.
CheckedProgram check_program(const PlanProgram& program, Passing passing);

// Throws std::invalid_argument unless each row has one unit, or -1, for each slot.
void check_unit_ids(MatrixView<const std::int32_t> unit_ids, const CheckedProgram& program);

}  // namespace pyhwnas
