// What the multi-objective kernels share: comparing rows, and orders of rows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "pyhwnas/matrix_view.hpp"

namespace pyhwnas::moo {

// a is nowhere larger than b. Among distinct rows this is dominance.
inline bool covers(std::span<const double> a, std::span<const double> b) {
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (a[k] > b[k]) return false;
  }
  return true;
}

// The same value in every objective: -0.0 equals 0.0, as it does in dominance.
inline bool same_row(std::span<const double> a, std::span<const double> b) {
  return std::equal(a.begin(), a.end(), b.begin());
}

// Row indices in lexicographic order, equal rows by index. A row is never dominated by a later one.
inline std::vector<std::uint32_t> lexicographic_order(MatrixView<const double> F) {
  std::vector<std::uint32_t> order(F.rows());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [F](std::uint32_t i, std::uint32_t j) {
    const auto a = F[i];
    const auto b = F[j];
    for (std::size_t k = 0; k < a.size(); ++k) {
      if (a[k] != b[k]) return a[k] < b[k];
    }
    return i < j;
  });
  return order;
}

}  // namespace pyhwnas::moo
