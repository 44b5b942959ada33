// The passes are described in argsort.hpp.
#include "moo/argsort.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <limits>
#include <utility>

#include "simd/level.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kInsertion = 96;  // values that insertion sorts sooner than counting
constexpr std::size_t kShortRun = 24;   // the same among equal prefixes
constexpr int kMaxDigit = 11;           // 2048 counters: half of the first-level cache
constexpr int kMaxPasses = 3;
constexpr int kSpareBits = 3;  // more than log2(n) bits, so that few keys share a prefix
constexpr int kMantissa = 52;
constexpr int kCountingBits = 16;  // tables of distinct keys up to this size are always cheap

constexpr std::uint64_t kIndexMask = 0xffffffffU;

// The order of doubles as an order of integers: negative numbers have all bits flipped.
struct DoubleKey {
  Column values;

  std::uint64_t operator()(std::size_t i) const {
    const auto bits = std::bit_cast<std::uint64_t>(values[i] + 0.0);  // -0.0 + 0.0 is 0.0
    const auto sign = static_cast<std::uint64_t>(static_cast<std::int64_t>(bits) >> 63);
    return bits ^ (sign | (std::uint64_t{1} << 63));
  }
};

// Whole numbers of 32 bits as they are.
struct WholeKey {
  Column values;

  std::uint64_t operator()(std::size_t i) const {
    const auto shifted = static_cast<std::int64_t>(static_cast<std::int32_t>(values[i]));
    return static_cast<std::uint64_t>(shifted - std::numeric_limits<std::int32_t>::min());
  }
};

struct WordKey {
  std::span<const std::uint64_t> keys;

  std::uint64_t operator()(std::size_t i) const { return keys[i]; }
};

// A look at a few values keeps columns of other numbers from being read for this.
bool all_whole(Column values) {
  const auto is_whole = [](double x) {
    constexpr double kLimit = 2147483647.0;
    return x >= -kLimit && x <= kLimit && static_cast<double>(static_cast<std::int32_t>(x)) == x;
  };
  const std::size_t step = values.size / 16 + 1;
  for (std::size_t i = 0; i < values.size; i += step) {
    if (!is_whole(values[i])) return false;
  }
  for (std::size_t i = 0; i < values.size; ++i) {
    if (!is_whole(values[i])) return false;
  }
  return true;
}

// Which bits of the keys tell them apart.
struct Range {
  std::uint64_t smallest;
  int trailing;  // bits below these are the same in all keys
  int width;     // bits of (key - smallest) >> trailing

  std::uint64_t reduced(std::uint64_t key) const { return (key - smallest) >> trailing; }
};

// Reads every key once and keeps it in `keys`.
template <class KeyOf>
Range store_keys(const KeyOf& key, std::size_t n, std::uint64_t* keys) {
  const std::uint64_t first = key(0);
  std::uint64_t smallest = first;
  std::uint64_t largest = first;
  std::uint64_t different = 0;
  simd::widest([&]() __attribute__((always_inline)) {
    std::uint64_t low = first;
    std::uint64_t high = first;
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t value = key(i);
      keys[i] = value;
      low = value < low ? value : low;
      high = value > high ? value : high;
      bits |= value ^ first;
    }
    smallest = low;
    largest = high;
    different = bits;
  });
  const int trailing = different == 0 ? 0 : std::countr_zero(different);
  return {smallest, trailing, static_cast<int>(std::bit_width((largest - smallest) >> trailing))};
}

// The words sorted by one digit, into `to`.
void scatter(const std::uint64_t* from, std::uint64_t* to, std::size_t n, int shift,
             std::uint64_t mask, std::uint32_t* counts) {
  std::uint32_t begin = 0;
  for (std::size_t d = 0; d <= mask; ++d) begin += std::exchange(counts[d], begin);
  simd::widest([&]() __attribute__((always_inline)) {
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t word = from[i];
      to[counts[(word >> shift) & mask]++] = word;
    }
  });
}

