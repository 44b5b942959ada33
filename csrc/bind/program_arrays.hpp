#pragma once

#include <pybind11/typing.h>

#include "bind/arrays.hpp"
#include "pyhwnas/plan_program.hpp"

namespace pyhwnas::bind {

using Program = py::typing::Tuple<py::array, py::ellipsis>;

// The arrays of a plan, in the order of `PlanProgram`; the kernel checks what they say, since it
// has to take them apart anyway.
struct ProgramArrays {
  py::array slot_input_offsets, slot_inputs, unit_offsets, unit_input_offsets, unit_input_shapes,
      nodes, node_input_offsets, node_inputs;

  static ProgramArrays of(const Program& program) {
    if (program.size() != 8) {
      throw py::value_error("program: expected 8 arrays, got " + std::to_string(program.size()));
    }
    return {program[0], program[1], program[2], program[3],
            program[4], program[5], program[6], program[7]};
  }

  PlanProgram view() const {
    return {
        vector<std::int32_t>(slot_input_offsets, "slot_input_offsets"),
        vector<std::int32_t>(slot_inputs, "slot_inputs"),
        vector<std::int32_t>(unit_offsets, "unit_offsets"),
        vector<std::int32_t>(unit_input_offsets, "unit_input_offsets"),
        matrix<std::int32_t>(unit_input_shapes, "unit_input_shapes"),
        matrix<std::int32_t>(nodes, "nodes"),
        vector<std::int32_t>(node_input_offsets, "node_input_offsets"),
        vector<std::int32_t>(node_inputs, "node_inputs"),
    };
  }
};

}  // namespace pyhwnas::bind
