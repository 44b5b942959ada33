// How much room a row has within its front. The rules that all multi-objective kernels share stand
// in pyhwnas/moo.hpp.
#pragma once

#include <cstdint>
#include <span>

#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// Crowding distance (Deb et al. 2002, doi:10.1109/4235.996017) within each front: the sum over
// objectives of the gap between a row's two neighbours, divided by the front's range.
// The first and last row of a front in an objective get infinity, as does every row of a front of
// one or two. Ties are ordered by row index, so of equal extreme rows one is the extreme. An
// objective that is constant on a front contributes nothing and has no extremes. Gaps and ranges
// take an infinite value for the front's nearest finite one. Any ranks are accepted.
// One radix sort per objective: O(m n), at worst O(m n log n), however many fronts there are. O(n)
// memory, O(m n) with more than one thread; threads share the objectives.
void crowding_distance(MatrixView<const double> F, std::span<const std::int32_t> ranks,
                       std::span<double> distances, int threads, const Checkpoint& checkpoint = {});

}  // namespace pyhwnas::moo
