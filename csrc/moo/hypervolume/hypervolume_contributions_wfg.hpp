// Exclusive volumes of boxes with many sides.
#pragma once

#include <span>

#include "moo/hypervolume/boxes.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// Any number of sides, meant for six and more: each box's volume less that of what it shares with
// the others. Adds to `contributions`, by the boxes' rows and without their exponent, where the
// caller has written zeros. Boxes may contain each other, and be equal.
//
// Exactly 0 for boxes that are contained in another. A contribution's error is some roundings of
// the box's own volume.
void contributions_by_limited_sets(const Boxes& boxes, std::span<double> contributions, int threads,
                                   const Checkpoint& checkpoint);

}  // namespace pyhwnas::moo
