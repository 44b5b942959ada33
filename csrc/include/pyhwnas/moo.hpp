// Multi-objective kernels. Every objective is minimised. Row i dominates row j when it is nowhere
// larger and somewhere smaller; equal rows do not dominate each other.
//
// Common rules: F must hold no NaN (undefined results, no crash otherwise); infinities are ordinary
// values unless said otherwise; no rows and no columns are allowed; outputs have F.rows() entries;
// results do not depend on `threads`, bit for bit.
#pragma once

#include <cstdint>
#include <span>

#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// Front index of each row, 0 = not dominated, r + 1 = dominated by some row of front r.
// m <= 2: sort and binary search, O(n log n). m >= 3: efficient non-dominated sort with binary
// search over fronts (Zhang et al. 2015, doi:10.1109/TEVC.2014.2308305), O(n log n) when fronts
// are many, O(m n^2) when all rows are in one; O(n m) memory. One thread works.
// Ties: equal rows get equal ranks.
void nondominated_sort(MatrixView<const double> F, std::span<std::int32_t> ranks, int threads,
                       const Checkpoint& checkpoint = {});

// mask[i] = 1 where no row dominates row i. Of equal rows all are kept, or only the first.
// O(n log n) for m <= 2, else O(m n k) for k non-dominated rows; O(n m) memory. One thread works.
void nondominated_mask(MatrixView<const double> F, bool keep_equal, std::span<std::uint8_t> mask,
                       int threads, const Checkpoint& checkpoint = {});

// How many rows dominate row i. O(n log n) for m <= 2, else O(m n^2); O(n) memory.
void dominance_counts(MatrixView<const double> F, std::span<std::int32_t> counts, int threads,
                      const Checkpoint& checkpoint = {});

// Crowding distance (Deb et al. 2002, doi:10.1109/4235.996017) within each front: the sum over
// objectives of the gap between a row's two neighbours, divided by the front's range.
// The first and last row of a front in an objective get infinity, as does every row of a front of
// one or two. Ties are ordered by row index, so of equal extreme rows one is the extreme. An
// objective that is constant on a front contributes nothing and has no extremes. Gaps and ranges
// take an infinite value for the front's nearest finite one. Any ranks are accepted. O(m n log n),
// O(n) memory.
void crowding_distance(MatrixView<const double> F, std::span<const std::int32_t> ranks,
                       std::span<double> distances, int threads, const Checkpoint& checkpoint = {});

// Volume dominated by F and bounded by ref_point: points that are not better than the reference in
// every objective contribute nothing. A side of infinite length gives infinity.
// m <= 3: sweeps, O(n log n) and O(n^2) at worst. m >= 4: exclusive volumes of limited sets, with
// one dimension sliced off per level (While, Bradstreet, Barone 2012,
// doi:10.1109/TEVC.2010.2077298), exponential in m at worst; O(n m^2) memory per thread.
double hypervolume(MatrixView<const double> F, std::span<const double> ref_point, int threads,
                   const Checkpoint& checkpoint = {});

}  // namespace pyhwnas::moo
