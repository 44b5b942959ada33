// Multi-objective kernels. Every objective is minimised. Row i dominates row j when it is nowhere
// larger and somewhere smaller; equal rows do not dominate each other.
//
// Common rules: F must hold no NaN (undefined results, no crash otherwise); infinities are ordinary
// values unless said otherwise; no rows and no columns are allowed; outputs have F.rows() entries;
// fewer than 2^31 rows; results do not depend on `threads`, nor on the instruction set, bit for
// bit.
#pragma once

#include "pyhwnas/moo/crowding_distance.hpp"
#include "pyhwnas/moo/dominance.hpp"
#include "pyhwnas/moo/hypervolume.hpp"
#include "pyhwnas/moo/indicators.hpp"
