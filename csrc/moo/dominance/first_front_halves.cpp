// The first front by divide and conquer (Kung, Luccio, Preparata 1975, doi:10.1145/321906.321910).
//
// Rows stand in lexicographic order. The first half's front is found; it removes what it covers
// from the second half, where the first objective no longer matters; then the front of the rest is
// found. Removing is recursive too: rows and removers are cut at a median of one objective; low
// against low and high against high keep the problem's form, low removers against high rows have
// one objective less, and high removers against low rows have nothing to say. Kung and others go
// on until two objectives or two rows are left. Here it ends at a few thousand removers, which a
// CoverTile tests at once: that is what rows with many objectives, of which divide and conquer can
// discard few pairs, need most.
//
// O(n (log n)^(m - 2)) in the limit, O(m n^2 / 512) word operations until then; O(n) memory besides
// a tile for each thread.
#include <algorithm>
#include <array>
#include <cassert>
#include <numeric>
#include <utility>

#include "moo/dominance/cover_tile.hpp"
#include "moo/dominance/first_front.hpp"

namespace pyhwnas::moo {
namespace {

using Rows = std::span<std::uint32_t>;

// Below so many queries a tile is not worth building; below so many pairs rows are compared.
constexpr std::size_t kMinQueries = 128;
constexpr std::size_t kMaxPairs = std::size_t{1} << 14;
constexpr std::size_t kPivotSample = 63;
constexpr std::size_t kRowsPerCheck = std::size_t{1} << 14;
constexpr std::size_t kLeastRowsForBest = 4 * CoverTile::kMaxRows;

// Removes covered rows. One for each thread.
class Remover {
 public:
  Remover(MatrixView<const std::uint32_t> ranks, std::span<std::uint8_t> dead)
      : ranks_(ranks), dead_(dead), tile_(ranks) {}

  // Marks the rows that a remover covers in the objectives. Reorders both lists.
  void remove(Rows removers, Rows rows, std::span<const std::uint32_t> objectives,
              const Checkpoint& checkpoint) {
    if (removers.empty() || rows.empty()) return;
    if (checkpoint) checkpoint();
    if (objectives.empty()) {
      for (const std::uint32_t i : rows) dead_[i] = 1;
      return;
    }
    if (removers.size() * rows.size() <= kMaxPairs) return compare(removers, rows, objectives);
    if (removers.size() <= CoverTile::kMaxRows && rows.size() >= kMinQueries) {
      return remove_by_tile(removers, rows, objectives, checkpoint);
    }
    split(removers, rows, objectives, checkpoint);
  }

  // `removers` is not empty and fits into a tile. Leaves the order of both lists.
  void remove_by_tile(std::span<const std::uint32_t> removers, std::span<const std::uint32_t> rows,
                      std::span<const std::uint32_t> objectives, const Checkpoint& checkpoint) {
    tile_.build(removers, objectives);
    for (std::size_t begin = 0; begin < rows.size(); begin += kRowsPerCheck) {
      if (checkpoint) checkpoint();
      tile_.mark_covered(rows.subspan(begin, std::min(kRowsPerCheck, rows.size() - begin)), dead_);
    }
  }

  void remove_copies(std::span<const std::uint32_t> removers, std::span<const std::uint32_t> rows,
                     std::span<const std::uint32_t> objectives, const Checkpoint& checkpoint) {
    removers_.assign(removers.begin(), removers.end());
    rows_.assign(rows.begin(), rows.end());
    remove(removers_, rows_, objectives, checkpoint);
  }

  CoverTile& tile() { return tile_; }

 private:
  void compare(Rows removers, Rows rows, std::span<const std::uint32_t> objectives) {
    for (const std::uint32_t i : rows) {
      for (const std::uint32_t j : removers) {
        bool covers = true;
        for (const std::uint32_t k : objectives) covers &= ranks_(j, k) <= ranks_(i, k);
        if (!covers) continue;
        dead_[i] = 1;
        break;
      }
    }
  }

