// How far a set F is from a reference set R, of as many columns. The rules that all multi-objective
// kernels share stand in pyhwnas/moo.hpp, but for one: values must be finite. Both sets have rows
// and columns.
//
// O((n + r) log) time for few objectives, O(n r m) at worst; O((n + r) m) memory.
#pragma once

#include <span>

#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// Mean over R of the Euclidean distance to the nearest row of F (Coello Coello, Reyes Sierra 2004,
// doi:10.1007/978-3-540-24694-7_71).
double igd(MatrixView<const double> F, MatrixView<const double> R, int threads,
           const Checkpoint& checkpoint = {});

// As igd, but only what a row of F is larger in counts as distance (Ishibuchi et al. 2015,
// doi:10.1007/978-3-319-15892-1_8): weakly Pareto-compliant.
double igd_plus(MatrixView<const double> F, MatrixView<const double> R, int threads,
                const Checkpoint& checkpoint = {});

// The least e such that every row of R is weakly dominated by some row of F minus e, or divided by
// e (Zitzler et al. 2003, doi:10.1109/TEVC.2003.810758). The factor needs positive values. Exact:
// the difference, or quotient, of two of the values as it is rounded.
double epsilon_additive(MatrixView<const double> F, MatrixView<const double> R, int threads,
                        const Checkpoint& checkpoint = {});
double epsilon_multiplicative(MatrixView<const double> F, MatrixView<const double> R, int threads,
                              const Checkpoint& checkpoint = {});

// Mean over weights w, not negative, of the least max_k w_k |F(i, k) - ideal_k| (Hansen,
// Jaszkiewicz 1998; Brockhoff, Wagner, Trautmann 2012, doi:10.1145/2330163.2330230).
double r2(MatrixView<const double> F, std::span<const double> ideal,
          MatrixView<const double> weights, int threads, const Checkpoint& checkpoint = {});

}  // namespace pyhwnas::moo
