// Lexicographic order of rows: by radix in the first objective, and by comparison among the rows
// that agree in it. Where those are many, the places of all values among the distinct ones of their
// objective are packed into words, as many objectives as fit, and the words are sorted by radix.
#include <algorithm>
#include <bit>
#include <numeric>

#include "moo/dominance/distinct_rows.hpp"
#include "moo/rows.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kFewRows = 64;  // comparisons sort them as well as words do

// Row a before row b in objectives from `first` on; equal rows by index.
struct Before {
  MatrixView<const double> F;
  std::size_t first;

  bool operator()(std::uint32_t i, std::uint32_t j) const {
    for (std::size_t k = first; k < F.cols(); ++k) {
      if (F(i, k) != F(j, k)) return F(i, k) < F(j, k);
    }
    return i < j;
  }
};

// Sorts runs of rows for which same(i, j) holds. Returns whether there are any.
template <class Same>
bool sort_runs(std::span<std::uint32_t> order, const Same& same, const Before& before) {
  bool any = false;
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && same(order[end - 1], order[end])) ++end;
    if (end - begin > 1) {
      any = true;
      std::sort(order.begin() + static_cast<std::ptrdiff_t>(begin),
                order.begin() + static_cast<std::ptrdiff_t>(end), before);
    }
    begin = end;
  }
  return any;
}

void sort_by_words(MatrixView<const double> F, Argsort& argsort, std::span<std::uint32_t> order,
                   const Checkpoint& checkpoint) {
  const std::size_t n = F.rows();
  std::vector<std::uint64_t> words(n, 0);
  std::vector<std::uint32_t> places(n);
  int left = 64;
  std::size_t whole = 0;  // objectives that are in the words with all their bits
  for (std::size_t k = 0; k < F.cols() && left > 0; ++k) {
    if (checkpoint) checkpoint();
    const std::uint32_t distinct = argsort.ranks(column(F, k), places);
    const int width = static_cast<int>(std::bit_width(distinct - 1));
    const int taken = std::min(width, left);
    if (taken == 0) continue;
    left -= taken;
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t word = taken == 64 ? 0 : words[i] << taken;
      words[i] = word | places[i] >> (width - taken);
    }
    if (taken == width) whole = k + 1;
  }
  argsort.order(words, order);
  if (whole == F.cols()) return;
  sort_runs(
      order, [&](std::uint32_t i, std::uint32_t j) { return words[i] == words[j]; },
      Before{F, whole});
}

}  // namespace

std::vector<std::uint32_t> DistinctRows::firsts() const {
  if (starts.size() == order.size()) return order;
  std::vector<std::uint32_t> result(starts.size());
  for (std::size_t k = 0; k < starts.size(); ++k) result[k] = order[starts[k]];
  return result;
}

DistinctRows distinct_rows(MatrixView<const double> F, Argsort& argsort,
                           const Checkpoint& checkpoint) {
  DistinctRows rows;
  rows.order.resize(F.rows());
  bool may_be_equal = true;
  if (F.rows() > kFewRows && repeats(column(F, 0))) {
    sort_by_words(F, argsort, rows.order, checkpoint);
  } else {
    argsort.order(column(F, 0), rows.order);
    if (checkpoint) checkpoint();
    may_be_equal = sort_runs(
        std::span(rows.order), [F](std::uint32_t i, std::uint32_t j) { return F(i, 0) == F(j, 0); },
        Before{F, 1});
  }
  if (!may_be_equal) {
    rows.starts.resize(F.rows());
    std::iota(rows.starts.begin(), rows.starts.end(), 0U);
    return rows;
  }
  rows.starts.reserve(F.rows());
  for (std::size_t i = 0; i < F.rows(); ++i) {
    if (i == 0 || !same_row(F[rows.order[i - 1]], F[rows.order[i]])) {
      rows.starts.push_back(static_cast<std::uint32_t>(i));
    }
  }
  return rows;
}

}  // namespace pyhwnas::moo
