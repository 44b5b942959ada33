// The first front of rows with at most three objectives, by one sweep in lexicographic order.
//
// Two objectives: a row is dominated if an earlier one is no larger in the second, so the least
// value met so far is all there is to remember. Three: the earlier rows' second and third
// objectives form a staircase, on which the row's left neighbour in the second has the least third
// (Kung, Luccio, Preparata 1975, doi:10.1145/321906.321910). The staircase is a set of dense ranks
// of the second objective (rank_set.hpp): neighbours take three or four steps. A row enters and
// leaves the staircase at most once.
//
// O(n) for one and two objectives, O(n log n) for three; O(n) memory.
#include <algorithm>
#include <cassert>

#include "moo/argsort.hpp"
#include "moo/dominance/first_front.hpp"
#include "moo/rank_set.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kRowsPerCheck = std::size_t{1} << 16;

// A step of the staircase, at the rank of its second objective. Links are ranks plus one: 0 is the
// sentinel left of all steps, n + 1 the one to the right.
struct Step {
  double third;
  std::uint32_t right;
};

struct Point {
  double third;
  std::uint32_t rank;
};

// Gathered beforehand, as the sweep itself leaves no time to wait for memory.
std::vector<Point> points_in_order(MatrixView<const double> F,
                                   std::span<const std::uint32_t> order) {
  std::vector<std::uint32_t> ranks(F.rows());
  Argsort(F.rows()).ranks(column(F, 1), ranks);
  std::vector<Point> points(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    points[i] = {F(order[i], 2), ranks[order[i]]};
  }
  return points;
}

void sweep_staircase(MatrixView<const double> F, std::span<const std::uint32_t> order,
                     std::span<std::uint8_t> is_dominated, const Checkpoint& checkpoint) {
  const std::vector<Point> points = points_in_order(F, order);
  const auto end = static_cast<std::uint32_t>(F.rows()) + 1;
  std::vector<Step> steps(F.rows() + 2);
  steps[0].right = end;
  RankSet staircase(F.rows() + 1);
  staircase.insert(0);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (checkpoint && i % kRowsPerCheck == 0) checkpoint();
    const double value = points[i].third;
    const std::uint32_t place = points[i].rank + 1;
    const std::uint32_t left = staircase.at_most(place);
    if (left != 0 && steps[left].third <= value) {
      is_dominated[i] = 1;
      continue;
    }
    std::uint32_t right = steps[left].right;
    for (; right != end && steps[right].third >= value; right = steps[right].right) {
      staircase.erase(right);
    }
    steps[place] = {value, right};
    if (left != place) {
      steps[left].right = place;
      staircase.insert(place);
    }
  }
}

}  // namespace

void mark_dominated_by_sweep(MatrixView<const double> F, std::span<const std::uint32_t> order,
                             std::span<std::uint8_t> is_dominated, const Checkpoint& checkpoint) {
  assert(F.cols() <= 3 && is_dominated.size() == order.size());
  if (order.empty()) return;
  if (F.cols() == 3) return sweep_staircase(F, order, is_dominated, checkpoint);
  if (F.cols() < 2) {  // distinct rows: the first is the least
    std::fill(is_dominated.begin() + 1, is_dominated.end(), 1);
    return;
  }
  double least = F(order[0], 1);
  for (std::size_t i = 1; i < order.size(); ++i) {
    const double value = F(order[i], 1);
    is_dominated[i] |= value >= least;
    least = std::min(least, value);
  }
}

}  // namespace pyhwnas::moo
