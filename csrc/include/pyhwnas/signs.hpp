// Statistics of activation signs: which of U units are positive, for each of n samples.
// A bit is 1 where the activation is greater than zero; NaN is not. All counts are exact integers,
// so the results do not depend on `threads`.
#pragma once

#include <cstdint>
#include <span>

#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::proxy {

// bits(i, w) holds units 64 w .. 64 w + 63 of sample i, the first in the lowest bit; bits past the
// last unit are 0. bits has ceil(x.cols() / 64) columns. O(n U).
void pack_signs(MatrixView<const float> x, MatrixView<std::uint64_t> bits, int threads,
                const Checkpoint& checkpoint = {});

// positives[i]: units that are positive for sample i.
// shared[i]: the same units, each counted as often as there are samples for which it is positive.
// From these two follow the distances of all samples to the samples' mean code p: with
// N samples, |b_i - p|^2 = positives[i] - 2 shared[i] / N + sum_j shared[j] / N^2.
// O(n U log n / 64) time; O(n) memory per thread besides counters for a block of columns.
void coactivation(MatrixView<const std::uint64_t> bits, std::span<std::int64_t> positives,
                  std::span<std::int64_t> shared, int threads, const Checkpoint& checkpoint = {});

// coactivation(pack_signs(x)) without ever holding all bits: O(n) memory per thread.
void sign_statistics(MatrixView<const float> x, std::span<std::int64_t> positives,
                     std::span<std::int64_t> shared, int threads,
                     const Checkpoint& checkpoint = {});

// distances(i, j): in how many of the bits samples i and j differ (Hamming); symmetric. bits past
// the last unit must be 0. O(n^2 U / 64) time; O(n^2) memory per thread.
void hamming_distances(MatrixView<const std::uint64_t> bits, MatrixView<std::int64_t> distances,
                       int threads, const Checkpoint& checkpoint = {});

// hamming_distances(pack_signs(x)) without ever holding all bits.
void sign_distances(MatrixView<const float> x, MatrixView<std::int64_t> distances, int threads,
                    const Checkpoint& checkpoint = {});

}  // namespace pyhwnas::proxy
