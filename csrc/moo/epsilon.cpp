// Epsilon indicators: for every row of R the least shift, or factor, by which some row of F covers
// it, by a tree of boxes (see moo/nearest.hpp); the largest of these is the indicator, so a row of
// R is done with as soon as it is no worse than one before. O((n + r) log) time in few objectives,
// O(n r m) at worst; O((n + r) m) memory.
#include <algorithm>
#include <cassert>
#include <limits>

#include "moo/nearest.hpp"
#include "moo/scouts.hpp"
#include "pyhwnas/moo/indicators.hpp"

namespace pyhwnas::moo {
namespace {

struct LargestDifference {
  static constexpr double kStart = -std::numeric_limits<double>::infinity();
  static constexpr bool kOnlyLargest = true;
  template <class Register>
  [[gnu::always_inline]] static void add(Register& sum, const Register& x, const Register& query) {
    const Register gap = x - query;
    sum = gap > sum ? gap : sum;
  }
  template <class Register>
  [[gnu::always_inline]] static void add_box(Register& sum, double low, double /*high*/,
                                             const Register& query) {
    add(sum, Register{} + low, query);
  }
};

struct LargestRatio {
  static constexpr double kStart = 0.0;
  static constexpr bool kOnlyLargest = true;
  template <class Register>
  [[gnu::always_inline]] static void add(Register& sum, const Register& x, const Register& query) {
    const Register ratio = x / query;
    sum = ratio > sum ? ratio : sum;
  }
  template <class Register>
  [[gnu::always_inline]] static void add_box(Register& sum, double low, double /*high*/,
                                             const Register& query) {
    add(sum, Register{} + low, query);
  }
};

template <class Measure>
double worst(MatrixView<const double> F, MatrixView<const double> R, int threads,
             const Checkpoint& checkpoint) {
  assert(F.rows() > 0 && R.rows() > 0 && F.cols() == R.cols());
  Scouts<Measure> scouts(F, R, -std::numeric_limits<double>::infinity(), checkpoint);
  const std::vector<std::uint32_t> left = scouts.unsettled();
  double largest = scouts.enough();
  if (!left.empty()) {
    const std::vector<double> queries = rows_of(R, left);
    std::vector<double> nearest(left.size());
    const Nearest<Measure> rows(F, {queries.data(), left.size(), R.cols()}, checkpoint);
    rows.search(nearest, threads, checkpoint, largest);
    largest = std::max(largest, *std::max_element(nearest.begin(), nearest.end()));
  }
  // Which of two zeros is found first is chance; adding 0 leaves the positive one.
  return largest + 0.0;
}

}  // namespace

double epsilon_additive(MatrixView<const double> F, MatrixView<const double> R, int threads,
                        const Checkpoint& checkpoint) {
  return worst<LargestDifference>(F, R, threads, checkpoint);
}

double epsilon_multiplicative(MatrixView<const double> F, MatrixView<const double> R, int threads,
                              const Checkpoint& checkpoint) {
  return worst<LargestRatio>(F, R, threads, checkpoint);
}

}  // namespace pyhwnas::moo
