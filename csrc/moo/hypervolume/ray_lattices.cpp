#include "moo/hypervolume/ray_lattices.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "pyhwnas/moo/dominance.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kProductsPerPoll = 1 << 22;

// Rows that are better than the reference in every objective, and which ones of F they are.
struct Inside {
  std::vector<double> values;
  std::vector<std::uint32_t> rows;
  std::size_t m;

  MatrixView<const double> matrix() const { return {values.data(), rows.size(), m}; }
};

Inside rows_inside(MatrixView<const double> F, std::span<const double> ref) {
  Inside inside{{}, {}, F.cols()};
  for (std::size_t i = 0; i < F.rows(); ++i) {
    const auto row = F[i];
    if (!std::equal(row.begin(), row.end(), ref.begin(), std::less<>{})) continue;
    inside.values.insert(inside.values.end(), row.begin(), row.end());
    inside.rows.push_back(static_cast<std::uint32_t>(i));
  }
  return inside;
}

template <class IsWanted>
Points points_of(const Inside& inside, std::span<const double> ref, const IsWanted& is_wanted) {
  const std::size_t m = inside.m;
  const MatrixView<const double> F = inside.matrix();
  Points points{0, m, {}, {}, 1.0, 0, false};
  for (std::size_t i = 0; i < F.rows(); ++i) {
    if (!is_wanted(i)) continue;
    for (std::size_t k = 0; k < m; ++k) points.stretch.push_back(ref[k] - F(i, k));
    points.rows.push_back(inside.rows[i]);
    ++points.n;
  }
  for (std::size_t k = 0; k < m && points.n > 0; ++k) {
    double longest = 0.0;
    for (std::size_t i = 0; i < points.n; ++i) {
      longest = std::max(longest, points.stretch[i * m + k]);
    }
    for (std::size_t i = 0; i < points.n; ++i) {
      points.stretch[i * m + k] = longest / points.stretch[i * m + k];
    }
    points.infinite = points.infinite || std::isinf(longest);
    int exponent = 0;
    int carry = 0;
    points.mantissa = std::frexp(points.mantissa * std::frexp(longest, &exponent), &carry);
    points.exponent += exponent + carry;
  }
  return points;
}

// Lattices of fewer than eight points use the first lanes only.
template <std::size_t n>
[[gnu::always_inline]] inline double total(const Lanes<n>& sum, std::size_t size) {
  Packet lanes;
  sum.store(lanes);
  double all = 0.0;
  for (std::size_t i = 0; i < std::min(kLanes, size); ++i) all += lanes.lanes[i];
  return all;
}

template <std::size_t n>
[[gnu::always_inline]] inline Moments sample_lattice(const Points& points, const Lattice& lattice,
                                                     const Lattices& lattices, Packet* x,
                                                     const Checkpoint& poll) {
  using Register = typename Lanes<n>::Register;
  constexpr std::size_t kPackets = Rays<n>::kPackets;
  const std::size_t part_size = lattices.part_size();
  Moments sums{0.0, 0.0};
  std::size_t n_met = 0;
  for (std::size_t part = 0; part < lattices.parts(); ++part) {
    Lanes<n> sum;
    Lanes<n> square_sum;
    sum.fill(0.0);
    square_sum.fill(0.0);
    for (std::size_t first = 0; first < part_size; first += kPackets * kLanes) {
      Lanes<n> size[kPackets];
      Reach<n> reach[kPackets];
      for (std::size_t p = 0; p < kPackets; ++p) {
        const std::uint64_t point = part * part_size + first + p * kLanes;
        Rays<n>::draw(lattice, point, points.m, x + p * points.m, size[p]);
      }
      Rays<n>::meet(points, x, reach);
      for (std::size_t p = 0; p < kPackets && first + p * kLanes < part_size; ++p) {
        for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
          Register value;
          volume_of_ray(lattice.gauge, points.m, size[p].at[i], reach[p].least.at[i], value);
          sum.at[i] += value;
          square_sum.at[i] += value * value;
        }
      }
      n_met += points.n * points.m * kPackets;
      if (poll && n_met >= kProductsPerPoll) {
        poll();
        n_met = 0;
      }
    }
    sums.mean += total(sum, part_size);
    sums.mean_square += total(square_sum, part_size);
  }
  const auto size = static_cast<double>(lattices.size());
  return {sums.mean / size, sums.mean_square / size};
}

}  // namespace

Points nondominated_points(MatrixView<const double> F, std::span<const double> ref, int threads,
                           const Checkpoint& checkpoint) {
  const Inside inside = rows_inside(F, ref);
  std::vector<std::uint8_t> mask(inside.rows.size());
  nondominated_mask(inside.matrix(), false, mask, threads, checkpoint);
  return points_of(inside, ref, [&](std::size_t i) { return mask[i] != 0; });
}

Points contributing_points(MatrixView<const double> F, std::span<const double> ref, int threads,
                           const Checkpoint& checkpoint) {
  const Inside inside = rows_inside(F, ref);
  std::vector<std::int32_t> counts(inside.rows.size());
  dominance_counts(inside.matrix(), counts, threads, checkpoint);
  return points_of(inside, ref, [&](std::size_t i) { return counts[i] <= 1; });
}

std::vector<Moments> sample_volumes(const Points& points, Gauge gauge, const Lattices& lattices,
                                    std::uint64_t stream, int threads,
                                    const Checkpoint& checkpoint) {
  std::vector<Moments> moments(lattices.count);
  const std::size_t scratch_size = kMostPackets * points.m;
  std::vector<Packet> scratch(worker_count(lattices.count, threads) * scratch_size);
  const auto sample_one = [&](std::size_t r, int worker, const Checkpoint& poll) {
    const Lattice lattice{gauge, lattices.log2_size, mixed(stream + r)};
    Packet* x = scratch.data() + static_cast<std::size_t>(worker) * scratch_size;
    with_lanes([&](auto n) __attribute__((always_inline)) {
      moments[r] = sample_lattice<n>(points, lattice, lattices, x, poll);
    });
  };
  parallel_for(lattices.count, threads, sample_one, checkpoint);
  return moments;
}

Gauge choose_gauge(const Points& points, const Lattices& pilot, std::uint64_t seed, int threads,
                   const Checkpoint& checkpoint) {
  Gauge chosen = pilot_gauge(0);
  double least = std::numeric_limits<double>::infinity();
  if (pilot.count == 0) return chosen;
  for (std::size_t ball = 0; ball < kPilotGauges; ++ball) {
    const Gauge gauge = pilot_gauge(ball);
    Moments all{0.0, 0.0};
    for (const Moments& moments :
         sample_volumes(points, gauge, pilot, stream_of_pilot(seed, gauge), threads, checkpoint)) {
      all.mean += moments.mean / kPilotLattices;
      all.mean_square += moments.mean_square / kPilotLattices;
    }
    const double variation = all.mean_square / (all.mean * all.mean);
    if (variation < least) {
      least = variation;
      chosen = gauge;
    }
  }
  return chosen;
}

}  // namespace pyhwnas::moo
