// Three sides: a staircase in two, indexed by rank.
//
// The union of the rectangles so far is known by its upper right corners: their widths ascend,
// their heights descend. A new rectangle finds its neighbours, and either lies below one or takes
// the place of those below it; each corner goes once (Kung, Luccio, Preparata 1975,
// doi:10.1145/321906.321910; for volumes: Fonseca, Paquete, Lopez-Ibanez 2006,
// doi:10.1109/CEC.2006.1688440). Where they use a balanced tree, the widths are ranked in advance,
// and the staircase is a set of ranks: bits instead of nodes. O(n log n) time, O(n) space.
//
// Of equal widths, the box that came later counts as the longer one: a strip of no width.
#include <cstdint>
#include <span>
#include <vector>

#include "moo/argsort.hpp"
#include "moo/hypervolume/hypervolume_sweeps.hpp"
#include "moo/rank_set.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kPollEvery = std::size_t{1} << 14;

struct Corner {
  double width;
  double height;
};

}  // namespace

double volume_in_three(const Boxes& boxes, const Checkpoint& checkpoint) {
  const std::size_t n = boxes.size();
  Argsort argsort(n);
  std::vector<std::uint32_t> order(n);
  argsort.order(Column{boxes.sides.data() + 2, 3, n}, order);
  if (checkpoint) checkpoint();

  std::vector<double> widths(n);
  for (std::size_t k = 0; k < n; ++k) widths[k] = boxes[order[n - 1 - k]][0];
  std::vector<std::uint32_t> by_width(n);
  argsort.order(Column{widths.data(), 1, n}, by_width);
  // Ranks start at one; either end of the staircase has a corner that stays.
  std::vector<Corner> corners(n + 2);
  std::vector<std::uint32_t> ranks(n);
  corners[0] = {0.0, 2.0};
  for (std::size_t r = 0; r < n; ++r) {
    corners[r + 1].width = widths[by_width[r]];
    ranks[by_width[r]] = static_cast<std::uint32_t>(r + 1);
  }
  RankSet staircase(n + 2);
  staircase.insert(0);
  staircase.insert(static_cast<std::uint32_t>(n + 1));

  double volume = 0.0;
  for (std::size_t k = 0; k < n; ++k) {
    if (k % kPollEvery == 0 && checkpoint) checkpoint();
    const double* box = boxes[order[n - 1 - k]];
    const double height = box[1];
    double floor = corners[staircase.after(ranks[k])].height;
    if (floor >= height) continue;
    // The new area, right to left: one strip above each corner that disappears, and one beside.
    double area = 0.0;
    double right = box[0];
    std::uint32_t left = staircase.before(ranks[k]);
    while (corners[left].height <= height) {
      area += (right - corners[left].width) * (height - floor);
      right = corners[left].width;
      floor = corners[left].height;
      staircase.erase(left);
      left = staircase.before(left);
    }
    area += (right - corners[left].width) * (height - floor);
    corners[ranks[k]].height = height;
    staircase.insert(ranks[k]);
    volume += area * box[2];
  }
  return volume;
}

}  // namespace pyhwnas::moo
