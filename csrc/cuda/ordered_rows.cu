#include "cuda/ordered_rows.hpp"

#include <algorithm>
#include <bit>

#include "cuda/launch.hpp"
#include "cuda/ordered.cuh"
#include "cuda/primitives.cuh"

namespace pyhwnas::cuda {
namespace {

constexpr unsigned kThreads = 256;
constexpr unsigned kCodeBits = 32;
constexpr unsigned kWarp = 32;
// Columns are ranked together up to so many entries, which fill a GPU; more would only take memory.
constexpr std::size_t kRankedAtOnce = std::size_t{1} << 20;

__device__ unsigned thread_in_grid() {
  return blockIdx.x * blockDim.x + threadIdx.x;
}

// Some columns, one after the other: entry k n + i is row i of column first + k.
__global__ void keys_kernel(const double* F, unsigned n, unsigned m, unsigned first, unsigned size,
                            unsigned long long* keys, std::uint32_t* index) {
  const unsigned at = thread_in_grid();
  if (at >= size) return;
  const unsigned k = at / n;
  keys[at] = ordered(F[static_cast<std::size_t>(at - k * n) * m + first + k]);
  index[at] = at;
}

__global__ void columns_kernel(const std::uint32_t* order, unsigned n, unsigned size,
                               std::uint32_t* columns) {
  const unsigned p = thread_in_grid();
  if (p < size) columns[p] = order[p] / n;
}

// order: entries by column and value. 1 where another value begins within a column.
__global__ void steps_kernel(const unsigned long long* keys, const std::uint32_t* order, unsigned n,
                             unsigned size, std::uint32_t* steps) {
  const unsigned p = thread_in_grid();
  if (p < size) steps[p] = p % n > 0 && keys[order[p]] != keys[order[p - 1]] ? 1 : 0;
}

// From sums of steps to ranks in the order of the rows.
__global__ void scatter_kernel(const std::uint32_t* sums, const std::uint32_t* order, unsigned n,
                               unsigned size, std::uint32_t* ranks, std::uint32_t* distinct) {
  const unsigned p = thread_in_grid();
  if (p >= size) return;
  const std::uint32_t rank = sums[p] - sums[p - p % n];
  ranks[order[p]] = rank;
  if (p % n == n - 1) distinct[p / n] = rank + 1;
}

// Code and sum in one key. Each of the first 32 objectives gives its leading bits.
__global__ void codes_kernel(const std::uint32_t* ranks, const std::uint32_t* distinct, unsigned n,
                             unsigned m, int sum_bits, unsigned long long* keys,
                             std::uint32_t* index) {
  const unsigned i = thread_in_grid();
  if (i >= n) return;
  const unsigned coded = min(m, kCodeBits);
  const unsigned bits = kCodeBits / coded;
  std::uint32_t sum = 0;
  unsigned long long code = 0;
  for (unsigned k = 0; k < m; ++k) {
    const std::uint32_t rank = ranks[static_cast<std::size_t>(k) * n + i];
    sum += rank;
    if (k >= coded) continue;
    const unsigned long long part = (static_cast<unsigned long long>(rank) << bits) / distinct[k];
    for (unsigned bit = 0; bit < bits; ++bit) {
      code |= (part >> bit & 1) << (bit * coded + (coded - 1 - k));
    }
  }
  keys[i] = code << sum_bits | sum;
  index[i] = i;
}

// One block a tile: its rows' columns side by side, and its box.
__global__ void __launch_bounds__(kTile)
    pack_kernel(const std::uint32_t* ranks, unsigned m, Tiles tiles, std::uint32_t* columns,
                std::uint32_t* low, std::uint32_t* high) {
  __shared__ std::uint32_t lows[kTile / kWarp];
  __shared__ std::uint32_t highs[kTile / kWarp];
  const unsigned tile = blockIdx.x;
  const unsigned place = tile * kTile + threadIdx.x;
  const bool is_row = place < tiles.n;
  const std::uint32_t row = is_row ? tiles.order[place] : 0;
  const std::size_t places = static_cast<std::size_t>(tiles.n_tiles) * kTile;
  std::uint32_t sum = 1;
  for (unsigned k = 0; k < tiles.n_chunks * tiles.chunk; ++k) {
    std::uint32_t value = 0;
    if (k < m) {
      value = ranks[static_cast<std::size_t>(k) * tiles.n + row];
      sum += value;
    } else if (k == m) {
      value = sum;
    }
    if (!is_row) value = 0xffffffffU;
    columns[(k / tiles.chunk * places + place) * stride_of(tiles.chunk) + k % tiles.chunk] = value;
    if (k > m) continue;
    const std::uint32_t warp_low = __reduce_min_sync(0xffffffffU, value);
    const std::uint32_t warp_high = __reduce_max_sync(0xffffffffU, is_row ? value : 0U);
    if (threadIdx.x % kWarp == 0) {
      lows[threadIdx.x / kWarp] = warp_low;
      highs[threadIdx.x / kWarp] = warp_high;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      std::uint32_t tile_low = lows[0];
      std::uint32_t tile_high = highs[0];
      for (unsigned w = 1; w < kTile / kWarp; ++w) {
        tile_low = min(tile_low, lows[w]);
        tile_high = max(tile_high, highs[w]);
      }
      low[static_cast<std::size_t>(k) * tiles.n_tiles + tile] = tile_low;
      high[static_cast<std::size_t>(k) * tiles.n_tiles + tile] = tile_high;
    }
    __syncthreads();
  }
}

}  // namespace

cudaError_t OrderedRows::build(const double* F, std::size_t n, std::size_t m, cudaStream_t stream) {
  tiles_.n = static_cast<unsigned>(n);
  const std::size_t together = std::clamp<std::size_t>(kRankedAtOnce / n, 1, m);
  PYHWNAS_CUDA_CHECK(keys_.allocate(together * n, stream));
  PYHWNAS_CUDA_CHECK(sorted_keys_.allocate(together * n, stream));
  PYHWNAS_CUDA_CHECK(index_.allocate(together * n, stream));
  PYHWNAS_CUDA_CHECK(order_.allocate(together * n, stream));
  PYHWNAS_CUDA_CHECK(by_column_.allocate(together > 1 ? together * n : 0, stream));
  PYHWNAS_CUDA_CHECK(steps_.allocate(together * n, stream));
  PYHWNAS_CUDA_CHECK(ranks_.allocate(n * m, stream));
  PYHWNAS_CUDA_CHECK(distinct_.allocate(m, stream));
  for (std::size_t k = 0; k < m; k += together) {
    PYHWNAS_CUDA_CHECK(rank_columns(F, m, k, std::min(together, m - k), stream));
  }
  PYHWNAS_CUDA_CHECK(sort_rows(m, stream));
  return pack(m, stream);
}

cudaError_t OrderedRows::rank_columns(const double* F, std::size_t m, std::size_t first,
                                      std::size_t count, cudaStream_t stream) {
  const unsigned n = tiles_.n;
  const auto size = static_cast<unsigned>(count * n);
  const unsigned grid = blocks_for(size, kThreads);
  PYHWNAS_CUDA_CHECK(launch(keys_kernel, grid, kThreads, 0, stream, F, n, m, first, size,
                            keys_.data(), index_.data()));
  PYHWNAS_CUDA_CHECK(sort_pairs(keys_.data(), sorted_keys_.data(), index_.data(), order_.data(),
                                size, 0, 64, stream));
  const std::uint32_t* order = order_.data();
  if (count > 1) {
    PYHWNAS_CUDA_CHECK(
        launch(columns_kernel, grid, kThreads, 0, stream, order, n, size, steps_.data()));
    PYHWNAS_CUDA_CHECK(sort_pairs(steps_.data(), index_.data(), order, by_column_.data(), size, 0,
                                  static_cast<int>(std::bit_width(count - 1)), stream));
    order = by_column_.data();
  }
  PYHWNAS_CUDA_CHECK(
      launch(steps_kernel, grid, kThreads, 0, stream, keys_.data(), order, n, size, steps_.data()));
  PYHWNAS_CUDA_CHECK(inclusive_sum(steps_.data(), steps_.data(), size, stream));
  return launch(scatter_kernel, grid, kThreads, 0, stream, steps_.data(), order, n, size,
                ranks_.data() + first * n, distinct_.data() + first);
}

cudaError_t OrderedRows::sort_rows(std::size_t m, cudaStream_t stream) {
  const unsigned n = tiles_.n;
  const int sum_bits = static_cast<int>(std::bit_width((n - 1) * m));
  PYHWNAS_CUDA_CHECK(launch(codes_kernel, blocks_for(n, kThreads), kThreads, 0, stream,
                            ranks_.data(), distinct_.data(), n, m, sum_bits, keys_.data(),
                            index_.data()));
  PYHWNAS_CUDA_CHECK(sort_pairs(keys_.data(), sorted_keys_.data(), index_.data(), order_.data(), n,
                                0, sum_bits + static_cast<int>(kCodeBits), stream));
  tiles_.order = order_.data();
  return cudaSuccess;
}

cudaError_t OrderedRows::pack(std::size_t m, cudaStream_t stream) {
  tiles_.n_tiles = blocks_for(tiles_.n, kTile);
  tiles_.n_columns = static_cast<unsigned>(m) + 1;
  tiles_.chunk = tiles_.n_columns > kWidestChunk ? kChunk : max(tiles_.n_columns, kNarrowestChunk);
  tiles_.n_chunks = blocks_for(tiles_.n_columns, tiles_.chunk);
  const std::size_t places = std::size_t{tiles_.n_tiles} * kTile;
  const std::size_t corners = std::size_t{tiles_.n_tiles} * tiles_.n_columns;
  PYHWNAS_CUDA_CHECK(columns_.allocate(places * tiles_.n_chunks * stride_of(tiles_.chunk), stream));
  PYHWNAS_CUDA_CHECK(boxes_.allocate(2 * corners, stream));
  tiles_.columns = columns_.data();
  tiles_.low = boxes_.data();
  tiles_.high = boxes_.data() + corners;
  return launch(pack_kernel, tiles_.n_tiles, kTile, 0, stream, ranks_.data(), m, tiles_,
                columns_.data(), boxes_.data(), boxes_.data() + corners);
}

}  // namespace pyhwnas::cuda
