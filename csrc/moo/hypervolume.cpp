#include <cassert>
#include <cmath>
#include <limits>

#include "moo/boxes.hpp"
#include "moo/hypervolume_base.hpp"
#include "moo/hypervolume_wfg.hpp"
#include "pyhwnas/moo/hypervolume.hpp"

namespace pyhwnas::moo {

double hypervolume(MatrixView<const double> F, std::span<const double> ref_point, int threads,
                   const Checkpoint& checkpoint) {
  assert(F.cols() >= 1 && ref_point.size() == F.cols());
  const Boxes boxes = boxes_below(F, ref_point);
  if (boxes.has_infinite_side) return std::numeric_limits<double>::infinity();
  if (boxes.size() == 0) return 0.0;
  const double volume = boxes.m <= 5 ? BaseVolume()(boxes.sides.data(), boxes.size(), boxes.m)
                                     : volume_by_limited_sets(boxes, threads, checkpoint);
  return std::ldexp(volume, boxes.exponent);
}

}  // namespace pyhwnas::moo
