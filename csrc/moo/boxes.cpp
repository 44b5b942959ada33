#include "moo/boxes.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace pyhwnas::moo {

Boxes boxes_below(MatrixView<const double> F, std::span<const double> ref_point) {
  Boxes boxes;
  const std::size_t m = F.cols();
  boxes.m = m;
  std::vector<double> longest(m, 0.0);
  for (std::size_t i = 0; i < F.rows(); ++i) {
    bool better = true;
    for (std::size_t k = 0; k < m; ++k) better = better && F(i, k) < ref_point[k];
    if (!better) continue;
    boxes.rows.push_back(static_cast<std::uint32_t>(i));
    for (std::size_t k = 0; k < m; ++k) longest[k] = std::max(longest[k], ref_point[k] - F(i, k));
  }
  boxes.has_infinite_side =
      std::any_of(longest.begin(), longest.end(), [](double side) { return std::isinf(side); });
  if (boxes.has_infinite_side) return boxes;

  std::vector<int> exponents(m, 0);
  for (std::size_t k = 0; k < m; ++k) std::frexp(longest[k], &exponents[k]);
  boxes.exponent = std::accumulate(exponents.begin(), exponents.end(), 0);
  boxes.sides.reserve(boxes.size() * m);
  for (const std::uint32_t i : boxes.rows) {
    for (std::size_t k = 0; k < m; ++k) {
      boxes.sides.push_back(std::ldexp(ref_point[k] - F(i, k), -exponents[k]));
    }
  }
  return boxes;
}

}  // namespace pyhwnas::moo
