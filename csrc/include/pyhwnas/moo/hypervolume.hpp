// Dominated volume. The rules that all multi-objective kernels share stand in pyhwnas/moo.hpp.
// Points that are not better than the reference in every objective contribute nothing; a side of
// infinite length gives infinity.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// Volume dominated by F and bounded by ref_point.
// m <= 3: sweeps, O(n log n) and O(n^2) at worst. m >= 4: exclusive volumes of limited sets, with
// one dimension sliced off per level (While, Bradstreet, Barone 2012,
// doi:10.1109/TEVC.2010.2077298), exponential in m at worst; O(n m^2) memory per thread.
double hypervolume(MatrixView<const double> F, std::span<const double> ref_point, int threads,
                   const Checkpoint& checkpoint = {});

// contributions[i] = what the volume loses without row i: 0 for dominated rows, and for rows that
// occur twice.
void hypervolume_contributions(MatrixView<const double> F, std::span<const double> ref_point,
                               std::span<double> contributions, int threads,
                               const Checkpoint& checkpoint = {});

// chosen: chosen.size() <= F.rows() row indices, each the row that adds most volume to those before
// it (of equal gains the first row). The volume of the first k is at least 1 - 1/e of the best k
// rows' (Nemhauser, Wolsey, Fisher 1978, doi:10.1007/BF01588971).
void hypervolume_subset(MatrixView<const double> F, std::span<const double> ref_point,
                        std::span<std::int64_t> chosen, int threads,
                        const Checkpoint& checkpoint = {});

struct Estimate {
  double value;
  double standard_error;  // from at least 16 independent parts, where there are as many samples
};

enum class SamplingMethod { rays, box };

// The volume from at least 2 and fewer than 2^40 random samples: along rays from the reference
// point (Deng, Zhang 2019, doi:10.1109/TEVC.2019.2895108), or uniform in the bounding box of the
// points. Unbiased; O(n_samples n m) time for n non-dominated rows, O(n m) memory per call and O(m)
// per thread. The standard error of an infinite volume is 0.
Estimate hypervolume_approx(MatrixView<const double> F, std::span<const double> ref_point,
                            std::size_t n_samples, std::uint64_t seed, SamplingMethod method,
                            int threads, const Checkpoint& checkpoint = {});

}  // namespace pyhwnas::moo
