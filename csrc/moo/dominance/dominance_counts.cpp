// How many rows dominate each: those that cover it, without those that are equal.
//
// One objective: a row's place in the order. Two: in lexicographic order the rows that cover a row
// come before it or are equal to it, and of those before it they are the ones whose second
// objective is not larger; a Fenwick tree over ranks counts them (Fenwick 1994,
// doi:10.1002/spe.4380240306). Three and more: bits, see cover_blocks.hpp.
#include <algorithm>
#include <bit>

#include "moo/argsort.hpp"
#include "moo/dominance/cover_blocks.hpp"
#include "moo/dominance/distinct_rows.hpp"
#include "pyhwnas/moo/dominance.hpp"
#include "require.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kRowsPerCheck = std::size_t{1} << 16;

// Counts of values seen so far, by the value's rank.
class PrefixCounts {
 public:
  explicit PrefixCounts(std::size_t n) : tree_(n + 1, 0) {}
  void add(std::size_t rank, std::int32_t count) {
    for (std::size_t k = rank + 1; k < tree_.size(); k += k & (~k + 1)) tree_[k] += count;
  }
  std::int32_t up_to(std::size_t rank) const {
    std::int32_t sum = 0;
    for (std::size_t k = rank + 1; k > 0; k -= k & (~k + 1)) sum += tree_[k];
    return sum;
  }

 private:
  std::vector<std::int32_t> tree_;
};

// body(begin, end) for each run of equal rows in the order.
template <class Body>
void for_each_run(const DistinctRows& rows, const Checkpoint& checkpoint, const Body& body) {
  for (std::size_t k = 0; k < rows.size(); ++k) {
    if (checkpoint && k % kRowsPerCheck == 0) checkpoint();
    body(rows.starts[k], k + 1 < rows.size() ? rows.starts[k + 1] : rows.order.size());
  }
}

void count_by_sweep(MatrixView<const double> F, std::span<std::int32_t> counts,
                    const Checkpoint& checkpoint) {
  Argsort argsort(F.rows());
  const DistinctRows rows = distinct_rows(F, argsort, checkpoint);
  const std::vector<std::uint32_t>& order = rows.order;
  if (F.cols() == 1) {
    for_each_run(rows, checkpoint, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) counts[order[i]] = static_cast<std::int32_t>(begin);
    });
    return;
  }
  std::vector<std::uint32_t> ranks(F.rows());
  PrefixCounts seen(argsort.ranks(column(F, 1), ranks));
  for_each_run(rows, checkpoint, [&](std::size_t begin, std::size_t end) {
    const std::uint32_t rank = ranks[order[begin]];
    const std::int32_t count = seen.up_to(rank);
    for (std::size_t i = begin; i < end; ++i) counts[order[i]] = count;
    seen.add(rank, static_cast<std::int32_t>(end - begin));
  });
}

std::int32_t count_bits(const std::uint64_t* words, std::size_t n_words) {
  std::int32_t count = 0;
  for (std::size_t w = 0; w < n_words; ++w) count += std::popcount(words[w]);
  return count;
}

void count_by_bits(MatrixView<const double> F, std::span<std::int32_t> counts, int threads,
                   const Checkpoint& checkpoint) {
  Argsort argsort(F.rows());
  const DistinctRows rows = distinct_rows(F, argsort, checkpoint);
  const std::vector<std::uint32_t>& order = rows.order;
  // No row is covered by one of a later block, unless they are equal: those are not looked at. Of
  // the others, those equal to the row, itself among them, cover it and do not dominate it.
  for_each_run(rows, checkpoint, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t block_end = (i / CoverBlocks::kRows + 1) * CoverBlocks::kRows;
      counts[order[i]] = -static_cast<std::int32_t>(std::min(end, block_end) - begin);
    }
  });
  const CoverBlocks blocks(F, order, threads, checkpoint);
  const std::size_t n_blocks = blocks.n_blocks();
  constexpr std::size_t kWords = CoverBlocks::kRows * CoverBlocks::kWords;
  std::vector<std::uint64_t> covers(worker_count(n_blocks, threads) * kWords);
  const auto count_block = [&](std::size_t index, int worker, const Checkpoint& poll) {
    const std::size_t block = n_blocks - 1 - index;  // those with most to do come first
    const std::span<std::uint64_t> bits =
        std::span(covers).subspan(static_cast<std::size_t>(worker) * kWords, kWords);
    for (std::size_t others = 0; others <= block; ++others) {
      if (poll) poll();
      blocks.find(block, others, bits);
      for (std::size_t i = 0; i < blocks.size(block); ++i) {
        counts[order[blocks.begin(block) + i]] +=
            count_bits(bits.data() + i * CoverBlocks::kWords, CoverBlocks::kWords);
      }
    }
  };
  parallel_for(n_blocks, threads, count_block, checkpoint);
}

}  // namespace

void dominance_counts(MatrixView<const double> F, std::span<std::int32_t> counts, int threads,
                      const Checkpoint& checkpoint) {
  require_size(counts.size(), "counts", F.rows());
  if (F.cols() == 0) {  // all rows are equal
    std::fill(counts.begin(), counts.end(), 0);
  } else if (F.cols() <= 2) {
    count_by_sweep(F, counts, checkpoint);
  } else {
    count_by_bits(F, counts, threads, checkpoint);
  }
}

}  // namespace pyhwnas::moo
