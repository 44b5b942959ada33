// The idea and its costs stand in cover_tile.hpp.
#include "moo/dominance/cover_tile.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>

#include "simd/level.hpp"

namespace pyhwnas::moo {
namespace {

constexpr int kLogBins = 7;
constexpr std::size_t kRowsPerBlock = 64;

// Eight words are one register of 512 bits, or two or four smaller ones.
constexpr std::size_t kWordsPerWide = 8;

using Wide [[gnu::vector_size(64)]] = std::uint64_t;
using Half [[gnu::vector_size(32)]] = std::uint64_t;
using Quarter [[gnu::vector_size(16)]] = std::uint64_t;
using Words = std::array<std::uint64_t, kWordsPerWide>;

// The conjunction of some words of the maps, and whether it has a bit set; map k begins at
// offsets[k * kRowsPerBlock]. Compilers make good use of 512 bits only if told to, and bad use of
// 256 bits if told the same.
template <bool kIs512>
[[gnu::always_inline]] inline bool common_words(const std::uint64_t* words,
                                                const std::uint32_t* offsets, std::size_t n_maps,
                                                Words& result) {
  if constexpr (kIs512) {
    Wide common;
    std::memcpy(&common, words + offsets[0], sizeof common);
    for (std::size_t k = 1; k < n_maps; ++k) {
      Wide map;
      std::memcpy(&map, words + offsets[k * kRowsPerBlock], sizeof map);
      common &= map;
    }
    const Half half = __builtin_shufflevector(common, common, 0, 1, 2, 3) |
                      __builtin_shufflevector(common, common, 4, 5, 6, 7);
    const Quarter quarter =
        __builtin_shufflevector(half, half, 0, 1) | __builtin_shufflevector(half, half, 2, 3);
    if ((quarter[0] | quarter[1]) == 0) return false;
    std::memcpy(&result, &common, sizeof result);
    return true;
  } else {
    for (std::size_t v = 0; v < kWordsPerWide; ++v) result[v] = words[offsets[0] + v];
    for (std::size_t k = 1; k < n_maps; ++k) {
      const std::uint64_t* map = words + offsets[k * kRowsPerBlock];
      for (std::size_t v = 0; v < kWordsPerWide; ++v) result[v] &= map[v];
    }
    std::uint64_t any = 0;
    for (std::size_t v = 0; v < kWordsPerWide; ++v) any |= result[v];
    return any != 0;
  }
}

// Hands the bits that are set in all maps to `accept`, in ascending order, until it returns true;
// whether it did.
template <bool kIs512, class Accept>
[[gnu::always_inline]] inline bool any_common_bit(const std::uint64_t* words,
                                                  const std::uint32_t* offsets, std::size_t n_maps,
                                                  std::size_t n_words, const Accept& accept) {
  for (std::size_t w = 0; w < n_words; w += kWordsPerWide) {
    Words common;
    if (!common_words<kIs512>(words + w, offsets, n_maps, common)) continue;
    for (std::size_t v = 0; v < kWordsPerWide; ++v) {
      for (std::uint64_t word = common[v]; word != 0; word &= word - 1) {
        if (accept((w + v) * 64 + static_cast<std::size_t>(std::countr_zero(word)))) return true;
      }
    }
  }
  return false;
}

}  // namespace

CoverTile::CoverTile(MatrixView<const std::uint32_t> ranks)
    : ranks_(ranks), scales_(ranks.cols()), offsets_(ranks.cols() * kRowsPerBlock) {
  objectives_.reserve(ranks.cols());
}

// Chooses the bins of the k-th objective that counts.
void CoverTile::scale(std::size_t k) {
  const std::uint32_t* column = ranks_.data() + objectives_[k];
  std::uint32_t low = ~0U;
  std::uint32_t high = 0;
  for (const std::uint32_t i : rows_) {
    low = std::min(low, column[i * ranks_.cols()]);
    high = std::max(high, column[i * ranks_.cols()]);
  }
  // Few rows do not pay for many bitmaps.
  const int most = std::min(kLogBins, static_cast<int>(std::bit_width(rows_.size() / 4)));
  const int shift = std::max(0, static_cast<int>(std::bit_width(high - low)) - most);
  const std::size_t first =
      k == 0 ? 0 : scales_[k - 1].first_word + (scales_[k - 1].n_bins + 1) * n_words_;
  scales_[k] = {low, high, static_cast<std::uint32_t>(shift), ((high - low) >> shift) + 1, first};
}

void CoverTile::build(std::span<const std::uint32_t> rows,
                      std::span<const std::uint32_t> objectives) {
  assert(0 < rows.size() && rows.size() <= kMaxRows && 0 < objectives.size());
  rows_ = rows;
  objectives_.assign(objectives.begin(), objectives.end());
  n_words_ = (rows.size() + 64 * kWordsPerWide - 1) / (64 * kWordsPerWide) * kWordsPerWide;
  for (std::size_t k = 0; k < objectives_.size(); ++k) scale(k);
  const Scale& last = scales_[objectives_.size() - 1];
  const std::size_t n_words = last.first_word + (last.n_bins + 1) * n_words_;
  if (bits_.size() < n_words) bits_.resize(n_words);

  simd::widest([&]() __attribute__((always_inline)) {
    for (std::size_t k = 0; k < objectives_.size(); ++k) {
      const Scale s = scales_[k];
      const std::uint32_t* column = ranks_.data() + objectives_[k];
      std::uint64_t* maps = bits_.data() + s.first_word;
      std::fill_n(maps, (s.n_bins + 1) * n_words_, 0);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::size_t bin = (column[rows[i] * ranks_.cols()] - s.low) >> s.shift;
        maps[(bin + 1) * n_words_ + i / 64] |= std::uint64_t{1} << (i % 64);
      }
      for (std::size_t w = 2 * n_words_; w < (s.n_bins + 1) * n_words_; ++w) {
        maps[w] |= maps[w - n_words_];
      }
    }
  });
}

