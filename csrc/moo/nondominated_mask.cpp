#include <cassert>

#include "moo/rows.hpp"
#include "pyhwnas/moo/dominance.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kRowsPerCheck = 4096;

// True where one of the kept rows dominates the row; moves that one towards the head of the
// list, so that rows which dominate much are met early.
bool is_dominated(MatrixView<const double> F, std::vector<std::uint32_t>& kept, std::uint32_t row) {
  for (std::size_t k = 0; k < kept.size(); ++k) {
    if (!covers(F[kept[k]], F[row])) continue;
    if (k > 0) std::swap(kept[k], kept[k / 2]);
    return true;
  }
  return false;
}

}  // namespace

void nondominated_mask(MatrixView<const double> F, bool keep_equal, std::span<std::uint8_t> mask,
                       int /*threads*/, const Checkpoint& checkpoint) {
  assert(mask.size() == F.rows());
  const std::vector<std::uint32_t> order = lexicographic_order(F);
  std::vector<std::uint32_t> kept;
  for (std::size_t k = 0; k < order.size(); ++k) {
    if (checkpoint && k % kRowsPerCheck == 0) checkpoint();
    const std::uint32_t i = order[k];
    if (k > 0 && same_row(F[order[k - 1]], F[i])) {
      mask[i] = keep_equal ? mask[order[k - 1]] : 0;
      continue;
    }
    mask[i] = !is_dominated(F, kept, i);
    if (mask[i] == 0) continue;
    // In lexicographic order of two objectives, only the latest non-dominated row can dominate.
    if (F.cols() <= 2) kept.clear();
    kept.push_back(i);
  }
}

}  // namespace pyhwnas::moo
