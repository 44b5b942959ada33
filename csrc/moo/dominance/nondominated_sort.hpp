// The parts of nondominated_sort, by what they are good for. Which of them works on a matrix is
// decided in nondominated_sort.cpp; all give the same ranks.
#pragma once

#include <cstdint>
#include <span>

#include "moo/dominance/distinct_rows.hpp"
#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// Two objectives: a sweep with the last member of each front.
void sort_two_objectives(MatrixView<const double> F, std::span<std::int32_t> ranks,
                         const Checkpoint& checkpoint);

// Three objectives: a sweep with the staircase of each front.
void sort_three_objectives(MatrixView<const double> F, std::span<std::int32_t> ranks,
                           const Checkpoint& checkpoint);

// A few rows in two to kMostPairedObjectives objectives: all pairs of them.
inline constexpr std::size_t kMostPairedObjectives = 8;
void sort_by_pairs(MatrixView<const double> F, std::span<std::int32_t> ranks,
                   const Checkpoint& checkpoint);

// Any number of objectives: a scan of each front's members.
void sort_by_scan(MatrixView<const double> F, std::span<std::int32_t> ranks,
                  const Checkpoint& checkpoint);

// Any number of objectives with few distinct values each: a table of all combinations. Returns
// false and leaves `ranks` as they were where that would have many more entries than F has rows.
bool sort_by_table(MatrixView<const double> F, std::span<std::int32_t> ranks,
                   const Checkpoint& checkpoint);

}  // namespace pyhwnas::moo