void CoverTile::mark_covered(std::span<const std::uint32_t> queries, std::span<std::uint8_t> dead) {
  mark(queries, dead, [](std::size_t, std::size_t) { return true; });
}

void CoverTile::mark_own(std::span<std::uint8_t> dead) {
  mark(rows_, dead, [](std::size_t query, std::size_t bit) { return bit < query; });
}

// Candidate `bit` of the query-th query counts where is_other(query, bit).
template <class IsOther>
void CoverTile::mark(std::span<const std::uint32_t> queries, std::span<std::uint8_t> dead,
                     const IsOther& is_other) {
  const bool is_512 = simd::level() == simd::Level::avx512;
  simd::widest([&]() __attribute__((always_inline)) {
    const std::size_t m = ranks_.cols();
    const std::size_t n_objectives = objectives_.size();
    std::uint32_t* offsets = offsets_.data();
    for (std::size_t begin = 0; begin < queries.size(); begin += kRowsPerBlock) {
      const std::size_t count = std::min(kRowsPerBlock, queries.size() - begin);
      const std::uint32_t* block = queries.data() + begin;
      for (std::size_t k = 0; k < n_objectives; ++k) {
        const Scale s = scales_[k];
        const std::uint32_t* column = ranks_.data() + objectives_[k];
        const auto n_words = static_cast<std::uint32_t>(n_words_);
        const auto first = static_cast<std::uint32_t>(s.first_word);
        for (std::size_t q = 0; q < count; ++q) {
          const std::uint32_t rank = column[block[q] * m];
          const std::uint32_t bin = ((std::min(rank, s.high) - s.low) >> s.shift) + 1;
          offsets[k * kRowsPerBlock + q] = first + (rank < s.low ? 0 : bin * n_words);
        }
      }
      for (std::size_t q = 0; q < count; ++q) {
        const std::uint32_t* row = ranks_.data() + block[q] * m;
        const auto accept = [&](std::size_t bit) __attribute__((always_inline)) {
          if (!is_other(begin + q, bit)) return false;
          const std::uint32_t* other = ranks_.data() + rows_[bit] * m;
          for (std::size_t k = 0; k < n_objectives; ++k) {
            if (other[objectives_[k]] > row[objectives_[k]]) return false;
          }
          return true;
        };
        const bool found =
            is_512
                ? any_common_bit<true>(bits_.data(), offsets + q, n_objectives, n_words_, accept)
                : any_common_bit<false>(bits_.data(), offsets + q, n_objectives, n_words_, accept);
        dead[block[q]] |= found;
      }
    }
  });
}

}  // namespace pyhwnas::moo
