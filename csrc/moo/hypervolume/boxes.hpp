// Rows of objectives as boxes.
//
// A box is the set of all x with 0 <= x <= p, for a point p of positive sides: what a row dominates
// between itself and the reference point. Larger is better, and the volume of a single box is the
// product of its sides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pyhwnas/matrix_view.hpp"

namespace pyhwnas::moo {

struct Boxes {
  std::size_t size() const { return rows.size(); }
  const double* operator[](std::size_t i) const { return sides.data() + i * m; }

  // size() rows of m positive sides, some of them perhaps infinite.
  std::vector<double> sides;
  // Which row each box comes from, ascending.
  std::vector<std::uint32_t> rows;
  std::size_t m = 0;
  bool has_infinite_side = false;
};

// The boxes of all rows that are better than the reference in every objective. At most 1000 sides:
// a product of so many that are at least 1/2 is a double.
Boxes boxes_below(MatrixView<const double> F, std::span<const double> ref_point);

// Scales each objective by a power of two so that its longest side is in [1/2, 1): exact, and no
// product of sides overflows. Volumes were 2^(what is returned) times as large. No infinite sides.
int scale(Boxes& boxes);

}  // namespace pyhwnas::moo
