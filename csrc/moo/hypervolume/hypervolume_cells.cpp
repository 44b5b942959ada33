// Volumes of four to six sides by one sweep over local lower bounds; see hypervolume_sweeps.hpp and
// free_cells.hpp.
#include <cassert>
#include <cstdint>
#include <vector>

#include "moo/argsort.hpp"
#include "moo/hypervolume/free_cells.hpp"
#include "moo/hypervolume/hypervolume_sweeps.hpp"

namespace pyhwnas::moo {
namespace {

// How many bounds are scanned between two polls, a millisecond or so.
constexpr std::size_t kPollEvery = std::size_t{1} << 20;

template <std::size_t D>
double sweep(const Boxes& boxes, const Checkpoint& checkpoint) {
  const std::size_t n = boxes.size();
  std::vector<std::uint32_t> order(n);
  Argsort(n).order(Column{boxes.sides.data() + D, D + 1, n}, order);
  FreeCells<D> cells;
  cells.clear();
  double volume = 0.0;
  std::size_t scanned = 0;
  for (std::size_t k = n; k-- > 0;) {
    const double* box = boxes[order[k]];
    volume += cells.insert(box) * box[D];
    scanned += cells.size();
    if (scanned > kPollEvery) {
      scanned = 0;
      if (checkpoint) checkpoint();
    }
  }
  return volume;
}

}  // namespace

double volume_by_free_cells(const Boxes& boxes, const Checkpoint& checkpoint) {
  switch (boxes.m) {
    case 4:
      return sweep<3>(boxes, checkpoint);
    case 5:
      return sweep<4>(boxes, checkpoint);
    default:
      assert(boxes.m == 6);
      return sweep<5>(boxes, checkpoint);
  }
}

}  // namespace pyhwnas::moo
