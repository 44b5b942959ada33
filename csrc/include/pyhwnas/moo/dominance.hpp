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
// memory. One thread works, but for m >= 4 and tens of thousands of rows that seem to be one front:
// they are found as by nondominated_mask.
// Ties: equal rows get equal ranks.
void nondominated_sort(MatrixView<const double> F, std::span<std::int32_t> ranks, int threads,
                       const Checkpoint& checkpoint = {});

// The same ranks by dominance-degree matrices (Zhou, Chen, Zhang 2017,
// doi:10.1109/TEVC.2016.2567648): every pair of rows is compared in every objective, as bits.
// O(m n^2 / 512) word operations whatever the rows are like; O(m n) memory, as only a block of the
// matrix exists at a time. Threads share the blocks.
void dominance_degree_sort(MatrixView<const double> F, std::span<std::int32_t> ranks, int threads,
                           const Checkpoint& checkpoint = {});

// mask[i] = 1 where no row dominates row i. Of equal rows all are kept, or only the first.
// O(n m) while a few rows dominate nearly all others. Else O(n log n) for m <= 3, and for more
// divide and conquer (Kung, Luccio, Preparata 1975, doi:10.1145/321906.321910) over bitmaps of
// 4096 rows: O(m n^2 / 512) word operations, less for large n. O(n m) memory. Threads share the
// first reading, and for m >= 4 most of the rest.
void nondominated_mask(MatrixView<const double> F, bool keep_equal, std::span<std::uint8_t> mask,
                       int threads, const Checkpoint& checkpoint = {});

// How many rows dominate row i. O(n log n) for m <= 2, where one thread works, else O(m n^2 / 512)
// word operations; O(m n) memory.
void dominance_counts(MatrixView<const double> F, std::span<std::int32_t> counts, int threads,
                      const Checkpoint& checkpoint = {});

}  // namespace pyhwnas::moo
