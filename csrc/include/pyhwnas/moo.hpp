// Multi-objective kernels. Every objective is minimised. Row i dominates row j when it is nowhere
// larger and somewhere smaller; equal rows do not dominate each other.
//
// Common rules: F must hold no NaN, which is not checked and undefined behaviour; infinities are
// ordinary values unless said otherwise; no rows and no columns are allowed; outputs have F.rows()
// entries; fewer than 2^31 rows; less than one thread counts as one; results do not depend on
// `threads`, nor on the instruction set, bit for bit.
//
// All memory is the caller's:
//
//   const std::vector<double> values{1, 3, 2, 2, 3, 1, 3, 3};  // four points, two objectives
//   const std::vector<double> ref_point{4, 4};
//   const pyhwnas::MatrixView F(values.data(), 4, 2);
//   std::vector<std::int32_t> ranks(4);
//   pyhwnas::moo::nondominated_sort(F, ranks, /*threads=*/2);              // 0 0 0 1
//   const double volume = pyhwnas::moo::hypervolume(F, ref_point, 2);      // 6
//
// To cancel a long computation, pass a checkpoint (parallel_for.hpp) that throws.
#pragma once

#include "pyhwnas/moo/covered.hpp"
#include "pyhwnas/moo/crowding_distance.hpp"
#include "pyhwnas/moo/dominance.hpp"
#include "pyhwnas/moo/hypervolume.hpp"
#include "pyhwnas/moo/indicators.hpp"
