// Rows as integers, in an order in which whoever dominates a row comes before it, and in tiles of
// rows that lie close together.
//
// Each objective's values become dense ranks, so that all comparisons are of 32-bit integers. Rows
// are sorted by the interleaved leading bits of their ranks (Morton 1966): a row that is nowhere
// larger has no larger code, and neighbours in the order are neighbours in space. Of equal codes
// the smaller sum of ranks comes first, of equal sums the smaller index. A tile's box says of most
// pairs of tiles that no row of one dominates a row of the other, or that all do: only the other
// pairs of tiles are compared row by row.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "cuda/buffer.hpp"

namespace pyhwnas::cuda {

// Rows in a tile, and threads in the blocks that work on one.
inline constexpr unsigned kTile = 128;
// Rows are packed in chunks of columns: all of them in one, if they are at most kWidestChunk, or
// several of kChunk. Columns that only fill up are zeros.
inline constexpr unsigned kNarrowestChunk = 3;
inline constexpr unsigned kChunk = 8;
inline constexpr unsigned kWidestChunk = 9;

// What kernels read; pointers are to device memory.
//
// There are m + 1 columns: the ranks of the m objectives, and one more than the sum of a row's
// ranks. Row a dominates row b when all of a's columns are at most b's, where b's last is taken
// less one.
struct Tiles {
  const std::uint32_t* columns;  // [chunk][place][stride_of(chunk)]; behind the last row: ones
  const std::uint32_t* low;      // [column][tile]: smallest entries of the tile's rows
  const std::uint32_t* high;     // [column][tile]: largest ones
  const std::uint32_t* order;    // [place]: the row's index
  unsigned n;                    // rows
  unsigned n_tiles;
  unsigned n_columns;
  unsigned n_chunks;
  unsigned chunk;  // columns in each
};

// Entries between two rows of a chunk, so that 16 bytes are read at a time.
__host__ __device__ constexpr unsigned stride_of(unsigned chunk) {
  return (chunk + 3) / 4 * 4;
}

class OrderedRows {
 public:
  // F[n, m] without NaN, 0 < n < 2^31, 0 < m, n m < 2^32. O(m n) time and memory: radix sorts of
  // the objectives' values, of as many at once as are needed to fill a GPU, and one of all rows.
  cudaError_t build(const double* F, std::size_t n, std::size_t m, cudaStream_t stream);

  const Tiles& tiles() const { return tiles_; }

 private:
  cudaError_t rank_columns(const double* F, std::size_t m, std::size_t first, std::size_t count,
                           cudaStream_t stream);
  cudaError_t sort_rows(std::size_t m, cudaStream_t stream);
  cudaError_t pack(std::size_t m, cudaStream_t stream);

  Tiles tiles_{};
  // Of the columns that are ranked together, then of the rows.
  Buffer<unsigned long long> keys_;
  Buffer<unsigned long long> sorted_keys_;
  Buffer<std::uint32_t> index_;
  Buffer<std::uint32_t> order_;
  Buffer<std::uint32_t> by_column_;
  Buffer<std::uint32_t> steps_;
  Buffer<std::uint32_t> ranks_;     // [m][n]
  Buffer<std::uint32_t> distinct_;  // [m]
  Buffer<std::uint32_t> columns_;
  Buffer<std::uint32_t> boxes_;
};

}  // namespace pyhwnas::cuda
