// From classes to instructions: memory first, then the nodes of every place in order.
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "proxy/tape/place_maker.hpp"
#include "proxy/tape/slot_classes.hpp"
#include "proxy/tape/tape.hpp"

namespace pyhwnas::proxy {
namespace {

void check_places(MatrixView<const std::int32_t> places, const CheckedProgram& program) {
  const auto n_slots = static_cast<std::int64_t>(program.slots.size());
  const auto n_units = static_cast<std::int64_t>(program.units.size());
  if (places.cols() != 2) throw std::invalid_argument("places must have 2 columns: slot and unit");
  for (std::size_t k = 0; k < places.rows(); ++k) {
    const std::int64_t slot = places(k, 0);
    const std::int64_t unit = places(k, 1);
    if (slot >= 0 && slot < n_slots && unit >= 0 && unit < n_units) continue;
    throw std::invalid_argument("places: no unit " + std::to_string(unit) + " in slot " +
                                std::to_string(slot));
  }
}

// The most numbers that a value of this slot takes, tangents included.
std::int64_t size_of(std::int32_t slot, const SlotClasses& classes) {
  std::int64_t most = 0;
  for (const auto& [value, held] : classes) {
    if (value.slot == slot) most = std::max(most, 2 * held.count());
  }
  return most;
}

Tape laid_out(const CheckedProgram& program, MatrixView<const std::int32_t> places,
              const SlotClasses& classes, Weights weights, double weight_gain,
              MemoryPlan::Rounding rounding) {
  Tape tape;
  PlaceMaker maker(program, classes, weights, weight_gain, tape);
  const auto n_slots = static_cast<std::int32_t>(program.slots.size());

  MemoryPlan plan(rounding);
  const std::int64_t input_size = size_of(-1, classes);
  std::vector<std::int64_t> offsets(program.slots.size() + 1);
  offsets.back() = plan.take(std::max<std::int64_t>(input_size, 1));
  tape.input_size = static_cast<std::int32_t>(input_size / 2);
  std::vector<MemoryPlan> plans;  // while the units of a slot run
  for (std::int32_t s = 0; s < n_slots; ++s) {
    const auto at = static_cast<std::size_t>(s);
    offsets[at] = plan.take(std::max<std::int64_t>(size_of(s, classes), 1));
    plans.push_back(plan);
    for (const std::int32_t done : program.slots[at].done) {
      plan.give_back(offsets[static_cast<std::size_t>(done)]);
    }
  }
  tape.slot_offsets.assign(offsets.begin(), offsets.end());
  tape.place_of.assign(program.slots.size() * program.units.size(), -1);
  std::int64_t memory = plan.most();
  for (std::size_t k = 0; k < places.rows(); ++k) {
    const std::int32_t slot = places(k, 0);
    const std::int32_t unit = places(k, 1);
    MemoryPlan own = plans[static_cast<std::size_t>(slot)];
    if (!maker.make(slot, unit, own)) {
      tape.places.push_back({});  // so that places keep their numbers
      continue;
    }
    memory = std::max(memory, own.most());
    const std::size_t cell =
        static_cast<std::size_t>(slot) * program.units.size() + static_cast<std::size_t>(unit);
    tape.place_of[cell] = static_cast<std::int32_t>(tape.places.size()) - 1;
  }
  std::int32_t most_temporaries = 0;
  for (const Place& place : tape.places) {
    most_temporaries = std::max(most_temporaries, place.n_temporaries);
  }
  tape.n_headers = n_slots + 1 + most_temporaries;
  if (memory > std::numeric_limits<std::int32_t>::max()) {
    throw std::invalid_argument("a network of this plan takes more than 2^31 numbers");
  }
  tape.memory = static_cast<std::int32_t>(memory);
  return tape;
}

}  // namespace

Tape make_tape(const CheckedProgram& program, MatrixView<const std::int32_t> places,
               Weights weights, double weight_gain) {
  check_places(places, program);
  const SlotClasses classes = slot_classes(program, places, weights);
  const auto with = [&](MemoryPlan::Rounding rounding) {
    return laid_out(program, places, classes, weights, weight_gain, rounding);
  };
  Tape exact = with(MemoryPlan::Rounding::none);
  Tape rounded = with(MemoryPlan::Rounding::powers_of_two);
  return rounded.memory < exact.memory ? rounded : exact;
}

}  // namespace pyhwnas::proxy
