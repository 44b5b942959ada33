// Exclusive volumes of four and five sides by one sweep over cells; see contribution_sweeps.hpp and
// exclusive_cells.hpp.
#include <cstdint>
#include <vector>

#include "moo/argsort.hpp"
#include "moo/hypervolume/contribution_sweeps.hpp"
#include "moo/hypervolume/exclusive_cells.hpp"

namespace pyhwnas::moo {
namespace {

// How many bounds are scanned between two polls, a millisecond or so.
constexpr std::size_t kPollEvery = std::size_t{1} << 20;

template <std::size_t D>
void sweep(const Boxes& boxes, std::span<double> contributions, const Checkpoint& checkpoint) {
  const std::size_t n = boxes.size();
  std::vector<std::uint32_t> order(n);
  Argsort(n).order(Column{boxes.sides.data() + D, D + 1, n}, order);
  ExclusiveCells<D> cells(contributions);
  std::size_t scanned = 0;
  for (std::size_t k = n; k-- > 0;) {
    cells.insert(boxes[order[k]], boxes.rows[order[k]]);
    scanned += cells.size();
    if (scanned > kPollEvery) {
      scanned = 0;
      if (checkpoint) checkpoint();
    }
  }
  cells.finish();
}

}  // namespace

void contributions_by_cells(const Boxes& boxes, std::span<double> contributions,
                            const Checkpoint& checkpoint) {
  if (boxes.m == 4) return sweep<3>(boxes, contributions, checkpoint);
  sweep<4>(boxes, contributions, checkpoint);
}

}  // namespace pyhwnas::moo
