// Contributions from random rays (Deng, Zhang 2019, doi:10.1109/TEVC.2019.2895108).
//
// The idea. A ray from the reference point leaves the regions of all points, one after the other.
// Between the last one and the last but one it is in the last point's region alone. So the volume
// of a ball times the mean of rho_1^m - rho_2^m over the directions in which point i is the last is
// what point i alone dominates, and each ray serves all points at the price of one volume; see
// hypervolume_approx.cpp for balls, lattices and bits. Points that two others dominate are never
// last nor last but one.
//
// Rays are dealt out to 16 to 31 groups of lattices, whose sums are added up ray by ray and part by
// part. O(s n m) time for s rays and n points, O(n m) memory.
#include <algorithm>
#include <cmath>
#include <limits>

#include "moo/hypervolume/ray_lattices.hpp"
#include "pyhwnas/moo/hypervolume.hpp"
#include "require.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kProductsPerPoll = 1 << 22;

// sums[i] += what the rays of one part say of point i; `size` rays, eight at a time.
template <std::size_t n>
[[gnu::always_inline]] inline void add_part(const Points& points, const Lattice& lattice,
                                            std::uint64_t begin, std::size_t part_size, Packet* x,
                                            std::span<double> sums, const Checkpoint& poll) {
  constexpr std::size_t kPackets = Rays<n>::kPackets;
  std::size_t n_met = 0;
  for (std::size_t first = 0; first < part_size; first += kPackets * kLanes) {
    Lanes<n> size[kPackets];
    Meeting<n> meeting[kPackets];
    for (std::size_t p = 0; p < kPackets; ++p) {
      Rays<n>::draw(lattice, begin + first + p * kLanes, points.m, x + p * points.m, size[p]);
    }
    Rays<n>::meet(points, x, meeting);
    for (std::size_t p = 0; p < kPackets && first + p * kLanes < part_size; ++p) {
      Lanes<n> alone;
      for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
        typename Lanes<n>::Register behind;
        volume_of_ray(lattice.gauge, points.m, size[p].at[i], meeting[p].second.at[i], behind);
        volume_of_ray(lattice.gauge, points.m, size[p].at[i], meeting[p].least.at[i], alone.at[i]);
        alone.at[i] -= behind;
      }
      Packet volumes;
      Packet nearest;
      alone.store(volumes);
      meeting[p].nearest.store(nearest);
      for (std::size_t i = 0; i < std::min(kLanes, part_size - first - p * kLanes); ++i) {
        sums[static_cast<std::size_t>(nearest.lanes[i])] += volumes.lanes[i];
      }
    }
    n_met += points.n * points.m * kPackets;
    if (poll && n_met >= kProductsPerPoll) {
      poll();
      n_met = 0;
    }
  }
}

// means[g * n + i]: point i by group g.
std::vector<double> sample_groups(const Points& points, Gauge gauge, const Lattices& lattices,
                                  const Groups& groups, std::uint64_t stream, int threads,
                                  const Checkpoint& checkpoint) {
  std::vector<double> means(groups.count * points.n);
  const std::size_t n_workers = worker_count(groups.count, threads);
  const std::size_t scratch_size = kMostPackets * points.m;
  std::vector<Packet> scratch(n_workers * scratch_size);
  std::vector<double> part_sums(n_workers * points.n);
  const auto sample_group = [&](std::size_t g, int worker, const Checkpoint& poll) {
    const auto w = static_cast<std::size_t>(worker);
    const std::span part_sum = std::span(part_sums).subspan(w * points.n, points.n);
    const std::span mean = std::span(means).subspan(g * points.n, points.n);
    for (std::size_t r = g * groups.size; r < (g + 1) * groups.size; ++r) {
      const Lattice lattice{gauge, lattices.log2_size, mixed(stream + r)};
      for (std::size_t part = 0; part < lattices.parts(); ++part) {
        std::fill(part_sum.begin(), part_sum.end(), 0.0);
        with_lanes([&](auto n) __attribute__((always_inline)) {
          add_part<n>(points, lattice, part * lattices.part_size(), lattices.part_size(),
                      scratch.data() + w * scratch_size, part_sum, poll);
        });
        for (std::size_t i = 0; i < points.n; ++i) mean[i] += part_sum[i];
      }
    }
    const auto n_rays = static_cast<double>(groups.size * lattices.size());
    for (double& sum : mean) sum /= n_rays;
  };
  parallel_for(groups.count, threads, sample_group, checkpoint);
  return means;
}

}  // namespace

void hypervolume_contributions_approx(MatrixView<const double> F, std::span<const double> ref_point,
                                      std::size_t n_samples, std::uint64_t seed,
                                      std::span<double> values, std::span<double> standard_errors,
                                      int threads, const Checkpoint& checkpoint) {
  require(n_samples >= 2, "n_samples must be at least 2, got fewer");
  require(F.cols() >= 1, "F must have at least one column, got none");
  require(F.cols() <= 1000, "F must have at most 1000 columns, got more");
  require_size(ref_point.size(), "ref_point", F.cols());
  require_size(values.size(), "values", F.rows());
  require_size(standard_errors.size(), "standard_errors", F.rows());
  std::fill(values.begin(), values.end(), 0.0);
  std::fill(standard_errors.begin(), standard_errors.end(), 0.0);
  const Points points = contributing_points(F, ref_point, threads, checkpoint);
  if (points.n == 0) return;
  require(!points.infinite, "ref_point - F must be finite, got a row that is infinitely far away");

  const Schedule schedule = schedule_of_rays(n_samples);
  const Gauge gauge = choose_gauge(points, schedule.pilot, seed, threads, checkpoint);
  const Groups groups = groups_of(schedule.lattices);
  const std::vector<double> means = sample_groups(points, gauge, schedule.lattices, groups,
                                                  stream_of_samples(seed), threads, checkpoint);
  const auto count = static_cast<double>(groups.count);
  for (std::size_t i = 0; i < points.n; ++i) {
    double mean = 0.0;
    for (std::size_t g = 0; g < groups.count; ++g) mean += means[g * points.n + i] / count;
    double square = 0.0;
    for (std::size_t g = 0; g < groups.count; ++g) {
      const double gap = means[g * points.n + i] - mean;
      square += gap * gap;
    }
    const double error = std::sqrt(square / (count - 1.0) / count);
    values[points.rows[i]] = std::ldexp(mean * points.mantissa, points.exponent);
    standard_errors[points.rows[i]] = std::ldexp(error * points.mantissa, points.exponent);
  }
}

}  // namespace pyhwnas::moo