  void split(Rows removers, Rows rows, std::span<const std::uint32_t> objectives,
             const Checkpoint& checkpoint) {
    // The last objective is settled first; turning the list around makes each its turn.
    std::vector<std::uint32_t> fewer(objectives.begin(), objectives.end() - 1);
    std::vector<std::uint32_t> turned(1, objectives.back());
    turned.insert(turned.end(), fewer.begin(), fewer.end());
    const std::uint32_t k = objectives.back();

    const std::uint32_t pivot = pivot_of(removers, k);
    const auto is_low = [&](std::uint32_t i) { return ranks_(i, k) < pivot; };
    const auto halves = [&](Rows list) {
      const auto middle = std::partition(list.begin(), list.end(), is_low);
      const auto n_low = static_cast<std::size_t>(middle - list.begin());
      return std::pair(list.first(n_low), list.subspan(n_low));
    };
    auto [low_removers, high_removers] = halves(removers);
    auto [low, high] = halves(rows);
    if (low_removers.empty()) return remove(high_removers, high, fewer, checkpoint);
    remove(low_removers, high, fewer, checkpoint);
    high = alive(high);
    remove(low_removers, low, turned, checkpoint);
    remove(high_removers, high, turned, checkpoint);
  }

  // A value of the removers with about half of them below it; the least one only if all are equal.
  std::uint32_t pivot_of(Rows removers, std::uint32_t objective) const {
    std::array<std::uint32_t, kPivotSample> sample;
    for (std::size_t s = 0; s < kPivotSample; ++s) {
      sample[s] = ranks_(removers[s * removers.size() / kPivotSample], objective);
    }
    std::nth_element(sample.begin(), sample.begin() + kPivotSample / 2, sample.end());
    const std::uint32_t median = sample[kPivotSample / 2];
    std::uint32_t above = ~0U;  // no rank is that large
    for (const std::uint32_t i : removers) {
      const std::uint32_t value = ranks_(i, objective);
      if (value < median) return median;
      if (value > median) above = std::min(above, value);
    }
    return above == ~0U ? median : above;
  }

  Rows alive(Rows rows) const {
    const auto end =
        std::partition(rows.begin(), rows.end(), [&](std::uint32_t i) { return dead_[i] == 0; });
    return rows.first(static_cast<std::size_t>(end - rows.begin()));
  }

  MatrixView<const std::uint32_t> ranks_;
  std::span<std::uint8_t> dead_;
  CoverTile tile_;
  std::vector<std::uint32_t> removers_;
  std::vector<std::uint32_t> rows_;
};

class Halving {
 public:
  Halving(MatrixView<const std::uint32_t> ranks, std::span<std::uint8_t> dead, int threads,
          const Checkpoint& checkpoint)
      : ranks_(ranks), dead_(dead), checkpoint_(checkpoint), objectives_(ranks.cols()) {
    std::iota(objectives_.begin(), objectives_.end(), 0U);
    removers_.reserve(static_cast<std::size_t>(threads));
    for (int t = 0; t < threads; ++t) removers_.emplace_back(ranks, dead);
  }

  // Marks what a row of the list dominates; the others, in order, move to the front of the list.
  Rows front_of(Rows list) {
    if (checkpoint_) checkpoint_();
    if (list.size() <= CoverTile::kMaxRows) {
      if (list.size() > 1) {
        CoverTile& tile = removers_[0].tile();
        tile.build(list, objectives_);
        tile.mark_own(dead_);
      }
      return alive(list);
    }
    const Rows first = front_of(list.first(list.size() / 2));
    Rows second = list.subspan(list.size() / 2);
    remove(first, second);
    second = front_of(alive(second));
    const auto end = std::copy(second.begin(), second.end(), first.end());
    return list.first(static_cast<std::size_t>(end - list.begin()));
  }

