// Which algorithm computes a volume: sweeps in few objectives (hypervolume_sweeps.hpp), limited
// sets in many (hypervolume_wfg.hpp).
#include <algorithm>
#include <cmath>
#include <limits>

#include "moo/hypervolume/boxes.hpp"
#include "moo/hypervolume/hypervolume_sweeps.hpp"
#include "moo/hypervolume/hypervolume_wfg.hpp"
#include "pyhwnas/moo/hypervolume.hpp"
#include "require.hpp"

namespace pyhwnas::moo {
namespace {

// From so many rows on, the bounds of five sides win against limited sets.
constexpr std::size_t kManyRows = 250;

double volume_of(const Boxes& boxes, int threads, const Checkpoint& checkpoint) {
  switch (boxes.m) {
    case 1:
      return *std::max_element(boxes.sides.begin(), boxes.sides.end());
    case 2:
      return volume_of_rectangles(boxes);
    case 3:
      return volume_in_three(boxes, checkpoint);
    case 4:
    case 5:
      return volume_by_free_cells(boxes, checkpoint);
    case 6:
      if (boxes.size() >= kManyRows) return volume_by_free_cells(boxes, checkpoint);
      [[fallthrough]];
    default:
      return volume_by_limited_sets(boxes, threads, checkpoint);
  }
}

}  // namespace

double hypervolume(MatrixView<const double> F, std::span<const double> ref_point, int threads,
                   const Checkpoint& checkpoint) {
  require(F.cols() >= 1, "F must have at least one column, got none");
  require_size(ref_point.size(), "ref_point", F.cols());
  Boxes boxes = boxes_below(F, ref_point);
  if (boxes.has_infinite_side) return std::numeric_limits<double>::infinity();
  if (boxes.size() == 0) return 0.0;
  const int exponent = scale(boxes);
  return std::ldexp(volume_of(boxes, threads, checkpoint), exponent);
}

}  // namespace pyhwnas::moo
