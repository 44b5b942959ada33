// From rows to boxes: what lies beyond the reference is left out, and sides are scaled by powers of
// two, which is exact, so that no product of them over- or underflows.
#include "moo/hypervolume/boxes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "require.hpp"

namespace pyhwnas::moo {
namespace {

// Calls body with m, as a constant where that makes loops over sides short and straight.
template <class Body>
void with_sides(std::size_t m, const Body& body) {
  switch (m) {
    case 2:
      return body(std::integral_constant<std::size_t, 2>{});
    case 3:
      return body(std::integral_constant<std::size_t, 3>{});
    case 4:
      return body(std::integral_constant<std::size_t, 4>{});
    case 5:
      return body(std::integral_constant<std::size_t, 5>{});
    default:
      return body(m);
  }
}

}  // namespace

Boxes boxes_below(MatrixView<const double> F, std::span<const double> ref_point) {
  require(F.cols() <= 1000, "F must have at most 1000 columns, got more");
  Boxes boxes;
  boxes.m = F.cols();
  boxes.sides.resize(F.rows() * F.cols());
  boxes.rows.resize(F.rows());
  with_sides(boxes.m, [&](auto m) {
    std::size_t n = 0;
    double* side = boxes.sides.data();
    for (std::size_t i = 0; i < F.rows(); ++i) {
      const double* row = F.data() + i * m;
      bool inside = true;
      bool infinite = false;
      for (std::size_t k = 0; k < m; ++k) {
        // inf - inf is no length, but then the row is not below the reference.
        side[k] = ref_point[k] - row[k];
        inside &= row[k] < ref_point[k];
        infinite |= side[k] == std::numeric_limits<double>::infinity();
      }
      if (!inside) continue;
      boxes.rows[n++] = static_cast<std::uint32_t>(i);
      boxes.has_infinite_side |= infinite;
      side += m;
    }
    boxes.rows.resize(n);
    boxes.sides.resize(n * m);
  });
  return boxes;
}

int scale(Boxes& boxes) {
  int taken_out = 0;
  with_sides(boxes.m, [&](auto m) {
    const std::size_t n = boxes.size();
    std::vector<double> longest(m, 0.0);
    std::vector<double> factors(2 * m);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < m; ++k) longest[k] = std::max(longest[k], boxes[i][k]);
    }
    for (std::size_t k = 0; k < m; ++k) {
      int exponent = 0;
      std::frexp(longest[k], &exponent);
      taken_out += exponent;
      // Two factors, because one of 2^1074 is no double.
      factors[2 * k] = std::ldexp(1.0, -exponent / 2);
      factors[2 * k + 1] = std::ldexp(1.0, -exponent - -exponent / 2);
    }
    for (std::size_t i = 0; i < n; ++i) {
      double* box = boxes.sides.data() + i * m;
      for (std::size_t k = 0; k < m; ++k) box[k] = box[k] * factors[2 * k] * factors[2 * k + 1];
    }
  });
  return taken_out;
}

}  // namespace pyhwnas::moo
