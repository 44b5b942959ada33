// What the caller of a public function has to keep, said as std::invalid_argument; Python sees a
// ValueError. Only for what costs a comparison: sizes. What would cost a pass over the values (NaN,
// ids out of range) stands in the contract, and is checked for Python in bind/arrays.hpp.
#pragma once

#include <cstddef>

namespace pyhwnas {

void require(bool condition, const char* sentence);

// "sums must have 3 entries, got 2"
void require_size(std::size_t size, const char* name, std::size_t expected);

// "bits must have shape (2, 2), got (2, 1)"
void require_shape(std::size_t rows, std::size_t cols, const char* name, std::size_t expected_rows,
                   std::size_t expected_cols);

}  // namespace pyhwnas
