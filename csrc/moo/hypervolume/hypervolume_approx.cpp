// Volume from random rays.
//
// The idea. Seen from the reference point, the dominated region is a star: along a direction w it
// ends at distance rho(w) = max over points of min over objectives of side / w. In polar
// coordinates the volume is that of a ball times the mean of rho^m over directions (Deng, Zhang
// 2019, doi:10.1109/TEVC.2019.2895108). Any ball will do that has a ray for every direction; the
// nearer its shape to the region's, the less rho varies. Sides are measured in units of the longest
// one in each objective, and a short pilot chooses among three balls: |x|_1 <= 1, |x|_2 <= 1,
// |x|_inf <= 1, whose directions are x / |x| with independent coordinates x that are exponential,
// half normal, uniform.
//
// With g = longest side / side, 1 / rho = min over points of max over objectives of w g: products
// and comparisons only, eight directions in the lanes of a vector. O(s n m) time for s samples and
// n non-dominated points, O(n m) memory. Every lattice writes to its own place and all arithmetic
// is our own, but for products and sums: the same bits for any number of threads and any
// instruction set, and on a GPU.
#include <cmath>
#include <limits>

#include "moo/hypervolume/ray_lattices.hpp"
#include "pyhwnas/moo/hypervolume.hpp"
#include "require.hpp"

namespace pyhwnas::moo {

Estimate hypervolume_approx(MatrixView<const double> F, std::span<const double> ref_point,
                            std::size_t n_samples, std::uint64_t seed, SamplingMethod method,
                            int threads, const Checkpoint& checkpoint) {
  require(n_samples >= 2, "n_samples must be at least 2, got fewer");
  require(F.cols() >= 1, "F must have at least one column, got none");
  require(F.cols() <= 1000, "F must have at most 1000 columns, got more");
  require_size(ref_point.size(), "ref_point", F.cols());
  const Points points = nondominated_points(F, ref_point, threads, checkpoint);
  if (points.n == 0) return {0.0, 0.0};
  if (points.infinite) return {std::numeric_limits<double>::infinity(), 0.0};

  const bool is_box = method == SamplingMethod::box;
  const Schedule schedule = is_box ? schedule_of_box(n_samples) : schedule_of_rays(n_samples);
  const Gauge gauge =
      is_box ? Gauge::box : choose_gauge(points, schedule.pilot, seed, threads, checkpoint);
  const std::vector<Moments> lattices = sample_volumes(
      points, gauge, schedule.lattices, stream_of_samples(seed), threads, checkpoint);

  const auto count = static_cast<double>(lattices.size());
  double mean = 0.0;
  for (const Moments& lattice : lattices) mean += lattice.mean / count;
  double square = 0.0;
  for (const Moments& lattice : lattices) square += (lattice.mean - mean) * (lattice.mean - mean);
  const double error = std::sqrt(square / (count - 1.0) / count);
  return {std::ldexp(mean * points.mantissa, points.exponent),
          std::ldexp(error * points.mantissa, points.exponent)};
}

}  // namespace pyhwnas::moo
