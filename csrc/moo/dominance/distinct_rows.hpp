// Lexicographic order of rows, with equal rows told apart from the others.
#pragma once

#include <cstddef>
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

  // One row for each set of equal ones, in order.
  std::vector<std::uint32_t> firsts() const;

  // body(k, i) for all rows i that are equal to distinct row k, by k.
  template <class Body>
  void for_each(const Body& body) const {
    for (std::size_t k = 0; k < starts.size(); ++k) {
      const std::size_t end = k + 1 < starts.size() ? starts[k + 1] : order.size();
      for (std::size_t i = starts[k]; i < end; ++i) body(k, order[i]);
    }
  }

  // Gives all rows equal to distinct row k its rank.
  void set_rank(std::size_t k, std::int32_t rank, std::span<std::int32_t> ranks) const {
    const std::size_t end = k + 1 < starts.size() ? starts[k + 1] : order.size();
    for (std::size_t i = starts[k]; i < end; ++i) ranks[order[i]] = rank;
  }
};

// O(n) where few values of the first objective tie or all have few distinct ones, O(m n log n)
// at worst. F has at least one column.
DistinctRows distinct_rows(MatrixView<const double> F, Argsort& argsort,
                           const Checkpoint& checkpoint);

// Whether some value occurs twice among a few of a column's: then it has few distinct values, or
// is short.
bool repeats(Column values);

}  // namespace pyhwnas::moo
