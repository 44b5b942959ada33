#include <cassert>

#include "moo/rows.hpp"
#include "pyhwnas/moo/dominance.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kRowsPerCheck = 4096;

// The rows that are already ranked, front by front. Only the front's members matter to a new row,
// and the most recent ones dominate it most often.
class Fronts {
 public:
  explicit Fronts(std::size_t n_objectives) : n_objectives_(n_objectives) {}

  // The first front none of whose members dominates the row. If a front has a dominator then so
  // has every front before it, so a binary search finds it.
  std::size_t first_open(std::span<const double> row) const {
    std::size_t low = 0;
    std::size_t high = fronts_.size();
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (dominated_by(fronts_[middle], row)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  void add(std::size_t front, std::span<const double> row) {
    if (front == fronts_.size()) fronts_.emplace_back();
    std::vector<double>& members = fronts_[front];
    // In two objectives the last member of a front has the smallest second value, and the first
    // objective cannot tell rows apart that come in lexicographic order: one member is enough.
    if (n_objectives_ <= 2) members.clear();
    members.insert(members.end(), row.begin(), row.end());
  }

 private:
  bool dominated_by(const std::vector<double>& members, std::span<const double> row) const {
    for (std::size_t end = members.size(); end != 0; end -= n_objectives_) {
      if (covers({members.data() + end - n_objectives_, n_objectives_}, row)) return true;
    }
    return false;
  }

  std::size_t n_objectives_;
  std::vector<std::vector<double>> fronts_;
};

}  // namespace

void nondominated_sort(MatrixView<const double> F, std::span<std::int32_t> ranks, int /*threads*/,
                       const Checkpoint& checkpoint) {
  assert(ranks.size() == F.rows());
  if (F.cols() == 0) {  // all rows are equal
    std::fill(ranks.begin(), ranks.end(), 0);
    return;
  }
  const std::vector<std::uint32_t> order = lexicographic_order(F);
  Fronts fronts(F.cols());
  for (std::size_t k = 0; k < order.size(); ++k) {
    if (checkpoint && k % kRowsPerCheck == 0) checkpoint();
    const std::uint32_t i = order[k];
    if (k > 0 && same_row(F[order[k - 1]], F[i])) {
      ranks[i] = ranks[order[k - 1]];
      continue;
    }
    const std::size_t front = fronts.first_open(F[i]);
    fronts.add(front, F[i]);
    ranks[i] = static_cast<std::int32_t>(front);
  }
}

}  // namespace pyhwnas::moo
