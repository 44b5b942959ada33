// Dominated volume. The rules that all multi-objective kernels share stand in pyhwnas/moo.hpp.
// Points that are not better than the reference in every objective contribute nothing; a side of
// infinite length gives infinity. At most 1000 columns: scaled products of more are no doubles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// Volume dominated by F and bounded by ref_point. Objectives are scaled by powers of two first, so
// that nothing overflows before the result does; then it is a sum of positive terms, each within a
// few roundings. Terms of less than 2^-1022 of the box that holds all rows are lost, here and
// below. Dominated and equal rows change nothing.
//
// m     method                                                       time
// 1     minimum                                                      n
// 2     sort, sweep                                                  n log n
// 3     sweep with a staircase indexed by rank                       n log n
// 4     sweep with local lower bounds of three sides                 n^2
// 5     sweep with local lower bounds of four sides                  n^3 at worst, n^2 on a front
// 6     few rows as below, many as above
// more  exclusive volumes of limited sets                            exponential in m at worst
//
// Space is O(n m), for five and six objectives O(n^2) at worst. `threads` are used for six
// objectives with few rows, and for more.
double hypervolume(MatrixView<const double> F, std::span<const double> ref_point, int threads,
                   const Checkpoint& checkpoint = {});

// contributions[i]: the volume of what row i alone dominates, which is what the volume loses
// without it. So it is 0 for dominated rows and for rows that occur twice, and a row that only one
// other dominates takes its part from that one. Never negative and never NaN: infinity where the
// region of row i alone is endless, a number where it ends. Sides of infinite length are equally
// long.
//
// Up to five objectives all rows at once, in one sweep, as precise relative to each contribution as
// to the whole: O(n) for m = 1, O(n log n) for m = 2 and 3, O(n^2) for m = 4, in O(n m) space, and
// as hypervolume for m = 5. More objectives: limited sets of each row, over `threads`; n times the
// time of hypervolume at worst, and rounded relative to a row's own volume.
void hypervolume_contributions(MatrixView<const double> F, std::span<const double> ref_point,
                               std::span<double> contributions, int threads,
                               const Checkpoint& checkpoint = {});

// chosen: chosen.size() <= F.rows() distinct row indices, each the row that adds most volume to
// those before it, of equal gains the first row. So the first k of them are the choice for k; their
// volume is at least 1 - 1/e of the best k rows' (Nemhauser, Wolsey, Fisher 1978,
// doi:10.1007/BF01588971). Gains count as equal when their computed values are: rounded ones may
// tell rows apart that add exactly as much. Rows that are not better than the reference, or are
// dominated by a chosen one, add nothing; when no row adds anything, the rest follows by index. A
// row whose own region is endless adds infinity, sides of infinite length being equally long.
//
// Lazy evaluation: from chosen.size() to n chosen.size() gains, each from the limited set of the
// rows chosen so far (for m = 2, from their outline). Space O(n m). `threads` are used for m >= 6.
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

// The contribution of each row, as hypervolume_contributions defines it, and its standard error,
// from at least 2 and fewer than 2^40 random rays as above (Deng, Zhang 2019): each ray serves all
// rows. Unbiased. ref_point - F must be finite for all rows within the reference point. O(n_samples
// n m) time for n rows that at most one other dominates, O(n m) memory per call and O(n + m) per
// thread.
void hypervolume_contributions_approx(MatrixView<const double> F, std::span<const double> ref_point,
                                      std::size_t n_samples, std::uint64_t seed,
                                      std::span<double> values, std::span<double> standard_errors,
                                      int threads, const Checkpoint& checkpoint = {});

}  // namespace pyhwnas::moo
