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
// Directions come from randomly shifted lattices of 2^k points (Cranley, Patterson 1976,
// doi:10.1137/0713071): each lattice spreads evenly, and since the shifts are independent, so are
// the means of the 16 to 31 lattices, from which the standard error is computed. The last samples,
// fewer than a lattice, are not drawn.
//
// With g = longest side / side, 1 / rho = min over points of max over objectives of w g: products
// and comparisons only, eight directions in the lanes of a vector. O(s n m) time for s samples and
// n non-dominated points, O(n m) memory. Every lattice writes to its own place and all arithmetic
// is our own, but for products and sums: the same bits for any number of threads and any
// instruction set.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "moo/hypervolume/rays.hpp"
#include "pyhwnas/moo/dominance.hpp"
#include "pyhwnas/moo/hypervolume.hpp"
#include "require.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kFewestLattices = 16;
constexpr std::size_t kLargestLattice = 16;  // 2^16 points
constexpr std::size_t kPilotLattices = 8;
// A pilot of fewer points for each ball says nothing.
constexpr std::size_t kSmallestPilot = 16;
constexpr std::size_t kProductsPerPoll = 1 << 22;

// Generating vector of lattices of 2^6 to 2^16 points in up to 32 dimensions, the first one. Chosen
// component by component (Nuyens, Cools 2006, doi:10.1090/S0025-5718-06-01785-6), for the least of
// the worst error over all these sizes among random candidates. Further dimensions are plain
// random.
constexpr std::array<std::uint32_t, 32> kGenerator{
    1,     42641, 13855, 62299, 20435, 15143, 11845, 29301, 7127,  31319, 28215,
    48057, 22427, 3059,  32673, 19229, 63805, 56037, 25349, 22977, 47973, 27631,
    40123, 64407, 10819, 36583, 3633,  7399,  25747, 37177, 41963, 58311};

struct Points {
  std::size_t n;
  std::size_t m;
  std::vector<double> stretch;  // g of point i, objective k: [i * m + k]
  double mantissa;              // volume of the box around the region: mantissa 2^exponent
  int exponent;
  bool infinite;
};