// Words that agree in their prefix, by whole keys. Stable.
template <class KeyOf>
void sort_run(std::uint64_t* begin, std::uint64_t* end, const KeyOf& key) {
  const auto key_of = [&key](std::uint64_t word) { return key(word & kIndexMask); };
  if (end - begin <= static_cast<std::ptrdiff_t>(kShortRun)) {
    for (std::uint64_t* at = begin + 1; at < end; ++at) {
      const std::uint64_t word = *at;
      const std::uint64_t own = key_of(word);
      std::uint64_t* hole = at;
      for (; hole != begin && key_of(hole[-1]) > own; --hole) *hole = hole[-1];
      *hole = word;
    }
    return;
  }
  // A long run is mostly one value many times.
  const auto before = [&](std::uint64_t a, std::uint64_t b) { return key_of(a) < key_of(b); };
  if (std::is_sorted(begin, end, before)) return;
  std::sort(begin, end, [&](std::uint64_t a, std::uint64_t b) {
    const std::uint64_t left = key_of(a);
    const std::uint64_t right = key_of(b);
    return left != right ? left < right : a < b;
  });
}

}  // namespace

Argsort::Argsort(std::size_t capacity)
    : capacity_(capacity), words_(std::make_unique_for_overwrite<std::uint64_t[]>(2 * capacity)) {}

template <class KeyOf>
struct Argsort::Sorter {
  Argsort& scratch;
  KeyOf key;
  std::size_t n;
  const std::uint64_t* sorted = nullptr;  // prefix << 32 | index
  bool exact = true;                      // equal prefixes are equal keys

  void sort() {
    if (n <= kInsertion) return insert();
    std::uint64_t* const keys = scratch.words_.get() + scratch.capacity_;
    sort_stored(store_keys(key, n, keys));
  }

  // The keys lie in the second buffer.
  void sort_stored(const Range& range) {
    std::uint64_t* to = scratch.words_.get() + scratch.capacity_;
    std::uint64_t* from = scratch.words_.get();
    const int exponents = std::max(range.width - kMantissa, 0);
    const int wanted = static_cast<int>(std::bit_width(n)) + kSpareBits + exponents;
    const int bits = std::min({range.width, wanted, 32});
    const int passes = (bits + kMaxDigit - 1) / kMaxDigit;
    const int digit = passes == 0 ? 0 : (bits + passes - 1) / passes;
    const std::uint64_t mask = (std::uint64_t{1} << digit) - 1;
    const int drop = range.width - bits;
    std::array<std::array<std::uint32_t, std::size_t{1} << kMaxDigit>, kMaxPasses> counts;
    for (int p = 0; p < passes; ++p) {
      std::fill_n(counts[static_cast<std::size_t>(p)].begin(), mask + 1, 0U);
    }
    const auto pack = [&]<std::size_t kPasses>(std::integral_constant<std::size_t, kPasses>) {
      simd::widest([&]() __attribute__((always_inline)) {
        for (std::size_t i = 0; i < n; ++i) {
          const std::uint64_t prefix = range.reduced(to[i]) >> drop;
          from[i] = prefix << 32 | i;
          for (std::size_t p = 0; p < kPasses; ++p) {
            ++counts[p][(prefix >> (p * static_cast<std::size_t>(digit))) & mask];
          }
        }
      });
    };
    if (passes == 3) pack(std::integral_constant<std::size_t, 3>{});
    if (passes == 2) pack(std::integral_constant<std::size_t, 2>{});
    if (passes == 1) pack(std::integral_constant<std::size_t, 1>{});
    if (passes == 0) pack(std::integral_constant<std::size_t, 0>{});
    for (int p = 0; p < passes; ++p) {
      std::uint32_t* const count = counts[static_cast<std::size_t>(p)].data();
      const int shift = 32 + p * digit;
      if (count[(from[0] >> shift) & mask] == n) continue;  // all the same
      scatter(from, to, n, shift, mask, count);
      std::swap(from, to);
    }
    exact = drop == 0;
    if (!exact) finish_runs(from);
    sorted = from;
  }

  void finish_runs(std::uint64_t* words) const {
    for (std::size_t begin = 0; begin + 1 < n;) {
      const std::uint64_t prefix = words[begin] >> 32;
      std::size_t end = begin + 1;
      while (end < n && words[end] >> 32 == prefix) ++end;
      if (end - begin > 1) sort_run(words + begin, words + end, key);
      begin = end;
    }
  }

