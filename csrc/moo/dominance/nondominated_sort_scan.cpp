// Ranks in any number of objectives by scanning fronts: efficient non-dominated sort with a binary
// search over fronts (Zhang, Tian, Cheng, Jin 2015, doi:10.1109/TEVC.2014.2308305). Distinct rows
// come in lexicographic order, so only rows that are already in a front can dominate the next one,
// and the first objective need not be compared. If a front has a member that dominates the row then
// so has every front before it; the row's own front is the first without one.
//
// Values are replaced by their places among the distinct values of their objective, so that a
// comparison is a subtraction of small integers: a member dominates the row if none of the
// differences row - member is negative, that is, if the sign bit of their bitwise or is clear. The
// members of a front lie in blocks of 64, objective by objective, and are scanned from the latest,
// which is the nearest in the first objective, back to the earliest. Each place is stored twice: at
// a resolution of seven bits, 64 of them in a vector, where nearly all members are found not to
// dominate; and in full, to look at a block again that seven bits do not settle.
//
// O(m n^2) time at worst, when all rows are in one front; O(m n log n) when fronts are many.
// O(m n) memory.
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "moo/dominance/nondominated_sort.hpp"
#include "simd/level.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kBlock = 64;    // members
constexpr std::size_t kFew = 4;       // members of a front that are not worth a block
constexpr std::size_t kTogether = 4;  // blocks between two looks at the outcome
constexpr std::size_t kRowsPerCheck = 256;
constexpr std::int8_t kCoarsePlaces = 127;  // 0 to 126; 127 is larger than any

// A vector register's worth of integers. Passed by reference only: how a function takes or returns
// one depends on the instruction set.
template <class T>
struct VectorOf;
template <>
struct VectorOf<std::int8_t> {
  using type [[gnu::vector_size(64)]] = std::int8_t;
};
template <>
struct VectorOf<std::int16_t> {
  using type [[gnu::vector_size(64)]] = std::int16_t;
};
template <>
struct VectorOf<std::int32_t> {
  using type [[gnu::vector_size(64)]] = std::int32_t;
};
template <class T>
using Vector = typename VectorOf<T>::type;
using Bytes = Vector<std::int8_t>;

struct alignas(64) Line {
  std::byte bytes[64];
};

// negative |= row - member, lane by lane.
template <class V>
[[gnu::always_inline]] inline void collect_signs(const Line& row, const Line& member, V& negative) {
  V a;
  V b;
  std::memcpy(&a, &row, sizeof a);
  std::memcpy(&b, &member, sizeof b);
  negative |= a - b;
}

// Whether the sign bit of some lane of type T is clear.
template <class T, class V>
[[gnu::always_inline]] inline bool any_sign_clear(const V& lanes) {
  std::uint64_t words[8];
  std::memcpy(words, &lanes, sizeof words);
  constexpr std::uint64_t kSigns = sizeof(T) == 1   ? 0x8080808080808080U
                                   : sizeof(T) == 2 ? 0x8000800080008000U
                                                    : 0x8000000080000000U;
  const std::uint64_t both =
      (words[0] & words[1] & words[2] & words[3]) & (words[4] & words[5] & words[6] & words[7]);
  return (both & kSigns) != kSigns;
}

// Places of the distinct rows in all objectives but the first.
struct Places {
  std::size_t width;                  // objectives
  std::vector<std::uint32_t> values;  // row by row
  std::vector<std::int8_t> coarse;
  bool is_coarse_exact;

  const std::uint32_t* operator[](std::size_t row) const { return values.data() + row * width; }
  const std::int8_t* coarse_of(std::size_t row) const { return coarse.data() + row * width; }
};

