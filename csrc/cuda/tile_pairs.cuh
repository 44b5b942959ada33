// What a block of kTile threads, one for each row of a tile, finds out about another tile.
#pragma once

#include "cuda/ordered_rows.hpp"

namespace pyhwnas::cuda {

inline constexpr unsigned kWarp = 32;
inline constexpr unsigned kAllLanes = 0xffffffffU;
inline constexpr unsigned kWords = kTile / kWarp;

// What boxes say about the rows of tile a, which comes before tile b, and those of b.
enum class Relation { kNone, kSome, kAll };  // dominate them

// With count_equal, rows before b that equal it count as dominators.
__device__ inline Relation relation(const Tiles& tiles, unsigned a, unsigned b, bool count_equal) {
  bool all = true;
  for (unsigned k = 0; k < tiles.n_columns; ++k) {
    const std::size_t column = static_cast<std::size_t>(k) * tiles.n_tiles;
    // The last column is compared less one, see Tiles.
    const unsigned less = k + 1 == tiles.n_columns && !count_equal ? 1 : 0;
    if (tiles.low[column + a] > tiles.high[column + b] - less) return Relation::kNone;
    all &= tiles.high[column + a] <= tiles.low[column + b] - less;
  }
  return all ? Relation::kAll : Relation::kSome;
}

// The rows of one tile and one chunk of columns, for all threads of a block to read.
template <unsigned kColumns>
struct SharedRows {
  static constexpr unsigned kStride = stride_of(kColumns);

  uint4 parts[kTile * kStride / 4];

  // Each thread brings one row. All threads must be past their last reading.
  __device__ void load(const Tiles& tiles, unsigned tile, unsigned chunk) {
    const uint4* const row = row_of(tiles, tile * kTile + threadIdx.x, chunk);
#pragma unroll
    for (unsigned part = 0; part < kStride / 4; ++part) {
      parts[threadIdx.x * (kStride / 4) + part] = row[part];
    }
  }

  static __device__ const uint4* row_of(const Tiles& tiles, unsigned place, unsigned chunk) {
    const std::size_t places = static_cast<std::size_t>(tiles.n_tiles) * kTile;
    return reinterpret_cast<const uint4*>(tiles.columns) + (chunk * places + place) * (kStride / 4);
  }
};

// Columns of one row in registers.
template <unsigned kColumns>
struct OwnRow {
  std::uint32_t at[stride_of(kColumns)];

  __device__ explicit OwnRow(const uint4* parts) {
#pragma unroll
    for (unsigned part = 0; part < stride_of(kColumns) / 4; ++part) {
      const uint4 four = parts[part];
      at[4 * part] = four.x;
      at[4 * part + 1] = four.y;
      at[4 * part + 2] = four.z;
      at[4 * part + 3] = four.w;
    }
  }

  __device__ bool is_covered_by(const OwnRow& other) const {
    bool covered = true;
#pragma unroll
    for (unsigned k = 0; k < kColumns; ++k) covered &= other.at[k] <= at[k];
    return covered;
  }
};

// Bit i of words[w]: row 32 w + i of tile `other` dominates the thread's row of tile `own`. With
// count_equal an equal row does so too; of the thread's own tile only the rows before it are meant.
//
// A pair costs one comparison a column and one instruction for the bit; the rows of `other` are
// read from shared memory by all threads at once.
template <unsigned kColumns>
__device__ void find_dominators(const Tiles& tiles, unsigned other, unsigned own, bool count_equal,
                                SharedRows<kColumns>& shared, std::uint32_t (&words)[kWords]) {
#pragma unroll
  for (unsigned w = 0; w < kWords; ++w) words[w] = kAllLanes;
  for (unsigned chunk = 0; chunk < tiles.n_chunks; ++chunk) {
    __syncthreads();
    shared.load(tiles, other, chunk);
    OwnRow<kColumns> row(SharedRows<kColumns>::row_of(tiles, own * kTile + threadIdx.x, chunk));
    const unsigned last = tiles.n_columns - 1 - chunk * kColumns;
#pragma unroll
    for (unsigned k = 0; k < kColumns; ++k) {
      if (k == last) row.at[k] = count_equal ? kAllLanes : row.at[k] - 1;
    }
    __syncthreads();
#pragma unroll
    for (unsigned w = 0; w < kWords; ++w) {
      std::uint32_t word = 0;
#pragma unroll 8
      for (unsigned i = 0; i < kWarp; ++i) {
        const OwnRow<kColumns> theirs(shared.parts +
                                      (w * kWarp + i) * (SharedRows<kColumns>::kStride / 4));
        word |= static_cast<std::uint32_t>(row.is_covered_by(theirs)) << i;
      }
      words[w] &= word;
    }
  }
  if (own != other || !count_equal) return;
  const unsigned warp = threadIdx.x / kWarp;
#pragma unroll
  for (unsigned w = 0; w < kWords; ++w) {
    if (w == warp) words[w] &= (1U << threadIdx.x % kWarp) - 1;
    if (w > warp) words[w] = 0;
  }
}

}  // namespace pyhwnas::cuda
