// Lexicographic order of rows by radix sort of the first objective.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pyhwnas/matrix_view.hpp"

namespace pyhwnas::moo {

// Row indices, equal rows by index: O(n) where few values of the first objective tie, O(n log n)
// comparisons at worst. F has at least one column.
std::vector<std::uint32_t> sorted_rows(MatrixView<const double> F);

// Those of an order's rows that differ from the row before them.
std::vector<std::uint32_t> first_of_equal(MatrixView<const double> F,
                                          std::span<const std::uint32_t> order);

}  // namespace pyhwnas::moo
