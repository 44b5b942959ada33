// Rows meet in pairs of pairs: four distances from four loads. A block of words is packed for all
// rows and compared while it lies in cache, so the bits as a whole are never stored.
#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "proxy/sign_words.hpp"
#include "pyhwnas/signs.hpp"
#include "require.hpp"
#include "simd/level.hpp"

namespace pyhwnas::proxy {
namespace {

// Words of a row that are compared together: the block of a hundred rows fits a second-level cache.
constexpr std::size_t kWords = 128;
// Blocks end at whole vector registers.
constexpr std::size_t kStep = 8;
constexpr std::size_t kTile = 2;

using Row = std::array<std::uint64_t, kWords>;
using Tile = std::array<std::uint64_t, kTile * kTile>;

[[gnu::always_inline]] inline void count_tile(const Row* a, const Row* b, std::size_t n_words,
                                              Tile& differing) {
  std::uint64_t aa = 0;
  std::uint64_t ab = 0;
  std::uint64_t ba = 0;
  std::uint64_t bb = 0;
  for (std::size_t w = 0; w < n_words; ++w) {
    aa += static_cast<std::uint64_t>(std::popcount(a[0][w] ^ b[0][w]));
    ab += static_cast<std::uint64_t>(std::popcount(a[0][w] ^ b[1][w]));
    ba += static_cast<std::uint64_t>(std::popcount(a[1][w] ^ b[0][w]));
    bb += static_cast<std::uint64_t>(std::popcount(a[1][w] ^ b[1][w]));
  }
  differing = {aa, ab, ba, bb};
}

// Adds the distances of all pairs of rows, n of them and even, to the tiles on and below the
// diagonal of `sums`.
[[gnu::always_inline]] inline void count_pairs(const std::vector<Row>& rows, std::size_t n_words,
                                               std::vector<std::int64_t>& sums) {
  const std::size_t n = rows.size();
  for (std::size_t i = 0; i < n; i += kTile) {
    for (std::size_t j = 0; j <= i; j += kTile) {
      Tile differing;
      count_tile(rows.data() + i, rows.data() + j, n_words, differing);
      for (std::size_t k = 0; k < differing.size(); ++k) {
        sums[(i + k / kTile) * n + j + k % kTile] += static_cast<std::int64_t>(differing[k]);
      }
    }
  }
}

#if defined(__x86_64__)
// Counting bits in a vector register is an extension of its own, which no level asks for.
#if defined(__clang__)
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq,bmi,bmi2,lzcnt"),
  clang::min_vector_width(512), gnu::noinline]]
#else
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq,bmi,bmi2,lzcnt,"
              "prefer-vector-width=512"),
  gnu::noinline]]
#endif
void count_pairs_popcnt512(const std::vector<Row>& rows, std::size_t n_words,
                           std::vector<std::int64_t>& sums) {
  count_pairs(rows, n_words, sums);
}

bool has_popcnt512() {
  return simd::level() == simd::Level::avx512 && __builtin_cpu_supports("avx512vpopcntdq");
}
#endif

void count_block(const std::vector<Row>& rows, std::size_t n_words,
                 std::vector<std::int64_t>& sums) {
#if defined(__x86_64__)
  if (has_popcnt512()) {
    count_pairs_popcnt512(rows, n_words, sums);
    return;
  }
#endif
  simd::widest([&]() __attribute__((always_inline)) { count_pairs(rows, n_words, sums); });
}

struct Scratch {
  std::vector<Row> rows;  // an even number: the last may be one too many
  std::vector<std::int64_t> sums;
};

// load(row, word) yields the bits of a row; each is asked for once.
template <class Load>
void accumulate(std::size_t n, std::size_t n_words, const Load& load,
                MatrixView<std::int64_t> distances, int threads, const Checkpoint& checkpoint) {
  require_shape(distances.rows(), distances.cols(), "distances", n, n);
  const std::size_t even = (n + kTile - 1) / kTile * kTile;
  const std::size_t n_blocks = (n_words + kWords - 1) / kWords;
  std::vector<Scratch> scratches(worker_count(n_blocks, threads));
  for (Scratch& scratch : scratches) {
    scratch.rows.assign(even, Row{});
    scratch.sums.assign(even * even, 0);
  }
  const auto compare_block = [&](std::size_t block, int worker) {
    Scratch& scratch = scratches[static_cast<std::size_t>(worker)];
    const std::size_t first = block * kWords;
    const std::size_t present = std::min(kWords, n_words - first);
    const std::size_t whole = (present + kStep - 1) / kStep * kStep;
    for (std::size_t i = 0; i < n; ++i) {
      Row& row = scratch.rows[i];
      for (std::size_t w = 0; w < present; ++w) row[w] = load(i, first + w);
      for (std::size_t w = present; w < whole; ++w) row[w] = 0;
    }
    count_block(scratch.rows, whole, scratch.sums);
  };
  parallel_for(n_blocks, threads, compare_block, checkpoint);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      std::int64_t sum = 0;
      for (const Scratch& scratch : scratches) sum += scratch.sums[i * even + j];
      distances(i, j) = sum;
      distances(j, i) = sum;
    }
  }
}

}  // namespace

void hamming_distances(MatrixView<const std::uint64_t> bits, MatrixView<std::int64_t> distances,
                       int threads, const Checkpoint& checkpoint) {
  const auto load = [bits](std::size_t i, std::size_t w) { return bits(i, w); };
  accumulate(bits.rows(), bits.cols(), load, distances, threads, checkpoint);
}

void sign_distances(MatrixView<const float> x, MatrixView<std::int64_t> distances, int threads,
                    const Checkpoint& checkpoint) {
  const auto load = [x](std::size_t i, std::size_t w) { return pack_at(x[i], w); };
  accumulate(x.rows(), words_for(x.cols()), load, distances, threads, checkpoint);
}

}  // namespace pyhwnas::proxy
