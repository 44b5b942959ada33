// Epsilon indicators: for every row of R the least shift, or factor, by which some row of F covers
// it; the largest of these is the indicator.
//
// A row of R is done with as soon as some row of F shows that it needs no more than another one
// does. A sample of R gives a first such bound. Then a row of F that is likely to cover the row of
// R shifted by that bound is looked up in a grid (two and three objectives, cover_guide.hpp),
// and what remains asks the rows of F that the sample found nearest (scouts.hpp). Few rows of R
// are left; they compare with all rows of F, or where they are many search a tree of boxes
// (nearest.hpp).
//
// Factors are quotients, and a division takes the time of many products. So all but the last step
// multiply by reciprocals instead, which is wrong by less than 2^-51 of the value, and settle a row
// only if it lies below the bound by more than that. The last step divides, but only where a
// product says that the quotient can be the least one. Both need that nothing over- or underflows;
// where that could happen, all steps divide.
//
// O((n + r) m) time where few rows are left, O((n + r) log) in few objectives, O(n r m) at worst;
// O((n + r) m) memory.
#include <algorithm>
#include <limits>

#include "moo/indicators/cover_guide.hpp"
#include "moo/indicators/nearest.hpp"
#include "moo/indicators/scouts.hpp"
#include "pyhwnas/moo/indicators.hpp"
#include "require.hpp"

