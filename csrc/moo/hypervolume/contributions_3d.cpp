// Three sides: two staircases in one, indexed by rank.
//
// At each width x, two heights count: the tallest of the rectangles that reach x, which has the
// region between them for itself, and the second tallest. Both are steps that descend with x; a
// cell is an interval of x in which neither changes. A new rectangle finds the cell of its width
// and goes left until the second height is above its own. On the way the heights below its own make
// room. It lies between both heights in one step of the tallest only, and each step above which it
// rises is never the tallest again: so there are O(n) cells in all, each made and closed once.
// (Emmerich, Fonseca 2011, doi:10.1007/978-3-642-19893-9_9, close boxes in the same way, for
// points none of which dominates another.)
//
// O(n log n) time, O(n) space. Equal widths and heights: the box that came later counts as the
// longer and the lower one; intervals of no width or height hold no volume.
#include <cstdint>
#include <vector>

#include "moo/argsort.hpp"
#include "moo/hypervolume/contribution_sweeps.hpp"
#include "moo/rank_set.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kPollEvery = std::size_t{1} << 14;
constexpr std::uint32_t kNobody = 0xffffffffU;

// The interval of widths that ends at `end`.
struct Cell {
  double end;
  double tallest;
  double second;
  double since;  // the last side from which on it is as it is
  std::uint32_t owner;
};

class TwoStaircases {
 public:
  // widths: of all boxes to come, by rank from 1 on, with room for one more at either end.
  TwoStaircases(std::vector<Cell> cells, std::span<double> contributions)
      : cells_(std::move(cells)), ends_(cells_.size()), contributions_(contributions) {
    // Left of all is a wall, right of all a cell without heights; no box passes either.
    constexpr double kWall = 2.0;
    last_ = static_cast<std::uint32_t>(cells_.size() - 1);
    cells_[0] = {0.0, kWall, kWall, 0.0, kNobody};
    cells_[last_] = {kWall, 0.0, 0.0, 0.0, kNobody};
    ends_.insert(0);
    ends_.insert(last_);
  }

  // A box with three sides; `rank` is that of the first.
  void insert(const double* box, std::uint32_t rank, std::uint32_t owner) {
    const double height = box[1];
    const std::uint32_t around = ends_.after(rank);
    if (cells_[around].second >= height) return;
    // What is right of the box stays as it is.
    const double width = cells_[rank].end;
    cells_[rank] = cells_[around];
    cells_[rank].end = width;
    ends_.insert(rank);

    std::uint32_t right = rank;
    for (std::uint32_t at = rank; cells_[at].second < height;) {
      const std::uint32_t left = ends_.before(at);
      close(at, left, box[2]);
      Cell& cell = cells_[at];
      if (cell.tallest < height) {
        cell.second = cell.tallest;
        cell.tallest = height;
        cell.owner = owner;
      } else {
        cell.second = height;
      }
      cell.since = box[2];
      if (at != rank && cells_[right].owner == cell.owner && cells_[right].second == cell.second) {
        ends_.erase(at);
      } else {
        right = at;
      }
      at = left;
    }
  }

  void finish() {
    for (std::uint32_t at = last_; at != 0;) {
      const std::uint32_t left = ends_.before(at);
      close(at, left, 0.0);
      at = left;
    }
  }

 private:
  void close(std::uint32_t at, std::uint32_t left, double until) {
    const Cell& cell = cells_[at];
    if (cell.owner == kNobody) return;
    contributions_[cell.owner] +=
        (cell.end - cells_[left].end) * (cell.tallest - cell.second) * (cell.since - until);
  }

  std::vector<Cell> cells_;  // by the rank of their ends
  RankSet ends_;
  std::uint32_t last_ = 0;
  std::span<double> contributions_;
};

}  // namespace

void contributions_in_three(const Boxes& boxes, std::span<double> contributions,
                            const Checkpoint& checkpoint) {
  const std::size_t n = boxes.size();
  Argsort argsort(n);
  std::vector<std::uint32_t> order(n);
  argsort.order(Column{boxes.sides.data() + 2, 3, n}, order);
  if (checkpoint) checkpoint();

  std::vector<double> widths(n);
  for (std::size_t k = 0; k < n; ++k) widths[k] = boxes[order[n - 1 - k]][0];
  std::vector<std::uint32_t> by_width(n);
  argsort.order(Column{widths.data(), 1, n}, by_width);
  std::vector<Cell> cells(n + 2);
  std::vector<std::uint32_t> ranks(n);
  for (std::size_t r = 0; r < n; ++r) {
    cells[r + 1].end = widths[by_width[r]];
    ranks[by_width[r]] = static_cast<std::uint32_t>(r + 1);
  }
  TwoStaircases staircases(std::move(cells), contributions);
  for (std::size_t k = 0; k < n; ++k) {
    if (k % kPollEvery == 0 && checkpoint) checkpoint();
    const std::uint32_t at = order[n - 1 - k];
    staircases.insert(boxes[at], ranks[k], boxes.rows[at]);
  }
  staircases.finish();
}

}  // namespace pyhwnas::moo
