#include "proxy/tape/slot_classes.hpp"

#include <algorithm>

namespace pyhwnas::proxy {
namespace {

const Slot& slot_of(const CheckedProgram& program, std::int32_t slot) {
  return program.slots[static_cast<std::size_t>(slot)];
}

// Makes an entry at least as fine as asked for; whether that changed it.
bool refine(SlotClasses& known, const SlotValue& value, const ValueClasses& classes) {
  const auto [found, is_new] = known.try_emplace(value, classes);
  if (is_new) return true;
  ValueClasses finer = common(found->second, classes);
  if (finer == found->second) return false;
  found->second = std::move(finer);
  return true;
}

// Gives all sources of a slot that have this shape the same classes.
bool equalise(const CheckedProgram& program, std::int32_t slot, const Shape& shape,
              SlotClasses& known) {
  const auto sources = slot_of(program, slot).inputs;
  std::vector<SlotClasses::iterator> found;
  for (const std::int32_t source : sources) {
    const auto entry = known.find({source, shape});
    if (entry != known.end()) found.push_back(entry);
  }
  if (found.size() < 2) return false;
  ValueClasses all = found.front()->second;
  for (const auto& entry : found) all = common(all, entry->second);
  bool changed = false;
  for (const auto& entry : found) {
    if (entry->second == all) continue;
    entry->second = all;
    changed = true;
  }
  return changed;
}

}  // namespace

std::vector<ValueClasses> classes_in(const CheckedProgram& program, std::int32_t slot,
                                     std::int32_t unit, const SlotClasses& known, Weights weights) {
  const Unit& there = program.units[static_cast<std::size_t>(unit)];
  std::vector<ValueClasses> values;
  values.reserve(there.inputs.size() + there.nodes.size());
  for (const Shape& shape : there.inputs) {
    const auto sources = slot_of(program, slot).inputs;
    const auto has_shape = [&](std::int32_t source) { return known.contains({source, shape}); };
    const auto source = std::find_if(sources.begin(), sources.end(), has_shape);
    if (source == sources.end()) return {};
    values.push_back(known.at({*source, shape}));
  }
  for (const Node& node : there.nodes) {
    std::vector<const ValueClasses*> inputs;
    for (const std::int32_t value : node.inputs) {
      inputs.push_back(&values[static_cast<std::size_t>(value)]);
    }
    values.push_back(classes_after(node, inputs, weights));
  }
  return values;
}

SlotClasses slot_classes(const CheckedProgram& program, MatrixView<const std::int32_t> places,
                         Weights weights) {
  std::vector<std::pair<std::int32_t, std::int32_t>> sorted;
  for (std::size_t k = 0; k < places.rows(); ++k) sorted.emplace_back(places(k, 0), places(k, 1));
  std::sort(sorted.begin(), sorted.end());

  SlotClasses known;
  // Classes only become finer, so this ends. Most is found in the first pass, from input to output;
  // sources that were made equal afterwards take another.
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [slot, unit] : sorted) {
      const Unit& there = program.units[static_cast<std::size_t>(unit)];
      const auto sources = slot_of(program, slot).inputs;
      for (const Shape& shape : there.inputs) {
        if (std::find(sources.begin(), sources.end(), -1) != sources.end()) {
          changed |= refine(known, {-1, shape}, constant(shape, weights));
        }
        changed |= equalise(program, slot, shape, known);
      }
      const auto values = classes_in(program, slot, unit, known, weights);
      if (values.empty()) continue;
      const auto output = static_cast<std::size_t>(there.output);
      const Shape& shape = output < there.inputs.size()
                               ? there.inputs[output]
                               : there.nodes[output - there.inputs.size()].shape;
      changed |= refine(known, {slot, shape}, values[output]);
    }
  }
  return known;
}

}  // namespace pyhwnas::proxy
