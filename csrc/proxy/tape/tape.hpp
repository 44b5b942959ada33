// A plan as a list of instructions on small dense arrays: what a GPU runs for each network.
//
// A value is a pair of arrays [channels][rows][columns] of classes (`Classes`), the values and then
// the tangents. Each has a place in a network's memory, known beforehand, and a header with its
// exponents. Every (slot, unit) pair has instructions of its own; which of them run is what a row
// of unit ids says.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "networks/plan_program.hpp"
#include "proxy/tape/instruction.hpp"
#include "proxy/tape/value_classes.hpp"

namespace pyhwnas::proxy {

struct Tape {
  std::vector<std::int32_t> slot_offsets;  // where each slot's value lies, and last the input's
  std::int32_t input_size = 0;
  std::int32_t memory = 0;     // numbers for one network
  std::int32_t n_headers = 0;  // of slots, the network's input, and the most temporaries of a place
  std::vector<std::int32_t> place_of;  // [slot][unit], -1 where a unit never stands
  std::vector<Place> places;
  std::vector<std::int32_t> input_shapes;
  std::vector<std::int32_t> repeats;
  std::vector<Instruction> instructions;
  std::vector<Constants> constants;
  std::vector<Operand> operands;
  // Results i of an operator have the taps from tap_offsets[first + i] on.
  std::vector<std::int32_t> tap_offsets;
  std::vector<std::int32_t> tap_inputs;
  std::vector<double> tap_weights;
};

// places: rows of (slot, unit), each of them once. Throws std::invalid_argument where a place is
// out of range or a value is too large for 32-bit offsets.
Tape make_tape(const CheckedProgram& program, MatrixView<const std::int32_t> places,
               Weights weights, double weight_gain);

}  // namespace pyhwnas::proxy
