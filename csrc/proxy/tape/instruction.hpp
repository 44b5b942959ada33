// What a tape consists of: plain structures that are copied to a GPU as bytes.
#pragma once

#include <cstdint>

namespace pyhwnas::proxy {

// Whether all weights of an operation are alike (their mean), so that channels are equal too, or
// each has its own value.
enum class Weights { mean, given };

enum class Action : std::int32_t {
  contract = 0,  // out[outer][i][inner] = sum over taps of i of weight * in[outer][tap][inner]
  join = 1,      // sum of operands, each over a range of channels: addition and concatenation
  max_pool = 2,
  activate = 3,
  multiply = 4,  // the second operand may have one pixel
  convolve = 5,  // with given weights
};

struct Instruction {
  std::int32_t action;
  std::int32_t activation;  // an Opcode
  std::int32_t first_operand;
  std::int32_t n_operands;
  std::int32_t out;     // where its values begin
  std::int32_t header;  // number of its header
  std::int32_t outer;
  std::int32_t n_in;
  std::int32_t n_out;
  std::int32_t inner;
  // 2^32 / n_out and 2^32 / inner, rounded up, with which indices are taken apart; 0 where a
  // division has to do it.
  std::uint32_t per_n_out;
  std::uint32_t per_inner;
  // Numbers of the first rows of taps; -1 where each result has its own input alone.
  std::int32_t taps;
  std::int32_t column_taps;
  // contract: whether these are weights, along which the tangent is taken.
  std::int32_t has_weights;
  // Windows, where outer are the channels of the result, n_out its rows and inner its columns: rows
  // and columns of the input, and taps each way.
  std::int32_t in_rows;
  std::int32_t in_columns;
  std::int32_t row_kernel;
  std::int32_t column_kernel;
  // convolve: channels of input and output of one group, and where the place's weights hold its
  // own; -1 without a bias.
  std::int32_t groups;
  std::int32_t group_in;
  std::int32_t group_out;
  std::int32_t weights;
  std::int32_t bias;
};

// Numbers beside an instruction: sums are multiplied by `factor`, then `bias` is added to values.
struct Constants {
  double factor;
  double bias;
};

struct Operand {
  std::int32_t input;   // of the unit, or -1: a value of the unit itself, which lies at
  std::int32_t offset;  // this place
  std::int32_t header;
  std::int32_t size;  // of its values; its tangents follow
  // join: where in the result it begins.
  std::int32_t begin;
};

// A unit in a slot.
struct Place {
  std::int32_t first_instruction;
  std::int32_t n_instructions;
  std::int32_t n_temporaries;  // headers past those of slots
  std::int32_t n_weights;      // where they are given
  std::int32_t first_shape;    // of its inputs, in `input_shapes`
  std::int32_t n_inputs;
  std::int32_t out_shape;
  // As the network's output: how many entries each number stands for, along channels, rows and
  // columns, one after the other in `repeats`.
  std::int32_t first_repeat;
  std::int32_t channels;
  std::int32_t rows;
  std::int32_t columns;
};

}  // namespace pyhwnas::proxy
