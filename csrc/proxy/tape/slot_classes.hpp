// The classes of what slots hold: one division for a slot and a shape, whichever unit made it.
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "networks/plan_program.hpp"
#include "proxy/tape/value_classes.hpp"

namespace pyhwnas::proxy {

// (slot, shape), where the slot is -1 for the network's input.
struct SlotValue {
  std::int32_t slot;
  Shape shape;

  bool operator<(const SlotValue& other) const {
    const auto key = [](const SlotValue& v) {
      return std::tuple(v.slot, v.shape.channels, v.shape.height, v.shape.width);
    };
    return key(*this) < key(other);
  }
};

using SlotClasses = std::map<SlotValue, ValueClasses>;

// The classes of a unit's inputs and nodes, in order, given those of its slot's sources. Empty
// where no source has the shape of an input: the unit can never run there.
std::vector<ValueClasses> classes_in(const CheckedProgram& program, std::int32_t slot,
                                     std::int32_t unit, const SlotClasses& known, Weights weights);

// places: rows of (slot, unit). A slot's sources of one shape have the same classes, so it does not
// matter which of them are present.
SlotClasses slot_classes(const CheckedProgram& program, MatrixView<const std::int32_t> places,
                         Weights weights);

}  // namespace pyhwnas::proxy
