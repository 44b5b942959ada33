// Exclusive volumes of limited sets, with one dimension sliced off per level (While, Bradstreet,
// Barone 2012, doi:10.1109/TEVC.2010.2077298). Exponential in m at worst; O(n m^2) memory per
// thread.
#include "moo/hypervolume_wfg.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <numeric>
#include <vector>

#include "moo/hypervolume_base.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kBaseSides = 4;

// A set of boxes and, once sorted, their order.
struct BoxSet {
  std::vector<double> sides;
  std::vector<std::uint32_t> order;
  std::size_t size = 0;
  std::size_t m = 0;

  const double* operator[](std::size_t i) const { return sides.data() + i * m; }
  double last_side(std::size_t i) const { return sides[i * m + m - 1]; }

  void reset(std::size_t capacity, std::size_t n_sides) {
    sides.resize(capacity * n_sides);
    size = 0;
    m = n_sides;
  }

  double* next_row() { return sides.data() + size * m; }

  // Takes in the row written at next_row(), unless another box contains it; drops those it
  // contains.
  void keep_maximal() {
    const double* candidate = next_row();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size; ++i) {
      // Contained: stop. Nothing was dropped then, or this box would have been contained before.
      if (contains((*this)[i], candidate)) return;
      if (contains(candidate, (*this)[i])) continue;
      if (kept != i) std::copy_n((*this)[i], m, sides.data() + kept * m);
      ++kept;
    }
    if (kept != size) std::copy_n(candidate, m, sides.data() + kept * m);
    size = kept + 1;
  }

  void sort_by_last_side() {
    order.resize(size);
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [this](std::uint32_t i, std::uint32_t j) {
      return last_side(i) != last_side(j) ? last_side(i) < last_side(j) : i < j;
    });
  }

 private:
  bool contains(const double* outer, const double* inner) const {
    for (std::size_t k = 0; k < m; ++k) {
      if (outer[k] < inner[k]) return false;
    }
    return true;
  }
};

// One thread's recursion; levels[k] holds the set that is worked on at depth k.
class Slicer {
 public:
  explicit Slicer(std::size_t m) : levels_(m > kBaseSides ? m - kBaseSides : 0) {}

  double volume(BoxSet& boxes, std::size_t depth = 0) {
    if (boxes.size == 0) return 0.0;
    if (boxes.m <= kBaseSides) return base_(boxes.sides.data(), boxes.size, boxes.m);
    boxes.sort_by_last_side();
    double sum = 0.0;
    for (std::size_t k = 0; k < boxes.size; ++k) sum += exclusive(boxes, k, depth);
    return sum;
  }

  // What the k-th box in order adds to those after it. Its last side is the shortest among them, so
  // whatever it shares with them spans all of that side: slice it off, and go on with one side
  // less.
  double exclusive(const BoxSet& boxes, std::size_t k, std::size_t depth) {
    const double* box = boxes[boxes.order[k]];
    const std::size_t m = boxes.m - 1;
    double own = 1.0;
    for (std::size_t side = 0; side < m; ++side) own *= box[side];

    BoxSet& shared = levels_[depth];
    shared.reset(boxes.size - k, m);
    for (std::size_t later = k + 1; later < boxes.size; ++later) {
      const double* other = boxes[boxes.order[later]];
      double* row = shared.next_row();
      for (std::size_t side = 0; side < m; ++side) row[side] = std::min(box[side], other[side]);
      shared.keep_maximal();
    }
    return box[m] * (own - volume(shared, depth + 1));
  }

 private:
  std::vector<BoxSet> levels_;
  BaseVolume base_;
};

}  // namespace

double volume_by_limited_sets(const Boxes& all, int threads, const Checkpoint& checkpoint) {
  assert(all.m > kBaseSides);
  BoxSet boxes;
  boxes.reset(all.size(), all.m);
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::copy_n(all[i], all.m, boxes.next_row());
    boxes.keep_maximal();
  }
  // The topmost sum over threads; its terms are added in order, whoever computed them.
  boxes.sort_by_last_side();
  std::vector<double> exclusive(boxes.size);
  std::vector<Slicer> slicers(static_cast<std::size_t>(std::max(threads, 1)), Slicer(boxes.m));
  parallel_for(
      boxes.size, threads,
      [&](std::size_t k, int worker) {
        exclusive[k] = slicers[static_cast<std::size_t>(worker)].exclusive(boxes, k, 0);
      },
      checkpoint);
  return std::accumulate(exclusive.begin(), exclusive.end(), 0.0);
}

}  // namespace pyhwnas::moo
