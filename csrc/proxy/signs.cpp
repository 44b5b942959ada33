#include "pyhwnas/signs.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "proxy/sign_words.hpp"
#include "require.hpp"

namespace pyhwnas::proxy {
namespace {

// Words of a row that are counted together: a cache line, and enough lanes for any vector unit.
constexpr std::size_t kWords = 8;
constexpr std::size_t kMaxPlanes = 64;
constexpr std::size_t kRowsPerBlock = 16;

using WordBlock = std::array<std::uint64_t, kWords>;

// How often each of kWords * 64 units was positive, as binary numbers that lie across planes: bit u
// of plane p is bit p of unit u's count. Adding a row of bits is then a ripple of and and xor.
class ColumnCounts {
 public:
  void clear() { n_planes_ = 0; }

  void add(const WordBlock& row) {
    WordBlock carry = row;
    for (std::size_t p = 0; p < n_planes_; ++p) {
      std::uint64_t any = 0;
      for (std::size_t w = 0; w < kWords; ++w) {
        const std::uint64_t both = planes_[p][w] & carry[w];
        planes_[p][w] ^= carry[w];
        carry[w] = both;
        any |= both;
      }
      if (any == 0) return;
    }
    planes_[n_planes_++] = carry;
  }

  // The sum of the counts over the positive units of a row.
  std::int64_t weigh(const WordBlock& row) const {
    std::int64_t sum = 0;
    for (std::size_t p = 0; p < n_planes_; ++p) {
      std::int64_t ones = 0;
      for (std::size_t w = 0; w < kWords; ++w) ones += std::popcount(planes_[p][w] & row[w]);
      sum += ones << p;
    }
    return sum;
  }

 private:
  std::array<WordBlock, kMaxPlanes> planes_;
  std::size_t n_planes_ = 0;
};

struct Scratch {
  std::vector<WordBlock> rows;
  std::vector<std::int64_t> positives;
  std::vector<std::int64_t> shared;
  ColumnCounts counts;
};

// load(row, word) yields the bits of a row; each is asked for once.
template <class Load>
void accumulate(std::size_t n, std::size_t n_words, const Load& load,
                std::span<std::int64_t> positives, std::span<std::int64_t> shared, int threads,
                const Checkpoint& checkpoint) {
  require_size(positives.size(), "positives", n);
  require_size(shared.size(), "shared", n);
  std::fill(positives.begin(), positives.end(), 0);
  std::fill(shared.begin(), shared.end(), 0);
  const std::size_t n_blocks = (n_words + kWords - 1) / kWords;
  std::vector<Scratch> scratches(worker_count(n_blocks, threads));
  for (Scratch& scratch : scratches) {
    scratch.rows.resize(n);
    scratch.positives.assign(n, 0);
    scratch.shared.assign(n, 0);
  }
  const auto count_block = [&](std::size_t block, int worker) {
    Scratch& scratch = scratches[static_cast<std::size_t>(worker)];
    const std::size_t first = block * kWords;
    const std::size_t present = std::min(kWords, n_words - first);
    scratch.counts.clear();
    for (std::size_t i = 0; i < n; ++i) {
      WordBlock& row = scratch.rows[i];
      for (std::size_t w = 0; w < kWords; ++w) row[w] = w < present ? load(i, first + w) : 0;
      scratch.counts.add(row);
    }
    for (std::size_t i = 0; i < n; ++i) {
      std::int64_t ones = 0;
      for (const std::uint64_t word : scratch.rows[i]) ones += std::popcount(word);
      scratch.positives[i] += ones;
      scratch.shared[i] += scratch.counts.weigh(scratch.rows[i]);
    }
  };
  parallel_for(n_blocks, threads, count_block, checkpoint);
  for (const Scratch& scratch : scratches) {
    for (std::size_t i = 0; i < n; ++i) {
      positives[i] += scratch.positives[i];
      shared[i] += scratch.shared[i];
    }
  }
}

}  // namespace

void pack_signs(MatrixView<const float> x, MatrixView<std::uint64_t> bits, int threads,
                const Checkpoint& checkpoint) {
  require_shape(bits.rows(), bits.cols(), "bits", x.rows(), words_for(x.cols()));
  const std::size_t n_blocks = (x.rows() + kRowsPerBlock - 1) / kRowsPerBlock;
  const auto pack_block = [&](std::size_t block, int) {
    const std::size_t end = std::min(x.rows(), (block + 1) * kRowsPerBlock);
    for (std::size_t i = block * kRowsPerBlock; i < end; ++i) {
      const std::span<std::uint64_t> row = bits[i];
      for (std::size_t w = 0; w < row.size(); ++w) row[w] = pack_at(x[i], w);
    }
  };
  parallel_for(n_blocks, threads, pack_block, checkpoint);
}

void coactivation(MatrixView<const std::uint64_t> bits, std::span<std::int64_t> positives,
                  std::span<std::int64_t> shared, int threads, const Checkpoint& checkpoint) {
  const auto load = [bits](std::size_t i, std::size_t w) { return bits(i, w); };
  accumulate(bits.rows(), bits.cols(), load, positives, shared, threads, checkpoint);
}

void sign_statistics(MatrixView<const float> x, std::span<std::int64_t> positives,
                     std::span<std::int64_t> shared, int threads, const Checkpoint& checkpoint) {
  const auto load = [x](std::size_t i, std::size_t w) { return pack_at(x[i], w); };
  accumulate(x.rows(), words_for(x.cols()), load, positives, shared, threads, checkpoint);
}

}  // namespace pyhwnas::proxy
