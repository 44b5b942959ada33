// The unary R2 indicator by weighted Tchebycheff distances: for every weight the row that is
// nearest to the ideal point, by a tree of boxes (see nearest.hpp) around the rows' distances
// from it. O((n + w) log) time in few objectives, O(n w m) at worst; O((n + w) m) memory.
#include <cmath>

#include "moo/indicators/nearest.hpp"
#include "pyhwnas/moo/indicators.hpp"
#include "require.hpp"

namespace pyhwnas::moo {
namespace {

struct LargestProduct {
  static constexpr double kStart = 0.0;
  static constexpr bool kOnlyLargest = false;
  template <class Register>
  [[gnu::always_inline]] static void add(Register& sum, const Register& x, const Register& query) {
    const Register product = x * query;
    sum = product > sum ? product : sum;
  }
  template <class Register>
  [[gnu::always_inline]] static void add_box(Register& sum, double low, double /*high*/,
                                             const Register& query) {
    add(sum, Register{} + low, query);
  }
};

}  // namespace

double r2(MatrixView<const double> F, std::span<const double> ideal,
          MatrixView<const double> weights, int threads, const Checkpoint& checkpoint) {
  require(F.rows() > 0, "F must have at least one row, got none");
  require(F.cols() > 0, "F must have at least one column, got none");
  require(weights.rows() > 0, "weights must have at least one row, got none");
  require_size(ideal.size(), "ideal", F.cols());
  require_size(weights.cols(), "each row of weights", F.cols());
  std::vector<double> distances(F.rows() * F.cols());
  for (std::size_t i = 0; i < F.rows(); ++i) {
    for (std::size_t k = 0; k < F.cols(); ++k) {
      distances[i * F.cols() + k] = std::abs(F(i, k) - ideal[k]);
    }
  }
  std::vector<double> nearest(weights.rows());
  const Nearest<LargestProduct> rows({distances.data(), F.rows(), F.cols()}, weights, checkpoint);
  rows.search(nearest, threads, checkpoint);
  double sum = 0.0;
  for (const double value : nearest) sum += value;
  return sum / static_cast<double>(weights.rows());
}

}  // namespace pyhwnas::moo
