// For each row of R the least measure of any row of F, by comparing all pairs: what the indicators
// of two sets have in common.
//
// A thread has one row of R in registers. The rows of F come by in tiles in shared memory, from
// which all threads of a warp read the same number at once. A coordinate of a pair takes three or
// four operations on doubles against one such read: arithmetic is the bound. Where R is too small
// to fill the device, slices of F go to blocks of their own; the least of their results is an
// atomic minimum, in which the order does not matter.
//
// A Measure has
//   value(x)              a number of either set as it is measured; query(x) as registers keep it
//   kStart, add(sum, x, value)    the measure of no coordinates, and one coordinate more
//   nearer<width>(best, x, query, row, m)  the less of `best` and the measure of a row x of F
//   kFill, kFillQuery     coordinates of F and of a query that change no measure
//   is_wanted()           whether to measure at all; the same for the whole grid
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

#include "cuda/indicators.hpp"
#include "cuda/launch.hpp"
#include "cuda/ordered.cuh"
#include "cuda/width.hpp"

namespace pyhwnas::cuda {

inline constexpr unsigned kQueries = 128;  // threads of a block, a row of R each
inline constexpr unsigned kTileRows = 64;
inline constexpr unsigned kWishedBlocks = 1024;  // eight for each multiprocessor of a large device

template <class Measure, unsigned width>
__global__ void __launch_bounds__(kQueries)
    nearest_kernel(Measure measure, TwoSets sets, unsigned slice_rows, Ordered* least) {
  if (!measure.is_wanted()) return;
  const auto n = static_cast<unsigned>(sets.n);
  const auto m = static_cast<unsigned>(sets.m);
  const std::size_t q = blockIdx.x * std::size_t{kQueries} + threadIdx.x;
  const unsigned begin = blockIdx.y * slice_rows;
  const unsigned end = n - begin < slice_rows ? n : begin + slice_rows;
  const bool is_there = q < sets.r;
  const double* const row = sets.R + (is_there ? q : 0) * m;
  double best = kInfinity;
  if constexpr (width == 0) {
    for (unsigned i = begin; i < end; ++i) {
      double sum = Measure::kStart;
      for (unsigned k = 0; k < m; ++k) {
        Measure::add(sum, measure.value(sets.F[std::size_t{i} * m + k]), measure.value(row[k]));
      }
      best = sum < best ? sum : best;
    }
  } else {
    __shared__ double tile[kTileRows * width];
    double query[width];
    for (unsigned k = 0; k < width; ++k) {
      query[k] = k < m ? measure.query(row[k]) : Measure::kFillQuery;
    }
    for (unsigned first = begin; first < end; first += kTileRows) {
      __syncthreads();
      for (unsigned at = threadIdx.x; at < kTileRows * width; at += kQueries) {
        const unsigned i = first + at / width;
        const unsigned k = at % width;
        tile[at] =
            i < end && k < m ? measure.value(sets.F[std::size_t{i} * m + k]) : Measure::kFill;
      }
      __syncthreads();
      const unsigned n_rows = end - first < kTileRows ? end - first : kTileRows;
      for (unsigned j = 0; j < n_rows; ++j) {
        best = measure.template nearer<width>(best, tile + j * width, query, row, m);
      }
    }
  }
  if (is_there) atomicMin(least + q, ordered(best));
}

inline constexpr unsigned kLargestBlock = 256;

static __global__ void largest_kernel(const Ordered* least, std::size_t r, Ordered* largest) {
  Ordered found = 0;
  for (std::size_t q = blockIdx.x * std::size_t{kLargestBlock} + threadIdx.x; q < r;
       q += std::size_t{gridDim.x} * kLargestBlock) {
    found = least[q] > found ? least[q] : found;
  }
  for (int distance = 16; distance > 0; distance /= 2) {
    const Ordered other = __shfl_xor_sync(0xffffffffU, found, distance);
    found = other > found ? other : found;
  }
  if (threadIdx.x % 32 == 0) atomicMax(largest, found);
}

// *largest of least[r].
inline cudaError_t find_largest(const Ordered* least, std::size_t r, Ordered* largest,
                                cudaStream_t stream) {
  PYHWNAS_CUDA_CHECK(cudaMemsetAsync(largest, 0, sizeof(Ordered), stream));
  const unsigned blocks = blocks_for(r, kLargestBlock);
  return launch(largest_kernel, blocks < kLargestBlock ? blocks : kLargestBlock, kLargestBlock, 0,
                stream, least, r, largest);
}

// least[q] for each row of R.
template <class Measure>
cudaError_t nearest(const Measure& measure, const TwoSets& sets, Ordered* least,
                    cudaStream_t stream) {
  PYHWNAS_CUDA_CHECK(cudaMemsetAsync(least, 0xff, sets.r * sizeof(Ordered), stream));
  const unsigned query_blocks = blocks_for(sets.r, kQueries);
  const unsigned tiles = blocks_for(sets.n, kTileRows);
  const unsigned wished = blocks_for(kWishedBlocks, query_blocks);
  const unsigned slice_tiles = blocks_for(tiles, wished < tiles ? wished : tiles);
  const dim3 grid(query_blocks, blocks_for(tiles, slice_tiles));
  return with_width(sets.m, [&](auto width) {
    return launch(nearest_kernel<Measure, width>, grid, kQueries, 0, stream, measure, sets,
                  slice_tiles * kTileRows, least);
  });
}

}  // namespace pyhwnas::cuda
