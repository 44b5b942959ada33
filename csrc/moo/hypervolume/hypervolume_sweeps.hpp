// Volumes of boxes by one sweep from the longest last side to the shortest. What is new when a box
// comes in reaches from there down to zero, so each term of the sum is a new volume in one side
// less, times the last side: nothing is ever subtracted.
//
// All return the volume without the boxes' exponent. Boxes may contain each other, and be equal.
#pragma once

#include "moo/hypervolume/boxes.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// Two sides: the longest first side first; O(n log n).
double volume_of_rectangles(const Boxes& boxes);

// Three sides: O(n log n).
double volume_in_three(const Boxes& boxes, const Checkpoint& checkpoint);

// Four, five and six sides, by FreeCells: O(n^2), O(n^3) and O(n^3) at worst.
double volume_by_free_cells(const Boxes& boxes, const Checkpoint& checkpoint);

}  // namespace pyhwnas::moo
