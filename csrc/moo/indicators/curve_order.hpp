// An order in which rows that follow each other lie close together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pyhwnas/matrix_view.hpp"

namespace pyhwnas::moo {

// Rows in the order of a Z-shaped curve (Morton 1966) through a grid of at most 2^30 cells that
// spans most rows in each column; rows of one cell by index. O(n m) time, O(n) memory. At least one
// row.
std::vector<std::uint32_t> curve_order(MatrixView<const double> rows);

}  // namespace pyhwnas::moo
