// The parts of nondominated_mask: how rows that matter are singled out, and how the first front of
// those is found. Everything here is exact; the parts only differ in what they are fast at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// A superset of the first front, ascending: the rows that none of a few good ones dominates. Empty
// where a sample says that hardly any row would go: then all rows are left. O(n m).
std::vector<std::uint32_t> survivors_of_elites(MatrixView<const double> F, int threads,
                                               const Checkpoint& checkpoint);

// The same with the n_best rows of the least sums; n_best > 0.
std::vector<std::uint32_t> survivors_of_best(MatrixView<const double> F, std::size_t n_best,
                                             int threads, const Checkpoint& checkpoint);

// The functions below take distinct rows in lexicographic order, so that only an earlier row can
// dominate a later one. They set is_dominated[i] to 1 where one does, and leave the rest.

// For at most three objectives: O(n) for one and two, O(n log n) for three. Takes the order of the
// rows of F to be looked at: is_dominated[i] is about row order[i].
void mark_dominated_by_sweep(MatrixView<const double> F, std::span<const std::uint32_t> order,
                             std::span<std::uint8_t> is_dominated, const Checkpoint& checkpoint);

// For any number of objectives, by divide and conquer over bitmaps. Takes dense ranks.
void mark_dominated_by_halves(MatrixView<const std::uint32_t> ranks,
                              std::span<std::uint8_t> is_dominated, int threads,
                              const Checkpoint& checkpoint);

}  // namespace pyhwnas::moo
