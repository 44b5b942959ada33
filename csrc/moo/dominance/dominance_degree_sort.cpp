// Non-dominated sorting by dominance degrees (Zhou, Chen, Zhang 2017,
// doi:10.1109/TEVC.2016.2567648): every pair of rows is compared in every objective, by bits, see
// cover_blocks.hpp. The paper keeps the whole matrix and peels fronts off it. Here rows stand in
// lexicographic order, so that a row's dominators come before it: once their fronts are known, so
// is the row's, one more than the last of theirs. A block of the matrix is used up as soon as it is
// there, and memory stays bounded.
//
// O(m n^2 / 512) word operations for the bits and as many again, less where few rows dominate each
// other, for the fronts; O(m n) memory besides half a megabyte for each thread. Only the lower
// half of the matrix is needed. Equal rows are told apart first and get equal ranks.
#include <algorithm>
#include <array>
#include <cstring>

#include "moo/dominance/cover_blocks.hpp"
#include "moo/dominance/distinct_rows.hpp"
#include "pyhwnas/moo/dominance.hpp"
#include "require.hpp"
#include "simd/level.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kRows = CoverBlocks::kRows;
constexpr std::size_t kWords = CoverBlocks::kWords;
constexpr std::size_t kLanes = 16;
using Lanes [[gnu::vector_size(kLanes * 4)]] = std::uint32_t;

// The largest of the 2048 values whose bit is set, or 0.
[[gnu::always_inline]] inline std::uint32_t largest(const std::uint64_t* bits,
                                                    const std::uint32_t* values) {
  constexpr Lanes kBit = {1U,       1U << 1,  1U << 2,  1U << 3, 1U << 4,  1U << 5,
                          1U << 6,  1U << 7,  1U << 8,  1U << 9, 1U << 10, 1U << 11,
                          1U << 12, 1U << 13, 1U << 14, 1U << 15};
  Lanes most{};
  for (std::size_t w = 0; w < kWords; ++w) {
    if (bits[w] == 0) continue;
    for (std::size_t part = 0; part < 64; part += kLanes) {
      Lanes value;
      std::memcpy(&value, values + w * 64 + part, sizeof value);
      const auto mask = static_cast<std::uint32_t>(bits[w] >> part);
      value = (kBit & mask) != 0 ? value : 0;
      most = value > most ? value : most;
    }
  }
  std::uint32_t result = 0;
  for (std::size_t lane = 0; lane < kLanes; ++lane) result = std::max(result, most[lane]);
  return result;
}

// ends[i] is one more than row i's front, or 0 while that is not known; fronts[i] is the least that
// the blocks so far leave to it.
class Ranking {
 public:
  Ranking(const CoverBlocks& blocks, std::size_t n_workers)
      : blocks_(&blocks),
        ends_(blocks.n_blocks() * kRows, 0),
        fronts_(blocks.n_blocks() * kRows, 0),
        covers_(n_workers * kRows * kWords) {}

  // Fronts of the block's rows are at least those that the rows of an earlier block demand.
  void demand(std::size_t block, std::size_t earlier, int worker) {
    const std::span<std::uint64_t> covers = covers_of(worker);
    blocks_->find(block, earlier, covers);
    std::uint32_t* fronts = fronts_.data() + block * kRows;
    const std::uint32_t* ends = ends_.data() + earlier * kRows;
    simd::widest([&]() __attribute__((always_inline)) {
      for (std::size_t i = 0; i < blocks_->size(block); ++i) {
        fronts[i] = std::max(fronts[i], largest(covers.data() + i * kWords, ends));
      }
    });
  }

  // The block's fronts, when all earlier blocks have made their demands.
  void settle(std::size_t block) {
    const std::span<std::uint64_t> covers = covers_of(0);
    blocks_->find(block, block, covers);
    std::uint32_t* fronts = fronts_.data() + block * kRows;
    std::uint32_t* ends = ends_.data() + block * kRows;
    simd::widest([&]() __attribute__((always_inline)) {
      for (std::size_t i = 0; i < blocks_->size(block); ++i) {
        fronts[i] = std::max(fronts[i], largest(covers.data() + i * kWords, ends));
        ends[i] = fronts[i] + 1;
      }
    });
  }

  std::int32_t front(std::size_t i) const { return static_cast<std::int32_t>(fronts_[i]); }

 private:
  std::span<std::uint64_t> covers_of(int worker) {
    return std::span(covers_).subspan(static_cast<std::size_t>(worker) * kRows * kWords,
                                      kRows * kWords);
  }

  const CoverBlocks* blocks_;
  std::vector<std::uint32_t> ends_;
  std::vector<std::uint32_t> fronts_;
  std::vector<std::uint64_t> covers_;
};

}  // namespace

void dominance_degree_sort(MatrixView<const double> F, std::span<std::int32_t> ranks, int threads,
                           const Checkpoint& checkpoint) {
  require_size(ranks.size(), "ranks", F.rows());
  if (F.cols() == 0 || F.rows() == 0) {  // all rows are equal
    std::fill(ranks.begin(), ranks.end(), 0);
    return;
  }
  Argsort argsort(F.rows());
  const DistinctRows rows = distinct_rows(F, argsort, checkpoint);
  const std::vector<std::uint32_t> distinct = rows.firsts();
  const CoverBlocks blocks(F, distinct, threads, checkpoint);
  Ranking ranking(blocks, worker_count(blocks.n_blocks(), threads));
  for (std::size_t block = 0; block < blocks.n_blocks(); ++block) {
    if (checkpoint) checkpoint();
    ranking.settle(block);
    const auto demand = [&](std::size_t later, int worker) {
      ranking.demand(block + 1 + later, block, worker);
    };
    parallel_for(blocks.n_blocks() - block - 1, threads, demand, checkpoint);
  }
  rows.for_each([&](std::size_t k, std::uint32_t i) { ranks[i] = ranking.front(k); });
}

}  // namespace pyhwnas::moo
