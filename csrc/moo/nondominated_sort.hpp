// The parts of nondominated_sort, by what they are good for. Which of them works on a matrix is
// decided in nondominated_sort.cpp; all give the same ranks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "moo/argsort.hpp"
#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// Rows in lexicographic order, where no row is dominated by a later one and equal rows are
// neighbours. Of equal rows the first by index stands for all.
struct DistinctRows {
  std::vector<std::uint32_t> order;   // all rows; equal ones by index
  std::vector<std::uint32_t> starts;  // where in `order` each distinct row begins

  std::size_t size() const { return starts.size(); }
  std::uint32_t operator[](std::size_t k) const { return order[starts[k]]; }

  // Gives all rows equal to distinct row k its rank.
  void set_rank(std::size_t k, std::int32_t rank, std::span<std::int32_t> ranks) const {
    const std::size_t end = k + 1 < starts.size() ? starts[k + 1] : order.size();
    for (std::size_t i = starts[k]; i < end; ++i) ranks[order[i]] = rank;
  }
};

DistinctRows distinct_rows(MatrixView<const double> F, Argsort& argsort,
                           const Checkpoint& checkpoint);

// Whether some value occurs twice among a few of a column's: then it has few distinct values, or
// is short.
bool repeats(Column values);

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
