// Which algorithm ranks a matrix. One objective: a rank is a place among the distinct values. Two
// and three: sweeps. More: a scan of fronts. Where the values are so few that all their
// combinations make a short table, that table, whatever the number of objectives.
#include "moo/nondominated_sort.hpp"

#include <algorithm>
#include <cassert>

#include "pyhwnas/moo/dominance.hpp"

namespace pyhwnas::moo {
namespace {

// int32 and uint32 share their bytes, and no rank reaches 2^31.
std::span<std::uint32_t> as_unsigned(std::span<std::int32_t> ranks) {
  return {reinterpret_cast<std::uint32_t*>(ranks.data()), ranks.size()};
}

}  // namespace

void nondominated_sort(MatrixView<const double> F, std::span<std::int32_t> ranks, int /*threads*/,
                       const Checkpoint& checkpoint) {
  assert(ranks.size() == F.rows());
  if (F.cols() == 0 || F.rows() <= 1) {  // all rows are equal
    std::fill(ranks.begin(), ranks.end(), 0);
    return;
  }
  if (F.cols() == 1) {
    Argsort(F.rows()).ranks(column(F, 0), as_unsigned(ranks));
    return;
  }
  if (sort_by_table(F, ranks, checkpoint)) return;
  if (F.cols() == 2) return sort_two_objectives(F, ranks, checkpoint);
  if (F.cols() == 3) return sort_three_objectives(F, ranks, checkpoint);
  sort_by_scan(F, ranks, checkpoint);
}

}  // namespace pyhwnas::moo
