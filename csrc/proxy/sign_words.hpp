// 64 signs in a word: how activations become bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace pyhwnas::proxy {

inline constexpr std::size_t kBits = 64;

inline std::size_t words_for(std::size_t units) {
  return (units + kBits - 1) / kBits;
}

inline std::uint64_t pack_word(const float* x) {
  std::uint64_t word = 0;
#if defined(__SSE2__)
  // Compilers do not find movmskps; this is ten times the plain loop below.
  const __m128 zero = _mm_setzero_ps();
  for (unsigned k = 0; k < kBits; k += 4) {
    const int four = _mm_movemask_ps(_mm_cmpgt_ps(_mm_loadu_ps(x + k), zero));
    word |= static_cast<std::uint64_t>(four) << k;
  }
#else
  for (unsigned k = 0; k < kBits; ++k) word |= static_cast<std::uint64_t>(x[k] > 0.0F) << k;
#endif
  return word;
}

inline std::uint64_t pack_partial_word(const float* x, std::size_t count) {
  std::uint64_t word = 0;
  for (std::size_t k = 0; k < count; ++k) word |= static_cast<std::uint64_t>(x[k] > 0.0F) << k;
  return word;
}

// Units 64 word .. 64 word + 63 of a row; bits past its end are 0.
inline std::uint64_t pack_at(std::span<const float> row, std::size_t word) {
  const std::size_t begin = word * kBits;
  const std::size_t count = row.size() - begin;
  return count >= kBits ? pack_word(row.data() + begin)
                        : pack_partial_word(row.data() + begin, count);
}

}  // namespace pyhwnas::proxy
