// Which algorithm ranks a matrix. One objective: a rank is a place among the distinct values. Two
// and three: sweeps. More: a scan of fronts, behind those that hold nearly all rows. A few rows in
// three or more: all pairs. Where the values are so few that all their combinations make a short
// table, that table, whatever the number of objectives.
#include "moo/dominance/nondominated_sort.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "pyhwnas/moo/dominance.hpp"
#include "require.hpp"
#include "simd/level.hpp"

namespace pyhwnas::moo {
namespace {

// int32 and uint32 share their bytes, and no rank reaches 2^31.
std::span<std::uint32_t> as_unsigned(std::span<std::int32_t> ranks) {
  return {reinterpret_cast<std::uint32_t*>(ranks.data()), ranks.size()};
}

// Up to how many rows comparing all pairs is faster than searching among fronts: measured.
std::size_t few_rows(std::size_t n_objectives) {
  if (n_objectives < 3 || n_objectives > kMostPairedObjectives) return 0;
  switch (simd::level()) {
    case simd::Level::avx512:
      return 800;
    case simd::Level::avx2:
      return 512;
    default:
      return 224;
  }
}

// Whether no row of a sample dominates another: then nearly all rows may be in one front, which is
// found faster as a whole than row by row.
bool seems_one_front(MatrixView<const double> F) {
  constexpr std::size_t kSample = 256;
  constexpr std::size_t kManyRows = 20'000;  // fewer are scanned as fast
  if (F.rows() < kManyRows || F.cols() < 4) return false;
  std::vector<double> rows;
  rows.reserve(kSample * F.cols());
  for (std::size_t i = 0; i < kSample; ++i) {
    const auto row = F[i * (F.rows() / kSample)];
    rows.insert(rows.end(), row.begin(), row.end());
  }
  std::array<std::uint8_t, kSample> mask;
  nondominated_mask({rows.data(), kSample, F.cols()}, true, mask, 1, {});
  return std::count(mask.begin(), mask.end(), 0) == 0;
}

// The first front, and the ranks of the others among themselves.
void peel(MatrixView<const double> F, std::span<std::int32_t> ranks, int threads,
          const Checkpoint& checkpoint) {
  std::vector<std::uint8_t> mask(F.rows());
  nondominated_mask(F, true, mask, threads, checkpoint);
  std::vector<double> values;
  std::vector<std::uint32_t> left;
  for (std::size_t i = 0; i < F.rows(); ++i) {
    ranks[i] = 0;
    if (mask[i] != 0) continue;
    left.push_back(static_cast<std::uint32_t>(i));
    values.insert(values.end(), F[i].begin(), F[i].end());
  }
  std::vector<std::int32_t> found(left.size());
  const MatrixView<const double> others(values.data(), left.size(), F.cols());
  if (left.size() > F.rows() / 2) {  // the sample was wrong
    sort_by_scan(others, found, checkpoint);
  } else {
    nondominated_sort(others, found, threads, checkpoint);
  }
  for (std::size_t k = 0; k < left.size(); ++k) ranks[left[k]] = found[k] + 1;
}

}  // namespace

void nondominated_sort(MatrixView<const double> F, std::span<std::int32_t> ranks, int threads,
                       const Checkpoint& checkpoint) {
  require_size(ranks.size(), "ranks", F.rows());
  if (F.cols() == 0 || F.rows() <= 1) {  // all rows are equal
    std::fill(ranks.begin(), ranks.end(), 0);
    return;
  }
  if (F.cols() == 1) {
    Argsort(F.rows()).ranks(column(F, 0), as_unsigned(ranks));
    return;
  }
  if (F.rows() <= few_rows(F.cols())) return sort_by_pairs(F, ranks, checkpoint);
  if (sort_by_table(F, ranks, checkpoint)) return;
  if (F.cols() == 2) return sort_two_objectives(F, ranks, checkpoint);
  if (F.cols() == 3) return sort_three_objectives(F, ranks, checkpoint);
  if (seems_one_front(F)) return peel(F, ranks, threads, checkpoint);
  sort_by_scan(F, ranks, checkpoint);
}

}  // namespace pyhwnas::moo