Places places_of(MatrixView<const double> F, const DistinctRows& rows, Argsort& argsort,
                 const Checkpoint& checkpoint) {
  const std::size_t n = F.rows();
  const std::size_t width = F.cols() - 1;
  Places places{width, std::vector<std::uint32_t>(rows.size() * width),
                std::vector<std::int8_t>(rows.size() * width), true};
  std::vector<std::uint32_t> column_places(n);
  for (std::size_t k = 0; k < width; ++k) {
    if (checkpoint) checkpoint();
    const std::uint32_t distinct = argsort.ranks(column(F, k + 1), column_places);
    const bool exact = distinct <= static_cast<std::uint32_t>(kCoarsePlaces);
    places.is_coarse_exact = places.is_coarse_exact && exact;
    const double scale = exact ? 1.0 : kCoarsePlaces / static_cast<double>(distinct);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const std::uint32_t place = column_places[rows[r]];
      places.values[r * width + k] = place;
      // Rounded down: monotone, and at most 126 even where the product is rounded up to 127.
      const int coarse = std::min(static_cast<int>(place * scale), kCoarsePlaces - 1);
      places.coarse[r * width + k] = static_cast<std::int8_t>(coarse);
    }
  }
  return places;
}

struct Front {
  std::uint32_t size = 0;
  std::uint32_t capacity = 0;  // blocks
  std::size_t first_block = 0;
  std::array<std::uint32_t, kFew> few;  // the first members
};

// Exact: the integers that hold the places in full.
template <class Exact>
class Fronts {
 public:
  Fronts(const Places& places, std::size_t n_rows)
      : places_(places),
        width_(places.width),
        exact_width_(places.is_coarse_exact ? 0 : places.width * sizeof(Exact)),
        splats_(width_) {
    fronts_.reserve(std::min<std::size_t>(n_rows, 1024));
  }