  void insert() {
    std::uint64_t* const words = scratch.words_.get();
    std::array<std::uint64_t, kInsertion> keys;
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t own = key(i);
      std::size_t hole = i;
      for (; hole > 0 && keys[hole - 1] > own; --hole) {
        keys[hole] = keys[hole - 1];
        words[hole] = words[hole - 1];
      }
      keys[hole] = own;
      words[hole] = i;
    }
    // Distinct prefixes for distinct keys.
    std::uint64_t prefix = 0;
    for (std::size_t i = 0; i < n; ++i) {
      if (i > 0 && keys[i] != keys[i - 1]) ++prefix;
      words[i] |= prefix << 32;
    }
    sorted = words;
  }

  void write_order(std::span<std::uint32_t> order) const {
    for (std::size_t i = 0; i < n; ++i) order[i] = static_cast<std::uint32_t>(sorted[i]);
  }

  std::uint32_t write_ranks(std::span<std::uint32_t> ranks) const {
    if (n == 0) return 0;
    std::uint32_t rank = 0;
    std::uint64_t last = sorted[0];
    ranks[last & kIndexMask] = 0;
    for (std::size_t i = 1; i < n; ++i) {
      const std::uint64_t word = sorted[i];
      const bool differs =
          (word ^ last) >> 32 != 0 || (!exact && key(word & kIndexMask) != key(last & kIndexMask));
      rank += differs;
      ranks[word & kIndexMask] = rank;
      last = word;
    }
    return rank + 1;
  }

  // Ranks without an order: where keys are short, a table of all that could be.
  std::uint32_t rank(std::span<std::uint32_t> ranks) {
    if (n <= kInsertion) {
      insert();
      return write_ranks(ranks);
    }
    std::uint64_t* const keys = scratch.words_.get() + scratch.capacity_;
    const Range range = store_keys(key, n, keys);
    // The table takes the place of the words that are not sorted.
    const std::size_t limit = std::min(std::size_t{1} << kCountingBits, scratch.capacity_);
    if (range.width > kCountingBits || std::size_t{1} << range.width > limit) {
      sort_stored(range);
      return write_ranks(ranks);
    }
    std::uint64_t* const table = scratch.words_.get();
    const std::size_t size = std::size_t{1} << range.width;
    std::fill_n(table, size, std::uint64_t{0});
    for (std::size_t i = 0; i < n; ++i) table[range.reduced(keys[i])] = 1;
    std::uint64_t distinct = 0;
    for (std::size_t v = 0; v < size; ++v) distinct += std::exchange(table[v], distinct);
    for (std::size_t i = 0; i < n; ++i) {
      ranks[i] = static_cast<std::uint32_t>(table[range.reduced(keys[i])]);
    }
    return static_cast<std::uint32_t>(distinct);
  }
};

void Argsort::order(Column values, std::span<std::uint32_t> order) {
  assert(values.size <= capacity_ && order.size() == values.size);
  const auto run = [&](auto key) {
    Sorter<decltype(key)> sorter{*this, key, values.size};
    sorter.sort();
    sorter.write_order(order);
  };
  if (values.size > kInsertion && all_whole(values)) return run(WholeKey{values});
  run(DoubleKey{values});
}

void Argsort::order(std::span<const std::uint64_t> keys, std::span<std::uint32_t> order) {
  assert(keys.size() <= capacity_ && order.size() == keys.size());
  Sorter<WordKey> sorter{*this, WordKey{keys}, keys.size()};
  sorter.sort();
  sorter.write_order(order);
}

std::uint32_t Argsort::ranks(Column values, std::span<std::uint32_t> ranks) {
  assert(values.size <= capacity_ && ranks.size() == values.size);
  const auto run = [&](auto key) {
    return Sorter<decltype(key)>{*this, key, values.size}.rank(ranks);
  };
  if (values.size > kInsertion && all_whole(values)) return run(WholeKey{values});
  return run(DoubleKey{values});
}

std::uint32_t Argsort::ranks(Column values, std::span<std::uint32_t> ranks,
                             std::span<std::uint32_t> order) {
  assert(values.size <= capacity_ && ranks.size() == values.size && order.size() == values.size);
  const auto run = [&](auto key) {
    Sorter<decltype(key)> sorter{*this, key, values.size};
    sorter.sort();
    sorter.write_order(order);
    return sorter.write_ranks(ranks);
  };
  if (values.size > kInsertion && all_whole(values)) return run(WholeKey{values});
  return run(DoubleKey{values});
}

}  // namespace pyhwnas::moo
