// Rays and what they meet: the part that volumes and contributions share.
//
// A block has one part of a lattice (csrc/moo/hypervolume/ray_schedule.hpp), a thread up to four of
// its rays at a time. Their coordinates are drawn in shared memory, because the loop over
// objectives that draws them is not unrolled, and then kept in registers. The points come by in
// tiles in shared memory. One product, one comparison and one choice for each ray, point and
// objective; a number of the tile is read once for four rays. So doubles' arithmetic is the bound:
// 2 s n m operations for s rays and n points. Bytes are few: n m for each block, from the cache.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "cuda/ordered.cuh"
#include "cuda/ray_points.hpp"
#include "cuda/shared_memory.cuh"
#include "cuda/width.hpp"
#include "moo/hypervolume/ray_arithmetic.hpp"
#include "moo/hypervolume/ray_schedule.hpp"

namespace pyhwnas::cuda {

// What a ray meets first and second: see moo::Meeting.
struct Meeting {
  double least = kInfinity;
  double second = kInfinity;
  unsigned nearest = 0;

  __device__ void add(double value, unsigned point) {
    const double behind = value > least ? value : least;
    second = behind < second ? behind : second;
    nearest = value < least ? point : nearest;
    least = value < least ? value : least;
  }
};

struct Reach {
  double least = kInfinity;

  __device__ void add(double value, unsigned /*point*/) { least = value < least ? value : least; }
};

// The points of one problem.
struct PointsView {
  const double* stretch;
  unsigned n;
  unsigned m;
};

inline constexpr unsigned kTilePoints = 64;

// Rays that a thread has at a time; one in parts of few, which would leave threads idle.
template <unsigned width>
inline constexpr unsigned kRaysPerThread = width <= 8 ? 4 : 2;
inline constexpr unsigned kFewRays = 128;

// How a kernel over parts of lattices is launched: so many threads that the coordinates of their
// rays fit into 16 KiB, or 32 KiB for rows of many columns.
struct RayBlock {
  unsigned threads;
  std::size_t shared_bytes;
};

template <unsigned width>
RayBlock ray_block(std::size_t m, std::size_t part_size) {
  const std::size_t columns = width == 0 ? m : width;
  const std::size_t most = std::bit_floor((width == 0 ? 4096 : 2048) / columns);
  const std::size_t rays = part_size < kFewRays || width == 0 ? 1 : kRaysPerThread<width>;
  const std::size_t useful = std::max<std::size_t>(part_size / rays, 32);
  const std::size_t threads = std::min({most, useful, std::size_t{256}});
  return {static_cast<unsigned>(threads), columns * threads * sizeof(double)};
}

// x[k stride]: the coordinates of a ray; returns what the ball measures of them.
__device__ inline double draw(const moo::Lattice& lattice, std::uint64_t point, unsigned m,
                              double* x, unsigned stride) {
  double size = 0.0;
#pragma unroll 1
  for (unsigned k = 0; k < m; ++k) {
    double u;
    moo::to_unit(moo::Dimension(lattice, k).bits(point), u);
    moo::place<std::uint64_t>(lattice.gauge, u, size);
    x[k * stride] = u;
  }
  if (lattice.gauge != moo::Gauge::sphere) return size;
  double root;
  moo::square_root<std::uint64_t>(size, root);
  return root;
}

// Rows of a few columns: `rays` rays of each thread at a time, in registers.
template <unsigned width, unsigned rays, class Met, class Done>
__device__ void meet_tiles(const PointsView& points, const moo::Lattice& lattice,
                           std::uint64_t begin, unsigned part_size, double* tile,
                           const Done& done) {
  double* const own = dynamic_shared<double>() + threadIdx.x;
  for (unsigned first = threadIdx.x; first - threadIdx.x < part_size; first += rays * blockDim.x) {
    double size[rays];
    double x[rays][width];
    Met met[rays];
#pragma unroll
    for (unsigned r = 0; r < rays; ++r) {
      size[r] = draw(lattice, begin + first + r * blockDim.x, points.m, own, blockDim.x);
#pragma unroll
      for (unsigned k = 0; k < width; ++k) x[r][k] = k < points.m ? own[k * blockDim.x] : 0.0;
    }
    for (unsigned base = 0; base < points.n; base += kTilePoints) {
      const unsigned n_here = points.n - base < kTilePoints ? points.n - base : kTilePoints;
      __syncthreads();
      for (unsigned at = threadIdx.x; at < n_here * width; at += blockDim.x) {
        const std::size_t point = base + at / width;
        const unsigned k = at % width;
        tile[at] = k < points.m ? points.stretch[point * points.m + k] : 0.0;
      }
      __syncthreads();
      for (unsigned j = 0; j < n_here; ++j) {
        double largest[rays] = {};
#pragma unroll
        for (unsigned k = 0; k < width; ++k) {
          const double g = tile[j * width + k];
#pragma unroll
          for (unsigned r = 0; r < rays; ++r) {
            const double product = x[r][k] * g;
            largest[r] = product > largest[r] ? product : largest[r];
          }
        }
#pragma unroll
        for (unsigned r = 0; r < rays; ++r) met[r].add(largest[r], base + j);
      }
    }
#pragma unroll
    for (unsigned r = 0; r < rays; ++r) {
      const unsigned ray = first + r * blockDim.x;
      if (ray < part_size) done(ray, size[r], met[r]);
    }
  }
}

// Rows of many columns: a ray of each thread at a time, and the points where they are.
template <class Met, class Done>
__device__ void meet_points(const PointsView& points, const moo::Lattice& lattice,
                            std::uint64_t begin, unsigned part_size, const Done& done) {
  double* const own = dynamic_shared<double>() + threadIdx.x;
  for (unsigned ray = threadIdx.x; ray < part_size; ray += blockDim.x) {
    const double size = draw(lattice, begin + ray, points.m, own, blockDim.x);
    Met met;
    const double* g = points.stretch;
    for (unsigned j = 0; j < points.n; ++j, g += points.m) {
      double largest = 0.0;
      for (unsigned k = 0; k < points.m; ++k) {
        const double product = own[k * blockDim.x] * g[k];
        largest = product > largest ? product : largest;
      }
      met.add(largest, j);
    }
    done(ray, size, met);
  }
}

// done(ray of the part, its size, what it has met) for all rays of a part, whose first one is
// number `begin` of the lattice. All threads of the block call it together.
template <unsigned width, class Met, class Done>
__device__ void meet(const PointsView& points, const moo::Lattice& lattice, std::uint64_t begin,
                     unsigned part_size, const Done& done) {
  if constexpr (width == 0) {
    meet_points<Met>(points, lattice, begin, part_size, done);
  } else {
    __shared__ double tile[kTilePoints * width];
    if (part_size < kFewRays) {
      meet_tiles<width, 1, Met>(points, lattice, begin, part_size, tile, done);
    } else {
      meet_tiles<width, kRaysPerThread<width>, Met>(points, lattice, begin, part_size, tile, done);
    }
  }
}

}  // namespace pyhwnas::cuda
