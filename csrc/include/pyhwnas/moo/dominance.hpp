// Who dominates whom. The rules that all multi-objective kernels share stand in pyhwnas/moo.hpp.
#pragma once

#include <cstdint>
#include <span>

#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// Front index of each row, 0 = not dominated, r + 1 = dominated by some row of front r.
// m <= 2: sort and binary search, O(n log n). m = 3: a sweep with a staircase per front, O(n log f
// log s) for f fronts with staircases of s steps. m >= 4: efficient non-dominated sort with binary
// search over fronts (Zhang et al. 2015, doi:10.1109/TEVC.2014.2308305), O(m n log n) when fronts
// are many, O(m n^2) when all rows are in one. Where objectives have so few distinct values that
// their D combinations are at most 16 n (8 n for m = 3, 2 n for m = 2): O(n m + m D). O(n m)
// memory. One thread works.
// Ties: equal rows get equal ranks.
void nondominated_sort(MatrixView<const double> F, std::span<std::int32_t> ranks, int threads,
                       const Checkpoint& checkpoint = {});

// The same ranks by dominance-degree matrices (Zhou, Chen, Zhang 2017,
// doi:10.1109/TEVC.2016.2567648): for each pair the number of objectives in which one row is no
// larger than the other. O(m n^2) time, O(n^2) bits.
void dominance_degree_sort(MatrixView<const double> F, std::span<std::int32_t> ranks, int threads,
                           const Checkpoint& checkpoint = {});

// mask[i] = 1 where no row dominates row i. Of equal rows all are kept, or only the first.
// O(n log n) for m <= 2, else O(m n k) for k non-dominated rows; O(n m) memory. One thread works.
void nondominated_mask(MatrixView<const double> F, bool keep_equal, std::span<std::uint8_t> mask,
                       int threads, const Checkpoint& checkpoint = {});

// How many rows dominate row i. O(n log n) for m <= 2, else O(m n^2); O(n) memory.
void dominance_counts(MatrixView<const double> F, std::span<std::int32_t> counts, int threads,
                      const Checkpoint& checkpoint = {});

}  // namespace pyhwnas::moo