// The non-dominated rows within the reference point.
Points points_of(MatrixView<const double> F, std::span<const double> ref, int threads,
                 const Checkpoint& checkpoint) {
  const std::size_t m = F.cols();
  std::vector<double> rows;
  for (std::size_t i = 0; i < F.rows(); ++i) {
    const auto row = F[i];
    const bool within = std::equal(row.begin(), row.end(), ref.begin(), std::less<>{});
    if (within) rows.insert(rows.end(), row.begin(), row.end());
  }
  const MatrixView<const double> inside(rows.data(), rows.size() / m, m);
  std::vector<std::uint8_t> mask(inside.rows());
  nondominated_mask(inside, false, mask, threads, checkpoint);

  Points points{0, m, {}, 1.0, 0, false};
  for (std::size_t i = 0; i < inside.rows(); ++i) {
    if (mask[i] == 0) continue;
    for (std::size_t k = 0; k < m; ++k) points.stretch.push_back(ref[k] - inside(i, k));
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

// Directions in packets of eight, from a lattice of 2^log2_size points shifted by a stream of the
// generator.
struct Lattice {
  Gauge gauge;
  std::size_t log2_size;
  std::uint64_t stream;
};

struct Moments {
  double mean;
  double mean_square;
};

template <std::size_t n>
struct Sampler {
  using Register = typename Lanes<n>::Register;
  using Integers = typename IntegersOf<n>::type;

  // x: coordinates of eight points; size: what the ball measures of each.
  [[gnu::always_inline]] static void draw(const Lattice& lattice, std::uint64_t first,
                                          std::size_t m, Packet* x, Lanes<n>& size) {
    size.fill(0.0);
    for (std::size_t k = 0; k < m; ++k) {
      std::uint64_t bits[kLanes];
      const std::uint64_t shift = mixed(lattice.stream + k);
      if (k < kGenerator.size()) {
        const std::uint64_t step = static_cast<std::uint64_t>(kGenerator[k])
                                   << (64 - kLargestLattice)
                                   << (kLargestLattice - lattice.log2_size);
        for (std::size_t i = 0; i < kLanes; ++i) bits[i] = (first + i) * step + shift;
      } else {
        for (std::size_t i = 0; i < kLanes; ++i) bits[i] = mixed(shift + first + i);
      }
      for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
        Integers some;
        std::memcpy(&some, bits + i * n, sizeof(some));
        Register u;
        to_unit(some, u);
        place(lattice.gauge, u, size.at[i]);
        std::memcpy(x[k].lanes.data() + i * n, &u, sizeof(u));
      }
    }
    if (lattice.gauge == Gauge::sphere) {
      for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
        Register root;
        square_root<Integers>(size.at[i], root);
        size.at[i] = root;
      }
    }
  }

  // From a uniform coordinate to one of the ball's, added to its size.
  [[gnu::always_inline]] static void place(Gauge gauge, Register& u, Register& size) {
    Register x;
    if (gauge == Gauge::simplex) {
      logarithm<Integers>(u, x);
      u = -x;
      size += u;
    } else if (gauge == Gauge::sphere) {
      half_normal<n>(u, x);
      u = x;
      size += u * u;
    } else {
      size = u > size ? u : size;
    }
  }

  // The least over points of the largest x g, for several packets at once: four registers.
  static constexpr std::size_t kPackets = n / 2;

  [[gnu::always_inline]] static void reach(const Points& points, const Packet* x, Lanes<n>* least) {
    for (std::size_t p = 0; p < kPackets; ++p) {
      least[p].fill(std::numeric_limits<double>::infinity());
    }
    const double* g = points.stretch.data();
    for (std::size_t j = 0; j < points.n; ++j, g += points.m) {
      Lanes<n> largest[kPackets];
      for (std::size_t p = 0; p < kPackets; ++p) largest[p].fill(0.0);
      for (std::size_t k = 0; k < points.m; ++k) {
        const Register stretch = Register{} + g[k];
        for (std::size_t p = 0; p < kPackets; ++p) {
          Lanes<n> coordinate;
          coordinate.load(x[p * points.m + k]);
          for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
            const Register product = coordinate.at[i] * stretch;
            largest[p].at[i] = product > largest[p].at[i] ? product : largest[p].at[i];
          }
        }
      }
      for (std::size_t p = 0; p < kPackets; ++p) least[p].lower_to(largest[p]);
    }
  }

  // Volume of the ball times rho^m, factor by factor so that neither leaves the range of a double;
  // or whether a point of the box is dominated.
  [[gnu::always_inline]] static void volume(Gauge gauge, std::size_t m, const Register& size,
                                            const Register& least, Register& value) {
    value = Register{} + 1.0;
    if (gauge == Gauge::box) {
      value = least <= 1.0 ? value : Register{};
      return;
    }
    const Register rho = size / least;
    std::size_t k = m;
    if (gauge == Gauge::sphere) {
      // The part of the unit ball of m dimensions is that of m - 2 dimensions times pi / (2 m).
      const Register square = rho * rho;
      for (; k >= 2; k -= 2) value *= square * (1.57079632679489661923 / static_cast<double>(k));
      if (k == 1) value *= rho;
      return;
    }
    for (; k > 0; --k) {
      value *= gauge == Gauge::simplex ? rho / static_cast<double>(k) : rho;
    }
  }

  [[gnu::always_inline]] static Moments sample(const Points& points, const Lattice& lattice,
                                               Packet* x, const Checkpoint& poll) {
    const std::size_t size = std::size_t{1} << lattice.log2_size;
    Lanes<n> sum;
    Lanes<n> square_sum;
    sum.fill(0.0);
    square_sum.fill(0.0);
    std::size_t n_met = 0;
    for (std::size_t first = 0; first < size; first += kPackets * kLanes) {
      Lanes<n> norm[kPackets];
      Lanes<n> least[kPackets];
      for (std::size_t p = 0; p < kPackets; ++p) {
        draw(lattice, first + p * kLanes, points.m, x + p * points.m, norm[p]);
      }
      reach(points, x, least);
      for (std::size_t p = 0; p < kPackets && first + p * kLanes < size; ++p) {
        for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
          Register value;
          volume(lattice.gauge, points.m, norm[p].at[i], least[p].at[i], value);
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
    return {mean_of(sum, size), mean_of(square_sum, size)};
  }

  // Lattices of fewer than eight points use the first lanes only.
  [[gnu::always_inline]] static double mean_of(const Lanes<n>& sum, std::size_t size) {
    Packet lanes;
    sum.store(lanes);
    double total = 0.0;
    for (std::size_t i = 0; i < std::min(kLanes, size); ++i) total += lanes.lanes[i];
    return total / static_cast<double>(size);
  }
};

// Lattices numbered from 0, the seed and the ball tell streams apart.
std::vector<Moments> sample_lattices(const Points& points, Gauge gauge, std::size_t log2_size,
                                     std::size_t count, std::uint64_t seed, int threads,
                                     const Checkpoint& checkpoint) {
  constexpr std::size_t kMostPackets = 4;
  std::vector<Moments> moments(count);
  const std::size_t scratch_size = kMostPackets * points.m;
  std::vector<Packet> scratch(worker_count(count, threads) * scratch_size);
  const auto sample_one = [&](std::size_t r, int worker, const Checkpoint& poll) {
    const Lattice lattice{gauge, log2_size, mixed(seed + r)};
    Packet* x = scratch.data() + static_cast<std::size_t>(worker) * scratch_size;
    with_lanes([&](auto n) __attribute__((always_inline)) {
      moments[r] = Sampler<n>::sample(points, lattice, x, poll);
    });
  };
  parallel_for(count, threads, sample_one, checkpoint);
  return moments;
}

// Lattices are as large as 16 of them allow.
std::size_t log2_of_lattice(std::size_t n_samples, std::size_t n_lattices) {
  const std::size_t size = std::max<std::size_t>(n_samples / n_lattices, 1);
  return std::min<std::size_t>(std::bit_width(size) - 1, kLargestLattice);
}

// The ball from whose directions the samples vary least, by a pilot of its own.
Gauge choose_gauge(const Points& points, std::size_t n_pilot, std::uint64_t seed, int threads,
                   const Checkpoint& checkpoint) {
  Gauge chosen = Gauge::sphere;
  double least = std::numeric_limits<double>::infinity();
  const std::size_t log2_size = log2_of_lattice(n_pilot, kPilotLattices);
  for (const Gauge gauge : {Gauge::sphere, Gauge::cube, Gauge::simplex}) {
    const std::uint64_t stream = mixed(seed ^ mixed(1 + static_cast<std::uint64_t>(gauge)));
    double mean = 0.0;
    double square = 0.0;
    for (const Moments& moments :
         sample_lattices(points, gauge, log2_size, kPilotLattices, stream, threads, checkpoint)) {
      mean += moments.mean / kPilotLattices;
      square += moments.mean_square / kPilotLattices;
    }
    const double variation = square / (mean * mean);
    if (variation < least) {
      least = variation;
      chosen = gauge;
    }
  }
  return chosen;
}

}  // namespace

