// Lazy greedy selection: what a row adds to a set never grows with the set, so what it added to an
// earlier one bounds what it adds now. The rows stand in a heap by their bounds, and only those
// whose bound reaches the best gain found so far are computed anew (Minoux 1978,
// doi:10.1007/BFb0006528): a few for each row that is chosen. What a row adds is its own volume
// less that of what it shares with the chosen ones, as in hypervolume_wfg.cpp.
//
// Rounding could let a gain grow a little. A bound is therefore larger than the gain it comes from
// by more than any rounding, so that exactly those rows are chosen that are without the heap.
//
// Time for k rows out of n: k evaluations at least, k n at most, of limited sets of at most k
// boxes; in two sides, of the outline of at most k rectangles. Memory O(n m).
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "moo/hypervolume/boxes.hpp"
#include "moo/hypervolume/hypervolume_wfg.hpp"
#include "moo/hypervolume/outline.hpp"
#include "pyhwnas/moo/hypervolume.hpp"
#include "require.hpp"

namespace pyhwnas::moo {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Far more than the rounding of a gain, relative to the box's own volume.
constexpr double kRounding = 1e-11;

struct Candidate {
  double bound;
  std::uint32_t box;

  bool operator<(const Candidate& other) const { return bound < other.bound; }
};

// What boxes add to those chosen so far.
class Gains {
 public:
  Gains(Boxes& boxes, int threads, const Checkpoint& checkpoint)
      : boxes_(boxes), slicers_(worker_count(boxes.size(), threads), Slicer(boxes.m, checkpoint)) {
    if (boxes.has_infinite_side) make_finite();
    scale(boxes_);
  }

  std::size_t n_chosen() const { return chosen_.size(); }
  void choose(std::uint32_t box) {
    chosen_.push_back(box);
    if (boxes_.m == 2) outline_.add(boxes_[box][0], boxes_[box][1]);
  }

  double own(std::uint32_t box) const {
    if (is_infinite(box)) return kInfinity;
    double volume = 1.0;
    for (std::size_t k = 0; k < boxes_.m; ++k) volume *= boxes_[box][k];
    return volume;
  }

  double of(std::uint32_t box, int worker, const Checkpoint& poll) {
    if (is_infinite(box)) return adds_nothing(box) ? 0.0 : kInfinity;
    Slicer& slicer = slicers_[static_cast<std::size_t>(worker)];
    slicer.poll_with(poll);
    if (boxes_.m == 2) return area_of(box, slicer);
    slicer.told(chosen_.size() + 100);
    slicer.begin(boxes_[box], boxes_.m, chosen_.size());
    for (const std::uint32_t other : chosen_) slicer.share(boxes_[other]);
    return std::max(slicer.added(), 0.0);
  }

 private:
  bool is_infinite(std::uint32_t box) const { return !infinite_.empty() && infinite_[box] != 0; }

  double area_of(std::uint32_t box, Slicer& slicer) const {
    slicer.told(10);
    return outline_.added_by(boxes_[box][0], boxes_[box][1]);
  }

  // An infinite box is contained in a chosen one, or what it adds is infinite too.
  bool adds_nothing(std::uint32_t box) const {
    return std::any_of(chosen_.begin(), chosen_.end(), [&](std::uint32_t other) {
      for (std::size_t k = 0; k < boxes_.m; ++k) {
        if (sides_[other * boxes_.m + k] < sides_[box * boxes_.m + k]) return false;
      }
      return true;
    });
  }

  // All others end where the longest finite side does.
  void make_finite() {
    sides_ = boxes_.sides;
    infinite_.assign(boxes_.size(), 0);
    for (std::size_t k = 0; k < boxes_.m; ++k) {
      double longest = 0.0;
      for (std::size_t i = 0; i < boxes_.size(); ++i) {
        const double side = boxes_[i][k];
        if (side != kInfinity) longest = std::max(longest, side);
      }
      if (longest == 0.0) longest = 1.0;
      for (std::size_t i = 0; i < boxes_.size(); ++i) {
        double& side = boxes_.sides[i * boxes_.m + k];
        if (side != kInfinity) continue;
        side = longest;
        infinite_[i] = 1;
      }
    }
    boxes_.has_infinite_side = false;
  }

