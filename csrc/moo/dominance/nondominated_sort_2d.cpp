// Ranks in two objectives. Rows come in lexicographic order, so a row is dominated by exactly those
// before it that are no larger in the second objective. The latest member of a front has the
// smallest second value of it, and these smallest values grow from front to front: the rank of a
// row is the number of them that are no larger than its own, by binary search (patience sorting,
// the longest chain that ends at the row; Jensen 2003, doi:10.1109/TEVC.2003.817234).
//
// The search of one row waits for the outcome of the one before. So a few rows search at once among
// the fronts as they were before the first of them, and then move up behind each other: rank(j) =
// max(found(j), rank(i) + 1 over rows i of the few, before j and no larger in the second value).
//
// O(n log n) time, O(n) memory; one thread.
#include <algorithm>
#include <array>
#include <memory>

#include "moo/dominance/nondominated_sort.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kAtOnce = 8;
constexpr std::size_t kFewRows = 512;  // sorted in the time of a look at a sample
constexpr std::size_t kRowsPerCheck = 1U << 16;

class Sweep {
 public:
  explicit Sweep(std::size_t n) { last_.reserve(std::min<std::size_t>(n, 4096)); }

  void rank(std::span<const double> values, std::span<std::int32_t> ranks) {
    std::size_t k = 0;
    for (; k + kAtOnce <= values.size(); k += kAtOnce) {
      rank_few(values.subspan(k).first<kAtOnce>(), ranks.data() + k);
    }
    for (; k < values.size(); ++k) {
      const auto found = std::upper_bound(last_.begin(), last_.end(), values[k]);
      ranks[k] = static_cast<std::int32_t>(found - last_.begin());
      place(static_cast<std::size_t>(ranks[k]), values[k]);
    }
  }

 private:
  void place(std::size_t front, double value) {
    if (front == last_.size()) {
      last_.push_back(value);
    } else {
      last_[front] = value;
    }
  }

  // For each value how many last values are no larger, without branches.
  void search(std::span<const double, kAtOnce> values,
              std::array<std::uint32_t, kAtOnce>& found) const {
    found.fill(0);
    const double* const last = last_.data();
    std::uint32_t left = static_cast<std::uint32_t>(last_.size());
    for (; left > 1; left -= left / 2) {
      const std::uint32_t half = left / 2;
      for (std::size_t j = 0; j < kAtOnce; ++j) {
        const std::uint32_t behind = last[found[j] + half - 1] <= values[j];
        found[j] += half & (0U - behind);  // never a branch
      }
    }
    if (left == 0) return;
    for (std::size_t j = 0; j < kAtOnce; ++j) found[j] += last[found[j]] <= values[j];
  }

  void rank_few(std::span<const double, kAtOnce> values, std::int32_t* ranks) {
    std::array<std::uint32_t, kAtOnce> found;
    search(values, found);
    for (std::size_t j = 1; j < kAtOnce; ++j) {
      std::uint32_t rank = found[j];
      for (std::size_t i = 0; i < j; ++i) {
        const std::uint32_t behind = values[i] <= values[j] ? found[i] + 1 : 0;
        rank = std::max(rank, behind);
      }
      found[j] = rank;
    }
    for (std::size_t j = 0; j < kAtOnce; ++j) {
      ranks[j] = static_cast<std::int32_t>(found[j]);
      place(found[j], values[j]);
    }
  }

  std::vector<double> last_;
};

// Rows in the order of the first objective, where no two agree in it: what nearly all matrices of
// measured numbers allow. One visit of each row is all it takes.
bool order_by_first(MatrixView<const double> F, std::span<std::uint32_t> order,
                    std::span<double> values) {
  if (F.rows() > kFewRows && repeats(column(F, 0))) return false;
  Argsort(F.rows()).order(column(F, 0), order);
  double last = F(order[0], 0);
  values[0] = F(order[0], 1);
  std::size_t ties = 0;
  for (std::size_t k = 1; k < order.size(); ++k) {
    const double* const row = F.data() + 2 * std::size_t{order[k]};
    ties += row[0] == last;
    last = row[0];
    values[k] = row[1];
  }
  return ties == 0;
}

void sweep(std::span<const double> values, std::span<std::int32_t> ranks,
           const Checkpoint& checkpoint) {
  Sweep fronts(values.size());
  for (std::size_t k = 0; k < values.size(); k += kRowsPerCheck) {
    if (checkpoint) checkpoint();
    const std::size_t size = std::min(kRowsPerCheck, values.size() - k);
    fronts.rank(values.subspan(k, size), ranks.subspan(k, size));
  }
}

}  // namespace

void sort_two_objectives(MatrixView<const double> F, std::span<std::int32_t> ranks,
                         const Checkpoint& checkpoint) {
  const std::size_t n = F.rows();
  const auto order = std::make_unique_for_overwrite<std::uint32_t[]>(n);
  const auto values = std::make_unique_for_overwrite<double[]>(n);
  const auto found = std::make_unique_for_overwrite<std::int32_t[]>(n);
  if (order_by_first(F, {order.get(), n}, {values.get(), n})) {
    sweep({values.get(), n}, {found.get(), n}, checkpoint);
    for (std::size_t k = 0; k < n; ++k) ranks[order[k]] = found[k];
    return;
  }
  Argsort argsort(n);
  const DistinctRows rows = distinct_rows(F, argsort, checkpoint);
  for (std::size_t k = 0; k < rows.size(); ++k) values[k] = F(rows[k], 1);
  sweep({values.get(), rows.size()}, {found.get(), rows.size()}, checkpoint);
  for (std::size_t k = 0; k < rows.size(); ++k) rows.set_rank(k, found[k], ranks);
}

}  // namespace pyhwnas::moo
