// What a box shares with the others is a set of limited boxes, most of them contained in others:
// one exclusive volume costs a fraction of the whole volume's time. For each maximal box in turn,
// over threads; n times the volume's time at worst.
//
// Of the boxes that are contained in a maximal one, those that are contained in two of them change
// nothing, and the others only what their owner has for itself.
#include "moo/hypervolume/hypervolume_contributions_wfg.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "moo/hypervolume/hypervolume_wfg.hpp"

namespace pyhwnas::moo {
namespace {

bool contains(const double* outer, const double* inner, std::size_t m) {
  for (std::size_t k = 0; k < m; ++k) {
    if (outer[k] < inner[k]) return false;
  }
  return true;
}

// Indices, so that no box is contained in a later one, unless they are equal.
std::vector<std::uint32_t> outer_first(const Boxes& boxes) {
  std::vector<double> sums(boxes.size());
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    sums[i] = std::accumulate(boxes[i], boxes[i] + boxes.m, 0.0);
  }
  std::vector<std::uint32_t> order(boxes.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t i, std::uint32_t j) {
    if (sums[i] != sums[j]) return sums[i] > sums[j];
    // Rounding may make two sums equal.
    const double* a = boxes[i];
    const double* b = boxes[j];
    const auto [x, y] = std::mismatch(a, a + boxes.m, b);
    return x != a + boxes.m ? *x > *y : i < j;
  });
  return order;
}

struct Owners {
  std::vector<std::uint32_t> maximal;
  // By the position of the maximal box: the boxes that are contained in no other maximal one.
  std::vector<std::vector<std::uint32_t>> owned;
};

Owners owners_of(const Boxes& boxes, Slicer& slicer) {
  Owners owners;
  for (const std::uint32_t i : outer_first(boxes)) {
    std::size_t n_outer = 0;
    std::size_t owner = 0;
    for (std::size_t j = 0; j < owners.maximal.size() && n_outer < 2; ++j) {
      if (!contains(boxes[owners.maximal[j]], boxes[i], boxes.m)) continue;
      ++n_outer;
      owner = j;
    }
    if (n_outer == 0) {
      owners.maximal.push_back(i);
      owners.owned.emplace_back();
    } else if (n_outer == 1) {
      owners.owned[owner].push_back(i);
    }
    slicer.told(owners.maximal.size());
  }
  return owners;
}

}  // namespace

void contributions_by_limited_sets(const Boxes& boxes, std::span<double> contributions, int threads,
                                   const Checkpoint& checkpoint) {
  std::vector<Slicer> slicers(worker_count(boxes.size(), threads), Slicer(boxes.m, checkpoint));
  const Owners owners = owners_of(boxes, slicers[0]);
  const auto& maximal = owners.maximal;
  parallel_for(
      maximal.size(), threads,
      [&](std::size_t k, int worker, const Checkpoint& poll) {
        Slicer& slicer = slicers[static_cast<std::size_t>(worker)];
        slicer.poll_with(poll);
        slicer.begin(boxes[maximal[k]], boxes.m, maximal.size() + owners.owned[k].size());
        for (std::size_t i = 0; i < maximal.size(); ++i) {
          if (i != k) slicer.share(boxes[maximal[i]]);
        }
        for (const std::uint32_t i : owners.owned[k]) slicer.share(boxes[i]);
        // Rounding may leave a little less than nothing.
        contributions[boxes.rows[maximal[k]]] += std::max(slicer.added(), 0.0);
      },
      checkpoint);
}

}  // namespace pyhwnas::moo
