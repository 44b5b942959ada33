// Ranks of a few rows in three to eight objectives, by all pairs of them. Distinct rows come in
// lexicographic order, so that only earlier rows dominate later ones. Each in turn has its final
// rank r and raises every later row that it dominates to r + 1 at least: the longest chain of
// dominating rows that ends at a row, by relaxation in topological order. There is no search, no
// front and no branch on data, and nothing to prepare but one sort and a transposition; the cost is
// that of n^2 / 2 comparisons per objective, of which a register holds some. Ranks are kept as
// doubles, so that they lie in the same lanes as what is compared.
//
// The sort is by buckets of equal widths, as many as values, and within a bucket by insertion, or
// by comparison where a bucket holds many. A radix sort's counters would be larger than the input.
//
// O(m n^2) time, O(m n) memory; one thread.
#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "moo/dominance/nondominated_sort.hpp"
#include "moo/rows.hpp"
#include "simd/level.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kLanes = 8;
constexpr std::size_t kShortRun = 24;  // values that insertion sorts best
constexpr std::size_t kRowsPerCheck = 1024;

struct alignas(64) Line {
  double lanes[kLanes];
};

struct Item {
  double value;
  std::uint32_t index;
};

bool by_value(const Item& a, const Item& b) {
  return a.value < b.value;
}

void sort_short_run(Item* begin, Item* end) {
  for (Item* at = begin + 1; at < end; ++at) {
    const Item item = *at;
    Item* hole = at;
    for (; hole != begin && item.value < hole[-1].value; --hole) *hole = hole[-1];
    *hole = item;
  }
}

// Sorts values with indices; equal values come in any order.
class BucketSort {
 public:
  explicit BucketSort(std::size_t n)
      : items_(std::make_unique_for_overwrite<Item[]>(2 * n)),
        buckets_(std::make_unique_for_overwrite<std::uint32_t[]>(2 * n + 1)),
        capacity_(n) {}

  // value(i) for i < n.
  template <class Value>
  std::span<const Item> operator()(std::size_t n, const Value& value) {
    Item* const from = items_.get();
    Item* const to = from + capacity_;
    double low = value(0);
    double high = low;
    for (std::size_t i = 0; i < n; ++i) {
      const double x = value(i);
      from[i] = {x, static_cast<std::uint32_t>(i)};
      low = x < low ? x : low;
      high = x > high ? x : high;
    }
    if (low == high) return {from, n};
    // Rounding is monotone: a larger value never has an earlier bucket, and none is beyond n - 1.
    const double scale = static_cast<double>(n - 1) / (high - low);
    if (!(scale > 0.0 && scale <= std::numeric_limits<double>::max())) {  // infinities, denormals
      std::sort(from, from + n, by_value);
      return {from, n};
    }
    std::uint32_t* const ends = buckets_.get();
    std::uint32_t* const bucket = ends + n + 1;
    std::fill_n(ends, n + 1, 0U);
    for (std::size_t i = 0; i < n; ++i) {
      bucket[i] =
          static_cast<std::uint32_t>(static_cast<std::int32_t>((from[i].value - low) * scale));
      ++ends[bucket[i] + 1];
    }
    std::uint32_t largest = 0;
    for (std::size_t b = 1; b <= n; ++b) {
      largest = std::max(largest, ends[b]);
      ends[b] += ends[b - 1];
    }
    for (std::size_t i = 0; i < n; ++i) to[ends[bucket[i]]++] = from[i];
    if (largest > kShortRun) {
      for (std::size_t b = 0; b < n; ++b)
        sort_bucket(to + (b == 0 ? 0 : ends[b - 1]), to + ends[b]);
    } else {
      sort_short_run(to, to + n);  // moves within buckets only
    }
    return {to, n};
  }

 private:
  static void sort_bucket(Item* begin, Item* end) {
    if (end - begin <= static_cast<std::ptrdiff_t>(kShortRun)) {
      sort_short_run(begin, end);
    } else if (!std::is_sorted(begin, end, by_value)) {
      std::sort(begin, end, by_value);
    }
  }

  std::unique_ptr<Item[]> items_;
  std::unique_ptr<std::uint32_t[]> buckets_;  // ends of buckets, and the bucket of each value
  std::size_t capacity_;
};

