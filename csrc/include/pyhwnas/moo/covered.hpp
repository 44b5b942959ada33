// Dominance between two sets. The rules that all multi-objective kernels share stand in
// pyhwnas/moo.hpp.
#pragma once

#include <cstdint>
#include <span>

#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// mask[i] = 1 where some row of R, of as many columns, is nowhere larger than row i of F: dominates
// or equals it. O((n + r) log r) time for few objectives, O(n r m) at worst; O((n + r) m) memory.
void covered(MatrixView<const double> F, MatrixView<const double> R, std::span<std::uint8_t> mask,
             int threads, const Checkpoint& checkpoint = {});

}  // namespace pyhwnas::moo
