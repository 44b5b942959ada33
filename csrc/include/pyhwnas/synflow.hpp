// Synflow of a population of networks: of networks with given weights, and its expectation over
// random weights in closed form.
//
// Synflow (Tanaka et al. 2020, arXiv:2006.05467; as a score for architectures: Abdelfattah et al.
// 2021, arXiv:2101.08134) is the sum over weights of w dR/dw, with w the absolute weights and R the
// sum of the outputs for an input of ones. That sum is the derivative of R(t w) at t = 1, so one
// forward pass of pairs (value, tangent) yields it: for a linear operation W the pair (v, d)
// becomes (W v, W (v + d)). With independent weights of known mean, its expectation is the same
// recursion with each weight replaced by its mean, weight_gain / sqrt(fan_in). The gain is 1/2 for
// |w| uniform on [0, 1 / sqrt(fan_in)] and 2 / sqrt(pi) for He's normal weights. All channels of a
// convolution's output are then equal, so a tensor is a short list of channel groups with one map
// each, and a convolution is a box filter.
//
// The expectation is exact where no weight occurs twice on a path and every operation is linear.
// Gates, smooth activations and maximum pooling act on the expected values: an approximation.
// Batch normalisation is bypassed.
#pragma once

#include <cstdint>
#include <span>

#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"
#include "pyhwnas/plan_program.hpp"

namespace pyhwnas::proxy {

// scores[i] = ln of the expected Synflow of the network with unit unit_ids(i, s) in slot s, where
// -1 leaves the slot out. The inputs of a slot's unit are the present ones among the slot's inputs,
// in order. -inf where a present slot has fewer of them than its unit takes, where the last slot
// is absent, or where no weight lies on a path to the output. Biases have the mean of the weights
// beside them and are constants: their own weight counts in the value, not in the tangent.
// Nothing overflows or underflows: scales are kept apart from maps, with exponents of 64 bits.
// A row's score depends on that row alone, to the bit; rows that are alike are scored once.
// O(what differs within the pixels of all maps x kernel width) time per distinct row.
// Throws std::invalid_argument where weight_gain is not positive and finite, the program is
// inconsistent, an id is out of range, or a slot gets more inputs than its unit takes, or inputs of
// another shape.
void synflow_expected(const PlanProgram& program, MatrixView<const std::int32_t> unit_ids,
                      double weight_gain, std::span<double> scores, int threads,
                      const Checkpoint& checkpoint = {});

// Absolute weights of units in their places. Row k of `places` is a (slot, unit) pair, no pair
// twice; its values are cut out by `offsets` and hold, for each node with weights in order, the
// weights as (output channel, input channel of the group, row, column) and then, with a bias, one
// value per output channel. Weights along the channels are (kernel).
struct SharedWeights {
  MatrixView<const std::int32_t> places;
  std::span<const std::int64_t> offsets;
  std::span<const float> values;
};

// float32 is exact to about 1e-6 of the score, which is far below what another seed changes.
enum class Precision { float32, float64 };

// scores[i] = ln of the Synflow of the network with unit unit_ids(i, s) in slot s and the weights
// that this unit has in this slot. Rows, absent slots and -inf are as in synflow_expected. Exact:
// gates, smooth activations and pooling act on the very values; a maximum takes the tangent of the
// first of equal values in row order. Biases are constants. Values must be finite and not negative.
//
// Each row passes once through its network, value and tangent side by side under the same weights.
// Scores have the same bits for any number of threads, at all vector levels and whatever other rows
// there are; rows that are alike are scored once. O(multiply-accumulates of what differs within
// each map) time per distinct row.
// Throws std::invalid_argument as synflow_expected does, and where weights are missing or have a
// size that does not fit.
void synflow(const PlanProgram& program, MatrixView<const std::int32_t> unit_ids,
             const SharedWeights& weights, Precision precision, std::span<double> scores,
             int threads, const Checkpoint& checkpoint = {});

}  // namespace pyhwnas::proxy
