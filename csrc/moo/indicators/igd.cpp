// Inverted generational distances: the nearest row of F for every row of R, by a tree of boxes (see
// nearest.hpp). O((n + r) log) time in few objectives, O(n r m) at worst; O((n + r) m) memory.
//
// Squares of huge or tiny distances leave the range of a double. Where they do, both sets are
// scaled by one power of two, which is taken back at the end. The distances decide, not the values:
// a row of F far away, as a penalty of the largest double is, is nearest to nothing.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "moo/indicators/nearest.hpp"
#include "moo/indicators/scouts.hpp"
#include "pyhwnas/moo/indicators.hpp"
#include "require.hpp"

namespace pyhwnas::moo {
namespace {

struct SquaredDistance {
  static constexpr double kStart = 0.0;
  static constexpr bool kOnlyLargest = false;
  template <class Register>
  [[gnu::always_inline]] static void add(Register& sum, const Register& x, const Register& query) {
    const Register gap = x - query;
    sum += gap * gap;
  }
  template <class Register>
  [[gnu::always_inline]] static void add_box(Register& sum, double low, double high,
                                             const Register& query) {
    const Register below = low - query;
    const Register above = query - high;
    Register gap = below > above ? below : above;
    gap = gap > 0.0 ? gap : Register{};
    sum += gap * gap;
  }
};

struct SquaredExcess {
  static constexpr double kStart = 0.0;
  static constexpr bool kOnlyLargest = false;
  template <class Register>
  [[gnu::always_inline]] static void add(Register& sum, const Register& x, const Register& query) {
    Register gap = x - query;
    gap = gap > 0.0 ? gap : Register{};
    sum += gap * gap;
  }
  template <class Register>
  [[gnu::always_inline]] static void add_box(Register& sum, double low, double /*high*/,
                                             const Register& query) {
    add(sum, Register{} + low, query);
  }
};

// The exponent by which values have to be scaled down, given the largest square that was found
// without: 0 where the squares of all distances that matter are representable.
int scale_exponent(double largest, MatrixView<const double> F, MatrixView<const double> R) {
  // The distance was 2^511 at least, and no difference is above 2^1025.
  if (std::isinf(largest)) return 600;
  if (largest > 0x1p-800) return 0;
  double range = 0.0;
  for (std::size_t k = 0; k < F.cols(); ++k) {
    double low = F(0, k);
    double high = low;
    for (const MatrixView<const double> set : {F, R}) {
      for (std::size_t i = 0; i < set.rows(); ++i) {
        low = std::min(low, set(i, k));
        high = std::max(high, set(i, k));
      }
    }
    range = std::max(range, high / 2 - low / 2);
  }
  return range > 0.0 && range < 0x1p-400 ? std::ilogb(range) : 0;
}

// Where a column's values are all one, in both sets, they may be too large to be scaled up; and do
// not matter.
std::vector<double> scaled(MatrixView<const double> values, int exponent) {
  std::vector<double> copy(values.rows() * values.cols());
  for (std::size_t i = 0; i < copy.size(); ++i) {
    const double value = std::ldexp(values.data()[i], -exponent);
    copy[i] = std::isfinite(value) ? value : 0.0;
  }
  return copy;
}

// Sums of fixed blocks, then their sum: an order that depends on nothing but the rows of R, and an
// error that grows slowly.
double sum_of_roots(std::span<const double> squares) {
  constexpr std::size_t kBlock = 256;
  double sum = 0.0;
  for (std::size_t begin = 0; begin < squares.size(); begin += kBlock) {
    const std::size_t end = std::min(squares.size(), begin + kBlock);
    double block = 0.0;
    for (std::size_t i = begin; i < end; ++i) block += std::sqrt(squares[i]);
    sum += block;
  }
  return sum;
}

// Of the distance of each row of R.
template <class Measure>
std::vector<double> squares(MatrixView<const double> F, MatrixView<const double> R, int threads,
                            const Checkpoint& checkpoint) {
  std::vector<double> distances(R.rows(), 0.0);
  // Rows of R that F covers are at distance 0, and found without a search.
  Scouts<Measure> scouts(F, R, 0.0, checkpoint);
  const std::vector<std::uint32_t> left = scouts.unsettled();
  if (left.empty()) return distances;
  std::vector<double> found(left.size());
  const std::vector<double> queries = rows_of(R, left);
  const Nearest<Measure> rows(F, {queries.data(), left.size(), R.cols()}, checkpoint);
  rows.search(found, threads, checkpoint);
  for (std::size_t i = 0; i < left.size(); ++i) distances[left[i]] = found[i];
  return distances;
}

template <class Measure>
double mean_distance(MatrixView<const double> F, MatrixView<const double> R, int threads,
                     const Checkpoint& checkpoint) {
  require(F.rows() > 0, "F must have at least one row, got none");
  require(F.cols() > 0, "F must have at least one column, got none");
  require(R.rows() > 0, "R must have at least one row, got none");
  require_size(R.cols(), "each row of R", F.cols());
  std::vector<double> found = squares<Measure>(F, R, threads, checkpoint);
  const int exponent = scale_exponent(*std::max_element(found.begin(), found.end()), F, R);
  if (exponent != 0) {
    const std::vector<double> scaled_f = scaled(F, exponent);
    const std::vector<double> scaled_r = scaled(R, exponent);
    found = squares<Measure>({scaled_f.data(), F.rows(), F.cols()},
                             {scaled_r.data(), R.rows(), R.cols()}, threads, checkpoint);
  }
  return std::ldexp(sum_of_roots(found) / static_cast<double>(R.rows()), exponent);
}

}  // namespace

double igd(MatrixView<const double> F, MatrixView<const double> R, int threads,
           const Checkpoint& checkpoint) {
  return mean_distance<SquaredDistance>(F, R, threads, checkpoint);
}

double igd_plus(MatrixView<const double> F, MatrixView<const double> R, int threads,
                const Checkpoint& checkpoint) {
  return mean_distance<SquaredExcess>(F, R, threads, checkpoint);
}

}  // namespace pyhwnas::moo
