// What the multi-objective kernels share: comparing rows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

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

}  // namespace pyhwnas::moo
