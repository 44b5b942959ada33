// Ranks in three objectives: a sweep in lexicographic order that keeps, for each front, what its
// members look like in the other two objectives. Only members that no later one covers there
// matter, since all of them are no larger in the first objective: a staircase, in which one binary
// search says whether the front dominates a row. A second one, over the fronts, finds the first
// that does not, as in efficient non-dominated sort (doi:10.1109/TEVC.2014.2308305); the staircases
// are those of Kung, Luccio, Preparata 1975, doi:10.1145/321906.321910.
//
// As in two objectives, a few rows search at once, without branches, among the fronts as they were
// before the first of them, and then move up behind those of the few that dominate them.
//
// O(n log f log s) time for f fronts with staircases of s steps, whatever the sizes of fronts;
// O(n) memory; one thread.
#include <algorithm>
#include <array>

#include "moo/dominance/nondominated_sort.hpp"
#include "moo/dominance/staircases.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kAtOnce = 8;
constexpr std::size_t kBlocksPerCheck = 512;

// Rows to rank together; those behind `size` are copies of others.
struct Few {
  std::size_t size;
  std::array<double, kAtOnce> x;
  std::array<double, kAtOnce> y;
  std::array<std::uint32_t, kAtOnce> rank;
};

// How many fronts cover each of the rows.
void search(const Staircases& fronts, Few& rows) {
  rows.rank.fill(0);
  auto left = static_cast<std::uint32_t>(fronts.size());
  if (left == 0) return;
  for (; left > 1; left -= left / 2) {
    const std::uint32_t half = left / 2;
    for (std::size_t j = 0; j < kAtOnce; ++j) {
      const std::uint32_t covered = fronts.covers(rows.rank[j] + half - 1, rows.x[j], rows.y[j]);
      rows.rank[j] += half & (0U - covered);
    }
  }
  for (std::size_t j = 0; j < kAtOnce; ++j) {
    rows.rank[j] += fronts.covers(rows.rank[j], rows.x[j], rows.y[j]);
  }
}

// Where rows among the few dominate others of them.
void move_up(Few& rows) {
  for (std::size_t j = 1; j < kAtOnce; ++j) {
    std::uint32_t rank = rows.rank[j];
    for (std::size_t i = 0; i < j; ++i) {
      const std::uint32_t covers =
          std::uint32_t{rows.x[i] <= rows.x[j]} & std::uint32_t{rows.y[i] <= rows.y[j]};
      rank = std::max(rank, (rows.rank[i] + 1) & (0U - covers));
    }
    rows.rank[j] = rank;
  }
}

}  // namespace

void sort_three_objectives(MatrixView<const double> F, std::span<std::int32_t> ranks,
                           const Checkpoint& checkpoint) {
  Argsort argsort(F.rows());
  const DistinctRows rows = distinct_rows(F, argsort, checkpoint);
  Staircases fronts;
  Few few;
  for (std::size_t begin = 0; begin < rows.size(); begin += kAtOnce) {
    if (checkpoint && begin / kAtOnce % kBlocksPerCheck == 0) checkpoint();
    few.size = std::min(kAtOnce, rows.size() - begin);
    for (std::size_t j = 0; j < kAtOnce; ++j) {
      const auto row = F[rows[begin + std::min(j, few.size - 1)]];
      few.x[j] = row[1];
      few.y[j] = row[2];
    }
    search(fronts, few);
    move_up(few);
    for (std::size_t j = 0; j < few.size; ++j) {
      fronts.insert(few.rank[j], few.x[j], few.y[j]);
      rows.set_rank(begin + j, static_cast<std::int32_t>(few.rank[j]), ranks);
    }
  }
}

}  // namespace pyhwnas::moo
