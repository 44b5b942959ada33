// The idea and its costs stand in cover_blocks.hpp.
#include "moo/dominance/cover_blocks.hpp"

#include <array>
#include <cassert>
#include <cstring>

#include "moo/argsort.hpp"
#include "simd/level.hpp"

namespace pyhwnas::moo {
namespace {

constexpr std::uint32_t kLeftOut = ~0U;
constexpr std::size_t kWordsPerWide = 8;
constexpr std::size_t kWides = CoverBlocks::kWords / kWordsPerWide;
using Wide [[gnu::vector_size(64)]] = std::uint64_t;

}  // namespace

CoverBlocks::CoverBlocks(MatrixView<const double> F, std::span<const std::uint32_t> order,
                         int threads, const Checkpoint& checkpoint)
    : n_(order.size()), m_(F.cols()), rows_(n_ * m_), ranks_(n_ * m_) {
  std::vector<std::uint32_t> places(F.rows(), kLeftOut);
  for (std::size_t p = 0; p < n_; ++p) places[order[p]] = static_cast<std::uint32_t>(p);
  const auto prepare = [&](std::size_t k, int) {
    std::vector<std::uint32_t> ranks(F.rows());
    std::vector<std::uint32_t> by_rank(F.rows());
    Argsort(F.rows()).ranks(column(F, k), ranks, by_rank);
    std::vector<std::size_t> next(n_blocks());
    for (std::size_t b = 0; b < next.size(); ++b) next[b] = k * n_ + begin(b);
    for (const std::uint32_t i : by_rank) {
      if (places[i] == kLeftOut) continue;
      const std::size_t to = next[places[i] / kRows]++;
      rows_[to] = static_cast<std::uint16_t>(places[i] % kRows);
      ranks_[to] = ranks[i];
    }
  };
  parallel_for(m_, threads, prepare, checkpoint);
}

void CoverBlocks::find(std::size_t block, std::size_t others,
                       std::span<std::uint64_t> covers) const {
  assert(m_ > 0 && covers.size() == kRows * kWords);
  const std::size_t n_rows = size(block);
  const std::size_t n_others = size(others);
  simd::widest([&]() __attribute__((always_inline)) {
    for (std::size_t k = 0; k < m_; ++k) {
      const std::uint16_t* rows = rows_.data() + k * n_ + begin(block);
      const std::uint32_t* ranks = ranks_.data() + k * n_ + begin(block);
      const std::uint16_t* other_rows = rows_.data() + k * n_ + begin(others);
      const std::uint32_t* other_ranks = ranks_.data() + k * n_ + begin(others);
      alignas(64) std::array<std::uint64_t, kWords> passed{};
      std::size_t next = 0;
      for (std::size_t r = 0; r < n_rows; ++r) {
        const std::uint32_t rank = ranks[r];
        for (; next < n_others && other_ranks[next] <= rank; ++next) {
          passed[other_rows[next] / 64] |= std::uint64_t{1} << (other_rows[next] % 64);
        }
        std::uint64_t* to = covers.data() + rows[r] * kWords;
        for (std::size_t w = 0; w < kWides; ++w) {
          Wide bits;
          std::memcpy(&bits, passed.data() + w * kWordsPerWide, sizeof bits);
          if (k > 0) {
            Wide before;
            std::memcpy(&before, to + w * kWordsPerWide, sizeof before);
            bits &= before;
          }
          std::memcpy(to + w * kWordsPerWide, &bits, sizeof bits);
        }
      }
    }
  });
}

}  // namespace pyhwnas::moo
