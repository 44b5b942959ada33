// Volume of boxes with many sides, by exclusive volumes of limited sets.
#pragma once

#include "moo/boxes.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// Volume of the union of the boxes, without their exponent. They may contain each other, and be
// equal. More than four sides.
double volume_by_limited_sets(const Boxes& boxes, int threads, const Checkpoint& checkpoint);

}  // namespace pyhwnas::moo
