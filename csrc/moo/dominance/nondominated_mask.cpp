// The first front: rows that few good ones dominate are dropped while all are read once, the others
// are sorted and equal ones told apart, and what is left goes to the algorithm for its number of
// objectives.
#include <algorithm>
#include <array>

#include "moo/argsort.hpp"
#include "moo/dominance/distinct_rows.hpp"
#include "moo/dominance/first_front.hpp"
#include "moo/rows.hpp"
#include "pyhwnas/moo/dominance.hpp"
#include "require.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kFewRows = 4096;
constexpr std::size_t kBestRows = 64;
constexpr std::size_t kFewPairs = 128;              // rows that are compared pair by pair
constexpr std::size_t kLeastRowsForThreads = 8192;  // fewer take a millisecond or two

// Copies of the rows of F that `rows` names, side by side.
std::vector<double> gather(MatrixView<const double> F, std::span<const std::uint32_t> rows) {
  std::vector<double> values(rows.size() * F.cols());
  double* to = values.data();
  for (const std::uint32_t i : rows) to = std::copy_n(F[i].data(), F.cols(), to);
  return values;
}

// Rows that may be in the first front, with their numbers in F: all rows, or a copy of some.
struct Candidates {
  MatrixView<const double> matrix;
  std::vector<std::uint32_t> rows;  // empty: all
  std::vector<double> copy;
};

Candidates candidates_of(MatrixView<const double> F, int threads, const Checkpoint& checkpoint) {
  Candidates found{F, survivors_of_elites(F, threads, checkpoint), {}};
  if (found.rows.empty()) return found;
  found.copy = gather(F, found.rows);
  found.matrix = {found.copy.data(), found.rows.size(), F.cols()};
  if (found.rows.size() <= kFewRows) return found;
  // Once more: the elites were weaker when the first rows met them.
  const std::vector<std::uint32_t> again =
      survivors_of_best(found.matrix, kBestRows, threads, checkpoint);
  found.copy = gather(found.matrix, again);
  found.matrix = {found.copy.data(), again.size(), F.cols()};
  for (std::size_t i = 0; i < again.size(); ++i) found.rows[i] = found.rows[again[i]];
  found.rows.resize(again.size());
  return found;
}

// For so few rows that nothing else pays: O(m n k) with k rows in the front.
void mark_dominated_by_pairs(MatrixView<const double> F, std::span<const std::uint32_t> order,
                             std::span<std::uint8_t> is_dominated) {
  const std::vector<double> rows = gather(F, order);
  const std::size_t m = F.cols();
  std::array<std::uint32_t, kFewPairs> front;
  std::size_t n_front = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double* row = rows.data() + i * m;
    bool covered = false;
    for (std::size_t j = 0; j < n_front && !covered; ++j) {
      covered = covers({rows.data() + front[j] * m, m}, {row, m});
    }
    is_dominated[i] = covered;
    if (!covered) front[n_front++] = static_cast<std::uint32_t>(i);
  }
}

// Dense ranks of the rows of F in an order that ascends in the first objective.
std::vector<std::uint32_t> ranks_in_order(MatrixView<const double> F,
                                          std::span<const std::uint32_t> order, int threads,
                                          const Checkpoint& checkpoint) {
  const std::size_t m = F.cols();
  std::vector<std::uint32_t> result(order.size() * m);
  std::uint32_t rank = 0;
  for (std::size_t i = 1; i < order.size(); ++i) {
    rank += F(order[i - 1], 0) != F(order[i], 0);
    result[i * m] = rank;
  }
  const auto rank_objective = [&](std::size_t k, int) {
    std::vector<std::uint32_t> ranks(F.rows());
    Argsort(F.rows()).ranks(column(F, k + 1), ranks);
    for (std::size_t i = 0; i < order.size(); ++i) result[i * m + k + 1] = ranks[order[i]];
  };
  parallel_for(m - 1, threads, rank_objective, checkpoint);
  return result;
}

}  // namespace

void nondominated_mask(MatrixView<const double> F, bool keep_equal, std::span<std::uint8_t> mask,
                       int threads, const Checkpoint& checkpoint) {
  require_size(mask.size(), "mask", F.rows());
  std::fill(mask.begin(), mask.end(), 0);
  if (F.rows() == 0) return;
  if (F.cols() == 0) {  // all rows are equal
    std::fill_n(mask.begin(), keep_equal ? mask.size() : 1, 1);
    return;
  }
  const Candidates candidates = candidates_of(F, threads, checkpoint);
  const MatrixView<const double> matrix = candidates.matrix;
  const auto place = [&](std::uint32_t i) -> std::uint8_t& {
    return mask[candidates.rows.empty() ? i : candidates.rows[i]];
  };
  Argsort argsort(matrix.rows());
  const DistinctRows rows = distinct_rows(matrix, argsort, checkpoint);
  const std::vector<std::uint32_t> distinct = rows.firsts();
  std::vector<std::uint8_t> is_dominated(distinct.size(), 0);
  if (F.cols() >= 3 && distinct.size() <= kFewPairs) {
    mark_dominated_by_pairs(matrix, distinct, is_dominated);
  } else if (F.cols() <= 3) {
    mark_dominated_by_sweep(matrix, distinct, is_dominated, checkpoint);
  } else {
    const int n_threads = distinct.size() < kLeastRowsForThreads ? 1 : threads;
    const auto ranks = ranks_in_order(matrix, distinct, n_threads, checkpoint);
    mark_dominated_by_halves({ranks.data(), distinct.size(), F.cols()}, is_dominated, n_threads,
                             checkpoint);
  }
  if (keep_equal) {
    rows.for_each([&](std::size_t k, std::uint32_t i) { place(i) = is_dominated[k] == 0; });
  } else {
    for (std::size_t k = 0; k < distinct.size(); ++k) place(distinct[k]) = is_dominated[k] == 0;
  }
}

}  // namespace pyhwnas::moo