  Boxes& boxes_;
  std::vector<Slicer> slicers_;
  std::vector<std::uint32_t> chosen_;
  Outline outline_;
  // As they were; nothing if all are finite.
  std::vector<double> sides_;
  std::vector<std::uint8_t> infinite_;
};

// The candidates in a heap, and those whose gain is known for the present choice.
class LazyGreedy {
 public:
  LazyGreedy(const Boxes& boxes, Gains& gains, int threads, const Checkpoint& checkpoint)
      : gains_(gains), threads_(threads), checkpoint_(checkpoint), m_(boxes.m) {
    heap_.reserve(boxes.size());
    for (std::uint32_t box = 0; box < boxes.size(); ++box) heap_.push_back({gains.own(box), box});
    std::make_heap(heap_.begin(), heap_.end());
  }

  // The box that adds most, of equal ones the first; chosen. None: nothing adds anything.
  bool next(std::uint32_t& box) {
    known_.clear();
    Candidate best{0.0, 0};
    while (!heap_.empty() && heap_.front().bound > 0.0 && heap_.front().bound >= best.bound) {
      const std::size_t first = known_.size();
      const std::size_t n = std::min(batch(), heap_.size());
      for (std::size_t i = 0; i < n; ++i) {
        std::pop_heap(heap_.begin(), heap_.end());
        known_.push_back(heap_.back());
        heap_.pop_back();
      }
      compute(first);
      for (std::size_t i = first; i < known_.size(); ++i) {
        if (before(known_[i], best)) best = known_[i];
      }
    }
    for (const Candidate& candidate : known_) {
      if (best.bound > 0.0 && candidate.box == best.box) continue;
      const double margin = kRounding * gains_.own(candidate.box);
      heap_.push_back({candidate.bound + margin, candidate.box});
      std::push_heap(heap_.begin(), heap_.end());
    }
    if (best.bound == 0.0) return false;
    box = best.box;
    gains_.choose(box);
    return true;
  }

 private:
  // The gains of the known ones from `first` on.
  void compute(std::size_t first) {
    const auto one = [&](std::size_t i, int worker, const Checkpoint& poll) {
      Candidate& candidate = known_[first + i];
      candidate.bound = gains_.of(candidate.box, worker, poll);
    };
    if (known_.size() - first == 1) return one(0, 0, checkpoint_);
    parallel_for(known_.size() - first, threads_, one, checkpoint_);
  }

  static bool before(const Candidate& a, const Candidate& b) {
    return a.bound > b.bound || (a.bound == b.bound && a.bound > 0.0 && a.box < b.box);
  }

  // How many to compute at once: more than needed, so only where a gain takes longer than a thread.
  // Which boxes are computed does not change which is chosen.
  std::size_t batch() const {
    const bool is_long = m_ >= 6 && gains_.n_chosen() >= 16;
    return is_long ? static_cast<std::size_t>(std::max(threads_, 1)) : 1;
  }

  Gains& gains_;
  int threads_;
  const Checkpoint& checkpoint_;
  std::size_t m_;
  std::vector<Candidate> heap_;
  std::vector<Candidate> known_;
};

}  // namespace

void hypervolume_subset(MatrixView<const double> F, std::span<const double> ref_point,
                        std::span<std::int64_t> chosen, int threads, const Checkpoint& checkpoint) {
  require(F.cols() >= 1, "F must have at least one column, got none");
  require_size(ref_point.size(), "ref_point", F.cols());
  require(chosen.size() <= F.rows(), "chosen must have at most as many entries as F has rows");
  std::size_t n_chosen = 0;
  std::vector<std::uint8_t> taken(F.rows());
  const auto take = [&](std::size_t row) {
    chosen[n_chosen++] = static_cast<std::int64_t>(row);
    taken[row] = 1;
  };
  Boxes boxes = boxes_below(F, ref_point);
  if (boxes.size() > 0) {
    Gains gains(boxes, threads, checkpoint);
    LazyGreedy greedy(boxes, gains, threads, checkpoint);
    std::uint32_t box = 0;
    while (n_chosen < chosen.size() && greedy.next(box)) take(boxes.rows[box]);
  }
  for (std::size_t row = 0; n_chosen < chosen.size(); ++row) {
    if (taken[row] == 0) take(row);
  }
}

}  // namespace pyhwnas::moo
