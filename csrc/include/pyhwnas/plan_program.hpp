// A plan of networks as flat arrays, the form that kernels interpret.
#pragma once

#include <cstdint>
#include <span>

#include "pyhwnas/matrix_view.hpp"

namespace pyhwnas {

enum class Opcode : std::int32_t {
  conv = 0,
  linear = 1,
  batchnorm = 2,
  relu = 3,
  relu6 = 4,
  hswish = 5,
  hsigmoid = 6,
  sigmoid = 7,
  silu = 8,
  gelu = 9,
  maxpool = 10,
  avgpool = 11,         // padding is not counted
  global_avgpool = 12,  // to 1 x 1
  add = 13,
  mul = 14,           // the second operand may be (C, 1, 1)
  concat = 15,        // of channels
  slice = 16,         // the first out_c channels
  crop = 17,          // the last out_h rows and out_w columns
  shuffle = 18,       // the first channel of each of `groups` equal parts, then the second, ...
  channel_conv = 19,  // of a (C, 1, 1) vector along its channels, zero-padded to keep them
};

// A plan as flat arrays: slots, each of which takes a unit; units, each a graph of nodes.
// Offsets hold one entry more than there are things, from 0 to the size of what they cut up.
struct PlanProgram {
  // Per slot, where its inputs come from: an earlier slot, or -1 for the network's input. The last
  // slot is the network's output.
  std::span<const std::int32_t> slot_input_offsets;
  std::span<const std::int32_t> slot_inputs;
  // Per unit its range of nodes. The last node is its output; without nodes, its input 0 is.
  std::span<const std::int32_t> unit_offsets;
  // Per unit its inputs, and their shapes as rows of (C, H, W). Vectors are (C, 1, 1).
  std::span<const std::int32_t> unit_input_offsets;
  MatrixView<const std::int32_t> unit_input_shapes;
  // Rows of (opcode, out_c, out_h, out_w, kernel, stride, padding, groups, dilation, bias); what an
  // operation does not have is ignored.
  MatrixView<const std::int32_t> nodes;
  // Per node its inputs, as values of its unit: first the unit's inputs, then its nodes.
  std::span<const std::int32_t> node_input_offsets;
  std::span<const std::int32_t> node_inputs;
};

inline constexpr std::size_t kNodeColumns = 10;

}  // namespace pyhwnas