  // Removes what a tile of the rows with the least sums of ranks covers: mostly most of what goes.
  Rows without_worst(Rows list) {
    if (list.size() < kLeastRowsForBest) return list;
    std::vector<std::uint64_t> sums(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::span<const std::uint32_t> row = ranks_[list[i]];
      sums[i] = std::accumulate(row.begin(), row.end(), std::uint64_t{0});
    }
    std::vector<std::uint64_t> sorted = sums;
    const auto limit = sorted.begin() + CoverTile::kMaxRows;
    std::nth_element(sorted.begin(), limit, sorted.end());
    std::vector<std::uint32_t> best;
    std::vector<std::uint32_t> others;
    for (std::size_t i = 0; i < list.size(); ++i)
      (sums[i] < *limit ? best : others).push_back(list[i]);
    if (best.empty()) return list;
    const Rows leaders = front_of(best);
    remove_by_tile(leaders, others);
    return alive(list);
  }

 private:
  void remove_by_tile(Rows leaders, std::span<const std::uint32_t> others) {
    const std::size_t n_blocks = (others.size() + kRowsPerCheck - 1) / kRowsPerCheck;
    const std::size_t n_workers = std::min(n_blocks, removers_.size());
    for (std::size_t w = 0; w < n_workers; ++w) removers_[w].tile().build(leaders, objectives_);
    const auto mark = [&](std::size_t block, int worker) {
      const std::size_t begin = block * kRowsPerCheck;
      const std::size_t count = std::min(kRowsPerCheck, others.size() - begin);
      removers_[static_cast<std::size_t>(worker)].tile().mark_covered(others.subspan(begin, count),
                                                                      dead_);
    };
    parallel_for(n_blocks, static_cast<int>(n_workers), mark, checkpoint_);
  }

  // The first objective is settled: no row of `first` is larger in it. Removing reorders its lists,
  // so it gets copies. A row's fate does not depend on the rows beside it, so neither do results
  // on how many parts there are.
  void remove(std::span<const std::uint32_t> first, std::span<const std::uint32_t> second) {
    const std::span<const std::uint32_t> objectives = std::span(objectives_).subspan(1);
    const std::size_t most = removers_.size() > 1 ? 2 * removers_.size() : 1;
    const std::size_t n_parts =
        std::clamp<std::size_t>(second.size() / CoverTile::kMaxRows, 1, most);
    const auto remove_part = [&](std::size_t part, int worker, const Checkpoint& poll) {
      const std::size_t begin = second.size() * part / n_parts;
      const std::size_t end = second.size() * (part + 1) / n_parts;
      removers_[static_cast<std::size_t>(worker)].remove_copies(
          first, second.subspan(begin, end - begin), objectives, poll);
    };
    parallel_for(n_parts, static_cast<int>(removers_.size()), remove_part, checkpoint_);
  }

  Rows alive(Rows rows) const {
    const auto end =
        std::remove_if(rows.begin(), rows.end(), [&](std::uint32_t i) { return dead_[i] != 0; });
    return rows.first(static_cast<std::size_t>(end - rows.begin()));
  }

  MatrixView<const std::uint32_t> ranks_;
  std::span<std::uint8_t> dead_;
  const Checkpoint& checkpoint_;
  std::vector<std::uint32_t> objectives_;
  std::vector<Remover> removers_;
};

}  // namespace

void mark_dominated_by_halves(MatrixView<const std::uint32_t> ranks,
                              std::span<std::uint8_t> is_dominated, int threads,
                              const Checkpoint& checkpoint) {
  assert(is_dominated.size() == ranks.rows() && ranks.cols() > 0);
  std::vector<std::uint32_t> list(ranks.rows());
  std::iota(list.begin(), list.end(), 0U);
  const auto most = static_cast<int>(ranks.rows() / CoverTile::kMaxRows + 1);
  Halving halving(ranks, is_dominated, std::clamp(threads, 1, most), checkpoint);
  halving.front_of(halving.without_worst(list));
}

}  // namespace pyhwnas::moo
