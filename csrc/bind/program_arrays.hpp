#pragma once

#include "bind/arrays.hpp"
#include "pyhwnas/plan_program.hpp"

namespace pyhwnas::bind {

// The arrays of a plan; the kernel checks what they say, since it has to take them apart anyway.
struct ProgramArrays {
  py::array slot_input_offsets, slot_inputs, unit_offsets, unit_input_offsets, unit_input_shapes,
      nodes, node_input_offsets, node_inputs;

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
