#include <bit>
#include <cassert>

#include "moo/rows.hpp"
#include "pyhwnas/moo/dominance.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kRowsPerBlock = 64;

// Counts of values seen so far, by the value's rank (Fenwick 1994, doi:10.1002/spe.4380240306).
class PrefixCounts {
 public:
  explicit PrefixCounts(std::size_t n) : tree_(n + 1, 0) {}
  void add(std::size_t rank) {
    for (std::size_t k = rank + 1; k < tree_.size(); k += k & (~k + 1)) ++tree_[k];
  }
  std::int32_t up_to(std::size_t rank) const {
    std::int32_t sum = 0;
    for (std::size_t k = rank + 1; k > 0; k -= k & (~k + 1)) sum += tree_[k];
    return sum;
  }

 private:
  std::vector<std::int32_t> tree_;
};

// In lexicographic order the dominators of a row come before it; of the rows before it they are
// those whose last objective is not larger, without those that are equal.
void count_by_sweep(MatrixView<const double> F, std::span<std::int32_t> counts) {
  const std::vector<std::uint32_t> order = lexicographic_order(F);
  const std::size_t last = F.cols() - 1;
  std::vector<double> values(F.rows());
  for (std::size_t i = 0; i < F.rows(); ++i) values[i] = F(i, last);
  std::sort(values.begin(), values.end());

  PrefixCounts seen(values.size());
  const auto rank = [&](std::uint32_t i) {
    const auto at = std::lower_bound(values.begin(), values.end(), F(i, last));
    return static_cast<std::size_t>(at - values.begin());
  };
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && same_row(F[order[begin]], F[order[end]])) ++end;
    const std::size_t r = rank(order[begin]);
    const std::int32_t count = seen.up_to(r);
    for (; begin < end; ++begin) {
      counts[order[begin]] = count;
      seen.add(r);
    }
  }
}

}  // namespace

void dominance_counts(MatrixView<const double> F, std::span<std::int32_t> counts, int threads,
                      const Checkpoint& checkpoint) {
  assert(counts.size() == F.rows());
  if (F.cols() == 0) {
    std::fill(counts.begin(), counts.end(), 0);
    return;
  }
  if (F.cols() <= 2) return count_by_sweep(F, counts);

  const std::size_t n = F.rows();
  const std::size_t n_blocks = (n + kRowsPerBlock - 1) / kRowsPerBlock;
  const auto count_block = [&](std::size_t block, int) {
    const std::size_t begin = block * kRowsPerBlock;
    const std::size_t end = std::min(n, begin + kRowsPerBlock);
    for (std::size_t i = begin; i < end; ++i) {
      std::int32_t count = 0;
      for (std::size_t j = 0; j < n; ++j) {
        count += covers(F[j], F[i]) && !same_row(F[j], F[i]);
      }
      counts[i] = count;
    }
  };
  parallel_for(n_blocks, threads, count_block, checkpoint);
}

}  // namespace pyhwnas::moo
