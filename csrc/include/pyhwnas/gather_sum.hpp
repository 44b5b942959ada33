// Additive costs of a population.
#pragma once

#include <cstdint>
#include <span>

#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas {

// sums[i] = sum over s of cost[ids(i, s)], in the order of s; ids of -1 (absent) are skipped.
// Every id must be -1 or an index into cost. O(n s) time, O(u) memory.
void gather_sum(std::span<const double> cost, MatrixView<const std::int32_t> ids,
                std::span<double> sums, int threads, const Checkpoint& checkpoint = {});

}  // namespace pyhwnas