  [[gnu::always_inline]] std::size_t first_open(std::uint32_t row) {
    splat(row);
    std::size_t low = 0;
    std::size_t high = fronts_.size();
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (dominates(fronts_[middle], row)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  [[gnu::always_inline]] void add(std::size_t index, std::uint32_t row) {
    if (index == fronts_.size()) add_front();
    Front& front = fronts_[index];
    if (front.size < kFew) {
      front.few[front.size++] = row;
      return;
    }
    if (front.size == kFew || front.size == front.capacity * kBlock) grow(front);
    write(front, front.size++, row);
  }

 private:
  // One vector per objective, all lanes the row's place.
  [[gnu::always_inline]] void splat(std::uint32_t row) {
    const std::int8_t* const coarse = places_.coarse_of(row);
    for (std::size_t k = 0; k < width_; ++k) {
      const Bytes lanes = Bytes{} + coarse[k];
      std::memcpy(&splats_[k], &lanes, sizeof lanes);
    }
  }

  [[gnu::always_inline]] bool dominates(const Front& front, std::uint32_t row) const {
    if (front.size <= kFew) return few_dominate(front, row);
    const Line* const begin = coarse_.data() + front.first_block * width_;
    std::size_t end = (front.size + kBlock - 1) / kBlock;
    while (end > 0) {
      const std::size_t count = std::min(end, kTogether);
      Bytes all = Bytes{} - 1;
      for (std::size_t b = end - count; b < end; ++b) {
        Bytes negative{};
        for (std::size_t k = 0; k < width_; ++k) {
          collect_signs(splats_[k], begin[b * width_ + k], negative);
        }
        all &= negative;
      }
      if (any_sign_clear<std::int8_t>(all)) {
        if (exact_width_ == 0) return true;
        for (std::size_t b = end; b-- > end - count;) {
          if (block_dominates(front.first_block + b, row)) return true;
        }
      }
      end -= count;
    }
    return false;
  }

  [[gnu::always_inline]] bool block_dominates(std::size_t block, std::uint32_t row) const {
    const std::uint32_t* const place = places_[row];
    const Line* const lines = exact_.data() + block * exact_width_;
    Vector<Exact> all = Vector<Exact>{} - Exact{1};
    for (std::size_t part = 0; part < sizeof(Exact); ++part) {
      Vector<Exact> negative{};
      for (std::size_t k = 0; k < width_; ++k) {
        Vector<Exact> member;
        std::memcpy(&member, lines + k * sizeof(Exact) + part, sizeof member);
        negative |= static_cast<Exact>(place[k]) - member;
      }
      all &= negative;
    }
    return any_sign_clear<Exact>(all);
  }

  [[gnu::always_inline]] bool few_dominate(const Front& front, std::uint32_t row) const {
    const std::uint32_t* const b = places_[row];
    for (std::size_t j = front.size; j-- > 0;) {
      const std::uint32_t* const a = places_[front.few[j]];
      std::uint32_t larger = 0;
      for (std::size_t k = 0; k < width_; ++k) larger |= b[k] - a[k];
      if (larger >> 31 == 0) return true;
    }
    return false;
  }

  [[gnu::noinline]] void add_front() { fronts_.emplace_back(); }

  // Twice the blocks, at the end of the pool.
  [[gnu::noinline]] void grow(Front& front) {
    const std::size_t capacity = std::max<std::size_t>(1, std::size_t{2} * front.capacity);
    const std::size_t block = n_blocks_;
    n_blocks_ += capacity;
    reserve(coarse_, n_blocks_ * width_);
    reserve(exact_, n_blocks_ * exact_width_);
    std::memset(coarse_.data() + block * width_, kCoarsePlaces, capacity * width_ * sizeof(Line));
    auto* const exact = reinterpret_cast<Exact*>(exact_.data() + block * exact_width_);
    std::fill_n(exact, capacity * exact_width_ * sizeof(Line) / sizeof(Exact),
                std::numeric_limits<Exact>::max());
    std::copy_n(coarse_.data() + front.first_block * width_, front.capacity * width_,
                coarse_.data() + block * width_);
    std::copy_n(exact_.data() + front.first_block * exact_width_, front.capacity * exact_width_,
                exact_.data() + block * exact_width_);
    front.first_block = block;
    if (front.capacity == 0) {
      for (std::uint32_t j = 0; j < front.size; ++j) write(front, j, front.few[j]);
    }
    front.capacity = static_cast<std::uint32_t>(capacity);
  }

  static void reserve(std::vector<Line>& lines, std::size_t size) {
    if (size > lines.size()) lines.resize(std::max(size, 2 * lines.size()));
  }

  void write(const Front& front, std::size_t member, std::uint32_t row) {
    const std::size_t block = front.first_block + member / kBlock;
    const std::size_t lane = member % kBlock;
    const std::int8_t* const coarse = places_.coarse_of(row);
    for (std::size_t k = 0; k < width_; ++k) {
      std::memcpy(&coarse_[block * width_ + k].bytes[lane], coarse + k, 1);
    }
    if (exact_width_ == 0) return;
    const std::uint32_t* const place = places_[row];
    std::byte* const lines = exact_[block * exact_width_].bytes;
    for (std::size_t k = 0; k < width_; ++k) {
      const auto value = static_cast<Exact>(place[k]);
      std::memcpy(lines + (k * kBlock + lane) * sizeof value, &value, sizeof value);
    }
  }

  const Places& places_;
  std::size_t width_;
  std::size_t exact_width_;  // lines of a block in full; 0 where the coarse places are exact
  std::vector<Line> splats_;
  std::vector<Front> fronts_;
  std::size_t n_blocks_ = 0;
  std::vector<Line> coarse_;
  std::vector<Line> exact_;
};

template <class Exact>
void scan(const DistinctRows& rows, const Places& places, std::span<std::int32_t> ranks,
          const Checkpoint& checkpoint) {
  Fronts<Exact> fronts(places, rows.size());
  for (std::size_t begin = 0; begin < rows.size(); begin += kRowsPerCheck) {
    if (checkpoint) checkpoint();
    const std::size_t end = std::min(begin + kRowsPerCheck, rows.size());
    simd::widest([&]() __attribute__((always_inline)) {
      for (std::size_t k = begin; k < end; ++k) {
        const auto row = static_cast<std::uint32_t>(k);
        const std::size_t front = fronts.first_open(row);
        fronts.add(front, row);
        rows.set_rank(k, static_cast<std::int32_t>(front), ranks);
      }
    });
  }
}

}  // namespace

void sort_by_scan(MatrixView<const double> F, std::span<std::int32_t> ranks,
                  const Checkpoint& checkpoint) {
  Argsort argsort(F.rows());
  const DistinctRows rows = distinct_rows(F, argsort, checkpoint);
  const Places places = places_of(F, rows, argsort, checkpoint);
  if (F.rows() <= static_cast<std::size_t>(std::numeric_limits<std::int16_t>::max())) {
    scan<std::int16_t>(rows, places, ranks, checkpoint);
  } else {
    scan<std::int32_t>(rows, places, ranks, checkpoint);
  }
}

}  // namespace pyhwnas::moo
