// Crowding distance with one radix sort per objective, over all fronts at once.
//
// The order of all rows by an objective, dealt out front by front, is each front's own order: so
// many small fronts cost no more than a large one. Then gaps are taken along each front. Objectives
// are independent until their gaps are added up, which happens in the order of the objectives
// whoever computed them.
//
// O(m n) time for values that radix sort likes, O(m n log n) at worst; O(n) memory with one thread,
// O(m n) with more. Ties in an objective are in the order of row numbers, as the sort is stable.
#include "pyhwnas/moo/crowding_distance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "moo/argsort.hpp"
#include "require.hpp"

namespace pyhwnas::moo {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kRowsPerBlock = std::size_t{1} << 14;

// Fronts as slices of a list of all rows.
struct Fronts {
  std::vector<std::uint32_t> of_row;
  std::vector<std::uint32_t> begins;  // one more than there are fronts
};

Fronts fronts_of(std::span<const std::int32_t> ranks) {
  const std::size_t n = ranks.size();
  const auto [low, high] = std::minmax_element(ranks.begin(), ranks.end());
  const std::int64_t least = *low;
  const auto range = static_cast<std::size_t>(*high - least);
  Fronts fronts{std::vector<std::uint32_t>(n), {}};
  std::size_t n_fronts = range + 1;
  if (range <= 2 * n) {  // some may be empty
    for (std::size_t i = 0; i < n; ++i) {
      fronts.of_row[i] = static_cast<std::uint32_t>(ranks[i] - least);
    }
  } else {
    const std::vector<double> values(ranks.begin(), ranks.end());
    n_fronts = Argsort(n).ranks({values.data(), 1, n}, fronts.of_row);
  }
  fronts.begins.assign(n_fronts + 1, 0);
  for (const std::uint32_t front : fronts.of_row) ++fronts.begins[front + 1];
  for (std::size_t f = 0; f < n_fronts; ++f) fronts.begins[f + 1] += fronts.begins[f];
  return fronts;
}

// What one thread needs to measure one objective.
class Gaps {
 public:
  Gaps(MatrixView<const double> F, const Fronts& fronts)
      : F_(F), fronts_(&fronts), sort_(F.rows()), order_(F.rows()), values_(F.rows()) {
    if (fronts.begins.size() > 2) dealt_.resize(F.rows());
  }

  // Adds each row's gap in the objective, infinity for the ends of a front.
  void add(std::size_t objective, std::span<double> distances) {
    sort_.order(column(F_, objective), order_);
    std::span<const std::uint32_t> rows = order_;
    if (!dealt_.empty()) {
      next_.assign(fronts_->begins.begin(), fronts_->begins.end() - 1);
      for (const std::uint32_t i : order_) dealt_[next_[fronts_->of_row[i]]++] = i;
      rows = dealt_;
    }
    for (std::size_t j = 0; j < rows.size(); ++j) values_[j] = F_(rows[j], objective);
    for (std::size_t f = 0; f + 1 < fronts_->begins.size(); ++f) {
      const std::size_t begin = fronts_->begins[f];
      const std::size_t size = fronts_->begins[f + 1] - begin;
      if (size > 2) add_front(rows.subspan(begin, size), values_.data() + begin, distances);
    }
  }

 private:
  // Ascending values, and the rows that they are of.
  static void add_front(std::span<const std::uint32_t> rows, const double* values,
                        std::span<double> distances) {
    const std::size_t last = rows.size() - 1;
    if (values[0] == values[last]) return;
    distances[rows[0]] = kInfinity;
    distances[rows[last]] = kInfinity;
    const double* low = values;
    const double* high = values + last;
    while (low < high && std::isinf(*low)) ++low;
    while (high > low && std::isinf(*high)) --high;
    // Halves where the range would overflow; elsewhere not, as half the least double is none.
    const double scale = std::isinf(*high - *low) ? 0.5 : 1.0;
    const double range = *high * scale - *low * scale;
    if (!(range > 0.0)) return;
    for (std::size_t j = 1; j < last; ++j) {
      const double next = std::clamp(values[j + 1], *low, *high);
      const double previous = std::clamp(values[j - 1], *low, *high);
      distances[rows[j]] += (next * scale - previous * scale) / range;
    }
  }

  MatrixView<const double> F_;
  const Fronts* fronts_;
  Argsort sort_;
  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> dealt_;  // the same front by front; empty where there is one front
  std::vector<std::uint32_t> next_;
  std::vector<double> values_;
};

// Each objective's gaps in a column of their own, then the sums.
void add_in_parallel(MatrixView<const double> F, const Fronts& fronts, std::span<double> distances,
                     int threads, const Checkpoint& checkpoint) {
  const std::size_t n = F.rows();
  std::vector<double> columns(n * F.cols(), 0.0);
  std::vector<Gaps> gaps;
  const std::size_t n_workers = worker_count(F.cols(), threads);
  gaps.reserve(n_workers);
  for (std::size_t w = 0; w < n_workers; ++w) gaps.emplace_back(F, fronts);
  const auto measure = [&](std::size_t k, int worker) {
    gaps[static_cast<std::size_t>(worker)].add(k, std::span(columns).subspan(k * n, n));
  };
  parallel_for(F.cols(), threads, measure, checkpoint);
  const auto sum_block = [&](std::size_t block, int) {
    const std::size_t end = std::min(n, (block + 1) * kRowsPerBlock);
    for (std::size_t k = 0; k < F.cols(); ++k) {
      for (std::size_t i = block * kRowsPerBlock; i < end; ++i) distances[i] += columns[k * n + i];
    }
  };
  parallel_for((n + kRowsPerBlock - 1) / kRowsPerBlock, threads, sum_block, checkpoint);
}

}  // namespace

void crowding_distance(MatrixView<const double> F, std::span<const std::int32_t> ranks,
                       std::span<double> distances, int threads, const Checkpoint& checkpoint) {
  require_size(ranks.size(), "ranks", F.rows());
  require_size(distances.size(), "distances", F.rows());
  if (F.rows() == 0) return;
  const Fronts fronts = fronts_of(ranks);
  for (std::size_t i = 0; i < F.rows(); ++i) {
    const std::uint32_t f = fronts.of_row[i];
    distances[i] = fronts.begins[f + 1] - fronts.begins[f] <= 2 ? kInfinity : 0.0;
  }
  if (threads > 1 && F.rows() > kRowsPerBlock && F.cols() > 1) {
    return add_in_parallel(F, fronts, distances, threads, checkpoint);
  }
  Gaps gaps(F, fronts);
  for (std::size_t k = 0; k < F.cols(); ++k) {
    if (checkpoint) checkpoint();
    gaps.add(k, distances);
  }
}

}  // namespace pyhwnas::moo
