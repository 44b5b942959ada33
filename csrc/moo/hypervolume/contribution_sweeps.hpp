// Exclusive volumes of boxes, all by one sweep from the longest last side to the shortest.
//
// The region that exactly one box covers is kept as disjoint cells in one side less, each with its
// owner and the last side from which on it has been as it is. When a new box reaches a cell, the
// cell's volume times the last side since then goes to the owner, and cells for what is left start
// anew. Nothing is ever subtracted from a volume, so small contributions are as precise as large
// ones, and rows that are dominated by one row only take their part from it as all others do.
//
// All add to `contributions`, by the boxes' rows and without their exponent, where the caller has
// written zeros. Boxes may contain each other, and be equal.
#pragma once

#include <span>

#include "moo/hypervolume/boxes.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// Two sides: O(n log n).
void contributions_of_rectangles(const Boxes& boxes, std::span<double> contributions);

// Three sides: O(n log n).
void contributions_in_three(const Boxes& boxes, std::span<double> contributions,
                            const Checkpoint& checkpoint);

// Four and five sides, by ExclusiveCells: O(n^2) in four.
void contributions_by_cells(const Boxes& boxes, std::span<double> contributions,
                            const Checkpoint& checkpoint);

}  // namespace pyhwnas::moo