// Puts all rows in lexicographic order and numbers the distinct ones: the k-th row in order is
// distinct row number[k]. Returns how many are distinct.
std::size_t order_rows(MatrixView<const double> F, BucketSort& sort, std::uint32_t* order,
                       std::uint32_t* number) {
  const std::size_t n = F.rows();
  const std::span<const Item> items = sort(n, [F](std::size_t i) { return F(i, 0); });
  bool ties = false;
  for (std::size_t k = 0; k < n; ++k) {
    order[k] = items[k].index;
    number[k] = static_cast<std::uint32_t>(k);
    ties |= k > 0 && items[k].value == items[k - 1].value;
  }
  if (!ties) return n;
  for (std::size_t begin = 0; begin < n;) {
    std::size_t end = begin + 1;
    while (end < n && items[end].value == items[begin].value) ++end;
    std::sort(order + begin, order + end, [F](std::uint32_t i, std::uint32_t j) {
      for (std::size_t k = 1; k < F.cols(); ++k) {
        if (F(i, k) != F(j, k)) return F(i, k) < F(j, k);
      }
      return false;
    });
    begin = end;
  }
  for (std::size_t k = 1; k < n; ++k) {
    number[k] = number[k - 1] + (same_row(F[order[k - 1]], F[order[k]]) ? 0 : 1);
  }
  return n == 0 ? 0 : number[n - 1] + 1;
}

// Later objectives of distinct rows, one after the other, and the ranks so far. Rows are padded to
// whole registers.
struct Table {
  std::size_t n_padded;
  const double* values;
  double* ranks;
};

// Raises what `row` dominates, in all registers from its own on. Rows of its own register up to
// itself may be raised too, but nobody looks at them any more: a final rank is the one that a row
// has at its turn.
template <std::size_t... Objective>
[[gnu::always_inline]] inline void raise(const Table& table, std::size_t row,
                                         std::index_sequence<Objective...>) {
  const std::size_t n = table.n_padded;
  const double* __restrict const values = table.values;
  double* __restrict const ranks = table.ranks;
  const double own[] = {values[Objective * n + row]...};
  const double next = ranks[row] + 1.0;
#ifdef __clang__
#pragma clang loop vectorize(assume_safety)
#else
#pragma GCC ivdep
#endif
  for (std::size_t j = row / kLanes * kLanes; j < n; ++j) {
    const double rank = ranks[j];
    bool raised = rank < next;
    ((raised &= own[Objective] <= values[Objective * n + j]), ...);
    ranks[j] = raised ? next : rank;
  }
}

template <std::size_t Width>
void raise_all(const Table& table, std::size_t begin, std::size_t end, double* final_ranks) {
  simd::widest([&]() __attribute__((always_inline)) {
    for (std::size_t row = begin; row < end; ++row) {
      final_ranks[row] = table.ranks[row];
      raise(table, row, std::make_index_sequence<Width>{});
    }
  });
}

using RaiseAll = void (*)(const Table&, std::size_t, std::size_t, double*);

template <std::size_t... Width>
RaiseAll raise_all_of(std::size_t width, std::index_sequence<Width...>) {
  constexpr RaiseAll kAll[] = {raise_all<Width + 1>...};
  return kAll[width - 1];
}

}  // namespace

void sort_by_pairs(MatrixView<const double> F, std::span<std::int32_t> ranks,
                   const Checkpoint& checkpoint) {
  const std::size_t n = F.rows();
  const std::size_t width = F.cols() - 1;
  const auto indices = std::make_unique_for_overwrite<std::uint32_t[]>(2 * n);
  std::uint32_t* const order = indices.get();
  std::uint32_t* const number = order + n;
  BucketSort sort(n);
  const std::size_t n_rows = order_rows(F, sort, order, number);
  const std::size_t n_padded = (n_rows + kLanes - 1) / kLanes * kLanes;
  const auto lines = std::make_unique<Line[]>((width + 2) * n_padded / kLanes);
  double* const values = lines[0].lanes;
  for (std::size_t k = 0; k < n; ++k) {
    const double* const row = F.data() + std::size_t{order[k]} * F.cols() + 1;
    for (std::size_t j = 0; j < width; ++j) values[j * n_padded + number[k]] = row[j];
  }
  double* const found = values + width * n_padded;
  double* const final_ranks = found + n_padded;
  const RaiseAll raise = raise_all_of(width, std::make_index_sequence<kMostPairedObjectives - 1>{});
  for (std::size_t begin = 0; begin < n_rows; begin += kRowsPerCheck) {
    if (checkpoint) checkpoint();
    raise({n_padded, values, found}, begin, std::min(begin + kRowsPerCheck, n_rows), final_ranks);
  }
  for (std::size_t k = 0; k < n; ++k) {
    ranks[order[k]] = static_cast<std::int32_t>(final_ranks[number[k]]);
  }
}

}  // namespace pyhwnas::moo