Estimate hypervolume_approx(MatrixView<const double> F, std::span<const double> ref_point,
                            std::size_t n_samples, std::uint64_t seed, SamplingMethod method,
                            int threads, const Checkpoint& checkpoint) {
  require(n_samples >= 2, "n_samples must be at least 2, got fewer");
  require(F.cols() >= 1, "F must have at least one column, got none");
  require(F.cols() <= 1000, "F must have at most 1000 columns, got more");
  require_size(ref_point.size(), "ref_point", F.cols());
  const Points points = points_of(F, ref_point, threads, checkpoint);
  if (points.n == 0) return {0.0, 0.0};
  if (points.infinite) return {std::numeric_limits<double>::infinity(), 0.0};

  Gauge gauge = Gauge::box;
  if (method == SamplingMethod::rays) {
    gauge = Gauge::sphere;
    const std::size_t n_pilot = n_samples / 64;
    if (n_pilot >= kSmallestPilot) {
      gauge = choose_gauge(points, n_pilot, seed, threads, checkpoint);
      n_samples -= 3 * n_pilot;
    }
  }
  const std::size_t log2_size = log2_of_lattice(n_samples, kFewestLattices);
  const std::vector<Moments> lattices = sample_lattices(
      points, gauge, log2_size, n_samples >> log2_size, mixed(seed), threads, checkpoint);

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
