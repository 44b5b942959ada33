// Exclusive volumes of limited sets, with one dimension sliced off per level (While, Bradstreet,
// Barone 2012, doi:10.1109/TEVC.2010.2077298): sets that are too large for words, or of too many
// sides. Exponential in m at worst; O(n m^2) memory per thread.
#include "moo/hypervolume/hypervolume_wfg.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <functional>
#include <numeric>

#include "moo/hypervolume/hypervolume_sweeps.hpp"
#include "moo/hypervolume/hypervolume_wfg_rows.hpp"

namespace pyhwnas::moo {
namespace {

// From so many boxes on, by their sides, a sweep takes less time than limited sets.
constexpr std::array<std::size_t, 7> kSweep = {1, 1, 16, 64, 24, 20, 90};

double product_of(const double* box, std::size_t m) {
  return std::accumulate(box, box + m, 1.0, std::multiplies<>());
}

}  // namespace

void BoxSet::reset(std::size_t capacity, std::size_t n_sides) {
  if (sides.size() < capacity * n_sides) sides.resize(capacity * n_sides);
  size = 0;
  m = n_sides;
}

void BoxSet::sort_by_last_side() {
  order.resize(size);
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [this](std::uint32_t i, std::uint32_t j) {
    return last_side(i) != last_side(j) ? last_side(i) < last_side(j) : i < j;
  });
}

double Slicer::volume(BoxSet& boxes, std::size_t depth) {
  if (boxes.size == 0) return 0.0;
  if (boxes.size == 1) return product_of(boxes[0], boxes.m);
  if (boxes.m < kSweep.size() && boxes.size >= kSweep[boxes.m]) return sweep(boxes);
  if (RankedBoxes::fits(boxes.size, boxes.m)) {
    ranked_.assign(boxes.sides.data(), boxes.size, boxes.m);
    return words_.volume(ranked_);
  }
  boxes.sort_by_last_side();
  double sum = 0.0;
  for (std::size_t k = 0; k < boxes.size; ++k) sum += added_to_later(boxes, k, depth);
  return sum;
}

double Slicer::sweep(const BoxSet& boxes) {
  swept_.m = boxes.m;
  swept_.sides.assign(boxes.sides.data(), boxes.sides.data() + boxes.size * boxes.m);
  swept_.rows.resize(boxes.size);
  switch (boxes.m) {
    case 1:
      return *std::max_element(swept_.sides.begin(), swept_.sides.end());
    case 2:
      return volume_of_rectangles(swept_);
    case 3:
      return volume_in_three(swept_, *poll_);
    default:
      return volume_by_free_cells(swept_, *poll_);
  }
}

// Its last side is the shortest among them, so whatever it shares with them spans all of that side:
// slice it off, and go on with one side less.
double Slicer::added_to_later(const BoxSet& boxes, std::size_t k, std::size_t depth) {
  const double* box = boxes[boxes.order[k]];
  const std::size_t m = boxes.m - 1;
  BoxSet& shared = levels_[depth];
  shared.reset(boxes.size - k - 1, m);
  for (std::size_t later = k + 1; later < boxes.size; ++later) {
    append_shared(box, boxes[boxes.order[later]], shared);
  }
  keep_maximal(shared);
  return box[m] * (product_of(box, m) - volume(shared, depth + 1));
}

void Slicer::begin(const double* box, std::size_t m, std::size_t n) {
  box_.assign(box, box + m);
  levels_.back().reset(n, m);
}

void Slicer::share(const double* other) {
  append_shared(box_.data(), other, levels_.back());
}

double Slicer::added() {
  BoxSet& shared = levels_.back();
  keep_maximal(shared);
  return product_of(box_.data(), shared.m) - volume(shared);
}

void Slicer::append_shared(const double* box, const double* other, BoxSet& shared) {
  double* row = shared.sides.data() + shared.size * shared.m;
  for (std::size_t side = 0; side < shared.m; ++side) row[side] = std::min(box[side], other[side]);
  ++shared.size;
}

void Slicer::keep_maximal(BoxSet& boxes) {
  group_.resize(8 * boxes.m);
  const auto work = [this](std::size_t comparisons) { told(comparisons); };
  boxes.size = at_width([&]<int width>() __attribute__((always_inline)) {
    return BoxRows<width>::maximal(boxes.sides.data(), boxes.size, boxes.m, group_.data(), work);
  });
}

void Slicer::told(std::size_t comparisons) {
  work_ += comparisons;
  if (work_ < 100'000) return;
  work_ = 0;
  if (*poll_) (*poll_)();
}

double volume_by_limited_sets(const Boxes& all, int threads, const Checkpoint& checkpoint) {
  assert(all.m > 4);
  std::vector<Slicer> slicers(worker_count(all.size(), threads), Slicer(all.m, checkpoint));
  BoxSet boxes{.sides = all.sides, .order = {}, .size = all.size(), .m = all.m};
  slicers[0].keep_maximal(boxes);
  // The topmost sum over threads; its terms are added in order, whoever computed them.
  RankedBoxes ranked;
  const bool fits = RankedBoxes::fits(boxes.size, boxes.m);
  if (fits) {
    ranked.assign(boxes.sides.data(), boxes.size, boxes.m);
  } else {
    boxes.sort_by_last_side();
  }
  std::vector<double> terms(boxes.size);
  parallel_for(
      boxes.size, threads,
      [&](std::size_t k, int worker, const Checkpoint& poll) {
        Slicer& slicer = slicers[static_cast<std::size_t>(worker)];
        slicer.poll_with(poll);
        terms[k] =
            fits ? slicer.words().added_to_later(ranked, k) : slicer.added_to_later(boxes, k);
      },
      checkpoint);
  return std::accumulate(terms.begin(), terms.end(), 0.0);
}

}  // namespace pyhwnas::moo