namespace pyhwnas::moo {
namespace {

// Products and quotients differ by less than this share, with room to spare.
constexpr double kSlackOfProducts = 0x1p-48;
// For fewer pairs of rows a tree costs more than it saves; for fewer packets of them threads take
// longer to start.
constexpr std::size_t kFewPairs = 1 << 21;
constexpr std::size_t kScanRows = 256;
constexpr std::size_t kFewForThreads = 2048;
constexpr std::size_t kFewestForGuide = 256;
constexpr std::size_t kStepsPerPoll = 1 << 14;

// What all measures here share: the largest over the coordinates counts.
template <class Step>
struct Largest : Step {
  static constexpr bool kOnlyLargest = true;
  template <class Register>
  [[gnu::always_inline]] static void add(Register& sum, const Register& x, const Register& query) {
    Register value;
    Step::set(value, x, query);
    sum = value > sum ? value : sum;
  }
  template <class Register>
  [[gnu::always_inline]] static void add_box(Register& sum, double low, double /*high*/,
                                             const Register& query) {
    add(sum, Register{} + low, query);
  }
};

struct Difference {
  static constexpr double kStart = -std::numeric_limits<double>::infinity();
  static constexpr double kSlack = 0.0;
  static constexpr bool kHardIfLow = true;
  using Scale = LinearScale;
  template <class Value>
  [[gnu::always_inline]] static void set(Value& value, const Value& x, const Value& query) {
    value = x - query;
  }
  // The coordinate at which a row has the given measure.
  static double shifted(double query, double by) { return query + by; }
};

struct Ratio {
  static constexpr double kStart = 0.0;
  static constexpr double kSlack = 0.0;
  static constexpr bool kHardIfLow = true;
  using Scale = RatioScale;
  template <class Value>
  [[gnu::always_inline]] static void set(Value& value, const Value& x, const Value& query) {
    value = x / query;
  }
  static double shifted(double query, double by) { return query * by; }
};

// The ratio to the reciprocal of the query.
struct Product {
  static constexpr double kStart = 0.0;
  static constexpr double kSlack = kSlackOfProducts;
  static constexpr bool kHardIfLow = false;
  using Scale = RatioScale;
  template <class Value>
  [[gnu::always_inline]] static void set(Value& value, const Value& x, const Value& query) {
    value = x * query;
  }
  static double shifted(double query, double by) { return by / query; }
};

// Takes those queries off the list that the row from the grid settles.
template <class Step>
void sift(MatrixView<const double> F, MatrixView<const double> queries,
          std::vector<std::uint32_t>& left, double enough, const Checkpoint& checkpoint) {
  const std::size_t m = F.cols();
  if (!CoverGuide<typename Step::Scale>::serves(m) || F.rows() < kFewestForGuide) return;
  const CoverGuide<typename Step::Scale> guide(F);
  std::size_t n_left = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (i % kStepsPerPoll == 0 && checkpoint) checkpoint();
    const double* query = queries.data() + left[i] * m;
    double point[2];
    for (std::size_t k = 0; k + 1 < m; ++k) point[k] = Step::shifted(query[k], enough);
    const double* row = F.data() + guide.propose(point) * m;
    bool settled = true;
    for (std::size_t k = 0; k < m; ++k) {
      double value = 0.0;
      Step::set(value, row[k], query[k]);
      settled &= value <= enough;
    }
    left[n_left] = left[i];
    n_left += !settled;
  }
  left.resize(n_left);
}

// The query that looks hardest to cover in each of as many groups as there are scouts.
template <class Step>
std::vector<std::uint32_t> hard_ones(MatrixView<const double> queries) {
  constexpr std::size_t kGroups = Scouts<Largest<Step>>::kScouts;
  const std::size_t m = queries.cols();
  std::vector<std::uint32_t> hardest;
  if (queries.rows() < kGroups) return hardest;
  for (std::size_t group = 0; group < kGroups; ++group) {
    const std::size_t begin = group * queries.rows() / kGroups;
    const std::size_t end = (group + 1) * queries.rows() / kGroups;
    std::size_t found = begin;
    double most = -std::numeric_limits<double>::infinity();
    for (std::size_t q = begin; q < end; ++q) {
      double sum = 0.0;
      for (std::size_t k = 0; k < m; ++k) sum += queries(q, k);
      const double hardness = Step::kHardIfLow ? -sum : sum;
      if (hardness > most) {
        most = hardness;
        found = q;
      }
    }
    hardest.push_back(static_cast<std::uint32_t>(found));
  }
  return hardest;
}

// The rows of R that can have the largest value of all; none if `enough` is that value.
template <class Step>
std::vector<std::uint32_t> candidates(MatrixView<const double> F, MatrixView<const double> queries,
                                      double& enough, const Checkpoint& checkpoint) {
  Scouts<Largest<Step>> scouts(F, queries, -std::numeric_limits<double>::infinity(), checkpoint,
                               Step::kSlack);
  std::vector<std::uint32_t> left =
      scouts.unsettled([&](std::vector<std::uint32_t>& unsettled,
                           double known) { sift<Step>(F, queries, unsettled, known, checkpoint); },
                       hard_ones<Step>(queries));
  enough = scouts.enough();
  return left;
}

// The least quotient of any row of F for eight queries given by their reciprocals: by products
// first, then by quotients for the rows that come as close to the least product as rounding allows.
template <class Step, class Exact, std::size_t n>
[[gnu::always_inline]] inline void least_of_rows(MatrixView<const double> F, const Packet* inverse,
                                                 const Packet* query, std::size_t begin,
                                                 std::size_t end, Packet& product,
                                                 Packet& quotient) {
  const std::size_t m = F.cols();
  Lanes<n> best;
  best.load(product);
  for (std::size_t r = begin; r < end; ++r) {
    const double* row = F.data() + r * m;
    Lanes<n> sum;
    sum.fill(Step::kStart);
    for (std::size_t k = 0; k < m; ++k) {
      Lanes<n> q;
      q.load(inverse[k]);
      for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
        Largest<Step>::add(sum.at[i], row[k] + typename Lanes<n>::Register{}, q.at[i]);
      }
    }
    Lanes<n> reach;
    for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
      reach.at[i] = best.at[i] * (1.0 + Step::kSlack);
    }
    if (!sum.any_at_most(reach)) continue;
    best.lower_to(sum);
    Lanes<n> exact;
    exact.fill(Exact::kStart);
    for (std::size_t k = 0; k < m; ++k) {
      Lanes<n> q;
      q.load(query[k]);
      for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
        Largest<Exact>::add(exact.at[i], row[k] + typename Lanes<n>::Register{}, q.at[i]);
      }
    }
    Lanes<n> least;
    least.load(quotient);
    least.lower_to(exact);
    least.store(quotient);
  }
  best.store(product);
}

