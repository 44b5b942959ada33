// A tape as one run of bytes: kept by Python, and on a GPU after a single copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "proxy/tape/instruction.hpp"
#include "pyhwnas/plan_program.hpp"

namespace pyhwnas::proxy {

struct Tape;

// Pointers into one tape; see `Tape` for what they hold.
struct TapeView {
  std::int32_t n_slots;
  std::int32_t n_units;
  std::int32_t n_places;
  std::int32_t n_headers;
  std::int32_t input_size;
  std::int32_t memory;
  const std::int32_t* slot_input_offsets;
  const std::int32_t* slot_inputs;
  const std::int32_t* slot_offsets;
  const std::int32_t* place_of;
  const Place* places;
  const std::int32_t* input_shapes;
  const std::int32_t* repeats;
  const Instruction* instructions;
  const Constants* constants;
  const Operand* operands;
  const std::int32_t* tap_offsets;
  const std::int32_t* tap_inputs;
  const double* tap_weights;
};

std::vector<std::byte> pack(const Tape& tape, const PlanProgram& program);

// A view of packed bytes that lie at `base`, perhaps on another device. Throws
// std::invalid_argument unless `packed` is what `pack` has made.
TapeView view_of(std::span<const std::byte> packed, const std::byte* base);

}  // namespace pyhwnas::proxy
