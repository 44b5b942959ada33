// Ranks of rows that have few distinct values, by dynamic programming over all combinations of
// them. The rank of a row is the length of the longest chain of rows, each dominating the next,
// that ends at it. With L(x) the number of rows in the longest chain within the box of all
// combinations nowhere larger than x,
//
//   L(x) = max over k of L(x with objective k one value smaller) + (1 if x is a row),
//
// and the rank of a row x is L(x) - 1. Combinations are visited in lexicographic order, the last
// objective fastest: the maximum over the other objectives runs over whole lines.
//
// O(n m + m D) time and O(n m + D) memory for D combinations.
#include <algorithm>
#include <array>

#include "moo/dominance/nondominated_sort.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kMaxObjectives = 24;  // 2^24 combinations at least, beyond any table
constexpr std::size_t kSample = 64;
constexpr std::size_t kFewRows = 512;  // the look at a sample would cost what a table may save
constexpr std::size_t kLinesPerCheck = 1024;

// Combinations a row may cost. Two objectives have a sweep that costs little more than a sort.
std::size_t table_limit(std::size_t n, std::size_t m) {
  return n * (m == 2 ? 2 : m == 3 ? 8 : 16);
}

struct Table {
  std::size_t n_objectives;
  std::array<std::size_t, kMaxObjectives> sizes;    // distinct values of each objective
  std::array<std::size_t, kMaxObjectives> strides;  // from one value to the next
  std::vector<std::uint32_t> chains;                // L, rows marked by 1 at first

  std::size_t line() const { return sizes[n_objectives - 1]; }

  void fill_line(std::uint32_t* cells, const std::array<std::size_t, kMaxObjectives>& place,
                 std::uint32_t* longest) const {
    const std::size_t length = line();
    std::fill_n(longest, length, 0U);
    for (std::size_t k = 0; k + 1 < n_objectives; ++k) {
      if (place[k] == 0) continue;
      const std::uint32_t* const below = cells - strides[k];
      for (std::size_t i = 0; i < length; ++i) longest[i] = std::max(longest[i], below[i]);
    }
    std::uint32_t last = 0;
    for (std::size_t i = 0; i < length; ++i) {
      last = std::max(last, longest[i]) + cells[i];
      cells[i] = last;
    }
  }

  void fill(const Checkpoint& checkpoint) {
    std::array<std::size_t, kMaxObjectives> place{};
    std::vector<std::uint32_t> longest(line());
    const std::size_t n_lines = chains.size() / line();
    for (std::size_t l = 0; l < n_lines; ++l) {
      if (checkpoint && l % kLinesPerCheck == 0) checkpoint();
      fill_line(chains.data() + l * line(), place, longest.data());
      for (std::size_t k = n_objectives - 1; k-- > 0;) {  // the next line
        if (++place[k] < sizes[k]) break;
        place[k] = 0;
      }
    }
  }
};

}  // namespace

bool repeats(Column values) {
  std::array<double, kSample> sample;
  const std::size_t size = std::min(values.size, kSample);
  for (std::size_t i = 0; i < size; ++i) sample[i] = values[i * (values.size / size)];
  std::sort(sample.begin(), sample.begin() + static_cast<std::ptrdiff_t>(size));
  const auto end = sample.begin() + static_cast<std::ptrdiff_t>(size);
  return std::adjacent_find(sample.begin(), end) != end;
}

bool sort_by_table(MatrixView<const double> F, std::span<std::int32_t> ranks,
                   const Checkpoint& checkpoint) {
  const std::size_t n = F.rows();
  const std::size_t m = F.cols();
  if (n < kFewRows || m > kMaxObjectives) return false;
  for (std::size_t k = 0; k < m; ++k) {
    if (!repeats(column(F, k))) return false;
  }
  Argsort argsort(n);
  std::vector<std::uint32_t> places(n * m);
  Table table{m, {}, {}, {}};
  std::size_t size = 1;
  for (std::size_t k = 0; k < m; ++k) {
    if (checkpoint) checkpoint();
    table.sizes[k] = argsort.ranks(column(F, k), std::span(places).subspan(k * n, n));
    size *= table.sizes[k];
    if (size > table_limit(n, m)) return false;
  }
  std::size_t stride = 1;
  for (std::size_t k = m; k-- > 0; stride *= table.sizes[k]) table.strides[k] = stride;
  // Where each row lies in the table, in the memory of its first place.
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t cell = 0;
    for (std::size_t k = 0; k < m; ++k) cell += places[k * n + i] * table.strides[k];
    places[i] = static_cast<std::uint32_t>(cell);
  }
  table.chains.assign(size, 0);
  for (std::size_t i = 0; i < n; ++i) table.chains[places[i]] = 1;
  table.fill(checkpoint);
  for (std::size_t i = 0; i < n; ++i) {
    ranks[i] = static_cast<std::int32_t>(table.chains[places[i]]) - 1;
  }
  return true;
}

}  // namespace pyhwnas::moo