// The largest, over some rows of R, of the least value; at least the true one's lower bound
// `enough`. Packets end early when all of their values are known to be no larger than that.
template <class Step, class Exact>
double largest_by_scan(MatrixView<const double> F, MatrixView<const double> R,
                       MatrixView<const double> queries, const std::vector<std::uint32_t>& left,
                       double enough, const Checkpoint& checkpoint) {
  const std::size_t m = F.cols();
  std::vector<Packet> packets(2 * m);
  double largest = enough;
  std::size_t n_met = 0;
  for (std::size_t first = 0; first < left.size(); first += kLanes) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      const std::size_t q = left[std::min(first + i, left.size() - 1)];
      for (std::size_t k = 0; k < m; ++k) {
        packets[k].lanes[i] = queries(q, k);
        packets[m + k].lanes[i] = R(q, k);
      }
    }
    Packet estimate;
    Packet exact;
    estimate.lanes.fill(std::numeric_limits<double>::infinity());
    exact.lanes.fill(std::numeric_limits<double>::infinity());
    for (std::size_t begin = 0; begin < F.rows(); begin += kScanRows) {
      n_met += kScanRows;
      if (checkpoint && n_met % kStepsPerPoll == 0) checkpoint();
      const std::size_t end = std::min(F.rows(), begin + kScanRows);
      with_lanes([&](auto n) __attribute__((always_inline)) {
        least_of_rows<Step, Exact, n>(F, packets.data(), packets.data() + m, begin, end, estimate,
                                      exact);
      });
      if (*std::max_element(exact.lanes.begin(), exact.lanes.end()) <= largest) break;
    }
    largest = std::max(largest, *std::max_element(exact.lanes.begin(), exact.lanes.end()));
  }
  return largest;
}

template <class Step>
double largest_of(MatrixView<const double> F, MatrixView<const double> R,
                  const std::vector<std::uint32_t>& left, double enough, int threads,
                  const Checkpoint& checkpoint) {
  const std::vector<double> queries = rows_of(R, left);
  std::vector<double> nearest(left.size());
  const Nearest<Largest<Step>> rows(F, {queries.data(), left.size(), R.cols()}, checkpoint);
  rows.search(nearest, left.size() < kFewForThreads ? 1 : threads, checkpoint, enough);
  return *std::max_element(nearest.begin(), nearest.end());
}

void require_sets(MatrixView<const double> F, MatrixView<const double> R) {
  require(F.rows() > 0, "F must have at least one row, got none");
  require(F.cols() > 0, "F must have at least one column, got none");
  require(R.rows() > 0, "R must have at least one row, got none");
  require_size(R.cols(), "each row of R", F.cols());
}

template <class Step>
double worst(MatrixView<const double> F, MatrixView<const double> R, int threads,
             const Checkpoint& checkpoint) {
  require_sets(F, R);
  double largest = 0.0;
  const std::vector<std::uint32_t> left = candidates<Step>(F, R, largest, checkpoint);
  if (left.size() * F.rows() <= kFewPairs) {
    largest = largest_by_scan<Step, Step>(F, R, R, left, largest, checkpoint);
  } else {
    largest = std::max(largest, largest_of<Step>(F, R, left, largest, threads, checkpoint));
  }
  // Which of two zeros is found first is chance; adding 0 leaves the positive one.
  return largest + 0.0;
}

// Whether products of these values with reciprocals of such neither overflow nor vanish.
bool is_tame(MatrixView<const double> values) {
  const double* x = values.data();
  const std::size_t n = values.rows() * values.cols();
  bool tame = true;
  for (std::size_t i = 0; i < n; ++i) tame &= x[i] > 0x1p-400 && x[i] < 0x1p400;
  return tame;
}

}  // namespace

double epsilon_additive(MatrixView<const double> F, MatrixView<const double> R, int threads,
                        const Checkpoint& checkpoint) {
  return worst<Difference>(F, R, threads, checkpoint);
}

double epsilon_multiplicative(MatrixView<const double> F, MatrixView<const double> R, int threads,
                              const Checkpoint& checkpoint) {
  require_sets(F, R);
  if (!is_tame(F) || !is_tame(R)) return worst<Ratio>(F, R, threads, checkpoint);
  std::vector<double> inverses(R.data(), R.data() + R.rows() * R.cols());
  for (double& x : inverses) x = 1.0 / x;
  double enough = 0.0;
  const std::vector<std::uint32_t> left =
      candidates<Product>(F, {inverses.data(), R.rows(), R.cols()}, enough, checkpoint);
  if (left.size() * F.rows() <= kFewPairs) {
    return largest_by_scan<Product, Ratio>(F, R, {inverses.data(), R.rows(), R.cols()}, left,
                                           enough, checkpoint);
  }
  return largest_of<Ratio>(F, R, left, enough, threads, checkpoint);
}

}  // namespace pyhwnas::moo
