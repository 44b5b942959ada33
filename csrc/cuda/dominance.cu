// One block for each tile of rows, in the order of ordered_rows.hpp, looks at the tiles before its
// own. First at all whose boxes say that they dominate it whole: one number of theirs is enough.
// Then at those of which nothing is known, row by row. Last at its own rows.
//
// Counts and masks add up what the pairs say. Ranks are one more than the largest rank of a
// dominator, so a block waits for the ranks of the tiles that it needs. Blocks take their tiles
// from a counter: a tile that is waited for was taken before, by a block that runs, so that all
// ends; and what lies side by side, where neither dominates the other, goes on at the same time.
// The chain of waits is as long as the chain of tiles that dominate each other, about m (n /
// 128)^(1/m) in a cube. No launch and no host has to know how many fronts there are.
#include "cuda/dominance.hpp"

#include "cuda/launch.hpp"
#include "cuda/tile_pairs.cuh"

namespace pyhwnas::cuda {
namespace {

// What blocks tell each other, all zero at the start. An end is one more than a rank; 0 is unknown.
struct Progress {
  unsigned* next_tile;
  std::uint32_t* tops;  // [tile] the largest end of the tile's rows, written when all are known
  std::uint32_t* ends;  // [place]
};

struct Job {
  Tiles tiles;
  bool by_boxes;     // whether boxes may decide
  bool count_equal;  // whether an earlier equal row counts as a dominator
};

__device__ std::uint32_t wait_for(const std::uint32_t* top) {
  const volatile std::uint32_t* const seen = top;
  std::uint32_t value = *seen;
  while (value == 0) {
    __nanosleep(64);
    value = *seen;
  }
  __threadfence();
  return value;
}

// What becomes of a row. Each of these says what a tile that dominates the row's tile whole adds to
// its state, what single rows of a tile add, which tiles need no look, and what is written at last.
struct Counting {
  static constexpr bool kWaits = false;

  std::int32_t* counts;

  struct State {
    std::uint32_t count = 0;
  };
  __device__ void add_tile(State& state, unsigned) const { state.count += kTile; }
  static __device__ void share(State& state) {
    __shared__ std::uint32_t sums[kWords];
    const std::uint32_t sum = __reduce_add_sync(kAllLanes, state.count);
    if (threadIdx.x % kWarp == 0) sums[threadIdx.x / kWarp] = sum;
    __syncthreads();
    state.count = 0;
    for (unsigned w = 0; w < kWords; ++w) state.count += sums[w];
  }
  static __device__ bool is_settled(const State&) { return false; }
  __device__ bool is_useless(const State&, unsigned) const { return false; }
  __device__ bool gains(const State&, unsigned) const { return true; }
  __device__ void add_rows(State& state, unsigned, const std::uint32_t (&words)[kWords]) const {
#pragma unroll
    for (unsigned w = 0; w < kWords; ++w) state.count += static_cast<unsigned>(__popc(words[w]));
  }
  __device__ void finish(State& state, const Job& job, unsigned tile,
                         const std::uint32_t (&words)[kWords]) const {
    add_rows(state, tile, words);
    const unsigned place = tile * kTile + threadIdx.x;
    if (place < job.tiles.n) {
      counts[job.tiles.order[place]] = static_cast<std::int32_t>(state.count);
    }
  }
};

struct Masking {
  static constexpr bool kWaits = false;

  std::uint8_t* mask;

  struct State {
    bool dominated = false;
  };
  __device__ void add_tile(State& state, unsigned) const { state.dominated = true; }
  static __device__ void share(State& state) {
    state.dominated = __syncthreads_or(state.dominated) != 0;
  }
  static __device__ bool is_settled(const State& state) { return state.dominated; }
  __device__ bool is_useless(const State&, unsigned) const { return false; }
  __device__ bool gains(const State& state, unsigned) const { return !state.dominated; }
  __device__ void add_rows(State& state, unsigned, const std::uint32_t (&words)[kWords]) const {
#pragma unroll
    for (unsigned w = 0; w < kWords; ++w) state.dominated |= words[w] != 0;
  }
  __device__ void finish(State& state, const Job& job, unsigned tile,
                         const std::uint32_t (&words)[kWords]) const {
    add_rows(state, tile, words);
    const unsigned place = tile * kTile + threadIdx.x;
    if (place < job.tiles.n) mask[job.tiles.order[place]] = state.dominated ? 0 : 1;
  }
};

struct Ranking {
  static constexpr bool kWaits = true;

  std::int32_t* ranks;
  Progress progress;

  struct State {
    std::uint32_t rank = 0;
  };
  __device__ void add_tile(State& state, unsigned tile) const {
    state.rank = max(state.rank, wait_for(progress.tops + tile));
  }
  static __device__ void share(State& state) {
    __shared__ std::uint32_t most[kWords];
    const std::uint32_t largest = __reduce_max_sync(kAllLanes, state.rank);
    if (threadIdx.x % kWarp == 0) most[threadIdx.x / kWarp] = largest;
    __syncthreads();
    for (unsigned w = 0; w < kWords; ++w) state.rank = max(state.rank, most[w]);
  }
  static __device__ bool is_settled(const State&) { return false; }
  // A tile whose ends are all at most the row's rank has nothing to add to it: as far as is known
  // now, and when the tile's ends are known.
  __device__ bool is_useless(const State& state, unsigned tile) const {
    const volatile std::uint32_t* const top = progress.tops + tile;
    const std::uint32_t known = *top;
    return known != 0 && known <= state.rank;
  }
  __device__ bool gains(const State& state, unsigned tile) const {
    return state.rank < wait_for(progress.tops + tile);
  }
  __device__ void add_rows(State& state, unsigned tile,
                           const std::uint32_t (&words)[kWords]) const {
    alignas(16) __shared__ std::uint32_t ends[kTile];
    __syncthreads();
    ends[threadIdx.x] = __ldcg(progress.ends + tile * kTile + threadIdx.x);
    __syncthreads();
#pragma unroll
    for (unsigned w = 0; w < kWords; ++w) add_word(state, words[w], ends + w * kWarp);
  }
  __device__ void finish(State& state, const Job& job, unsigned tile,
                         const std::uint32_t (&words)[kWords]) const {
    alignas(16) __shared__ std::uint32_t ends[kTile];
    const unsigned warp = threadIdx.x / kWarp;
    // Thirty-two rows after the other: their dominators among themselves come before them.
#pragma unroll
    for (unsigned w = 0; w < kWords; ++w) {
      if (warp == w) {
        for (unsigned i = 0; i + 1 < kWarp; ++i) {
          const std::uint32_t end = __shfl_sync(kAllLanes, state.rank, static_cast<int>(i)) + 1;
          if ((words[w] >> i & 1) != 0) state.rank = max(state.rank, end);
        }
        ends[threadIdx.x] = state.rank + 1;
      }
      __syncthreads();
      if (warp > w) add_word(state, words[w], ends + w * kWarp);
    }
    publish(state, job.tiles, tile);
  }

 private:
  // Four ends are read at a time, by all lanes at once.
  static __device__ void add_word(State& state, std::uint32_t word, const std::uint32_t* ends) {
    if (word == 0) return;
    const uint4* const fours = reinterpret_cast<const uint4*>(ends);
#pragma unroll
    for (unsigned i = 0; i < kWarp; i += 4) {
      const uint4 four = fours[i / 4];
      if ((word >> i & 1) != 0) state.rank = max(state.rank, four.x);
      if ((word >> i & 2) != 0) state.rank = max(state.rank, four.y);
      if ((word >> i & 4) != 0) state.rank = max(state.rank, four.z);
      if ((word >> i & 8) != 0) state.rank = max(state.rank, four.w);
    }
  }
  __device__ void publish(const State& state, const Tiles& tiles, unsigned tile) const {
    const unsigned place = tile * kTile + threadIdx.x;
    const bool is_row = place < tiles.n;
    if (is_row) ranks[tiles.order[place]] = static_cast<std::int32_t>(state.rank);
    __stcg(progress.ends + place, state.rank + 1);
    State top{is_row ? state.rank + 1 : 0};
    __syncthreads();
    share(top);
    if (threadIdx.x > 0) return;
    __threadfence();  // what all threads wrote before the barrier comes before the top
    atomicExch(progress.tops + tile, top.rank);
  }
};

template <class Gather, unsigned kColumns>
__global__ void __launch_bounds__(kTile) tiles_kernel(Job job, Gather gather, unsigned* next_tile) {
  __shared__ SharedRows<kColumns> shared;
  __shared__ unsigned taken;
  __shared__ unsigned undecided[kTile];
  __shared__ unsigned n_undecided;
  if (threadIdx.x == 0) taken = atomicAdd(next_tile, 1U);
  __syncthreads();
  // Who waits takes first what others wait for; else what takes longest comes first.
  const unsigned tile = Gather::kWaits ? taken : job.tiles.n_tiles - 1 - taken;
  const bool is_row = tile * kTile + threadIdx.x < job.tiles.n;
  std::uint32_t own[kWords];  // before any waiting
  find_dominators(job.tiles, tile, tile, job.count_equal, shared, own);

  typename Gather::State state;
  for (unsigned other = threadIdx.x; other < tile; other += kTile) {
    if (!job.by_boxes || Gather::is_settled(state)) break;
    const Relation known = relation(job.tiles, other, tile, job.count_equal);
    if (known == Relation::kAll) gather.add_tile(state, other);
  }
  Gather::share(state);
  const typename Gather::State common = state;  // what all rows of the tile have got so far

  for (unsigned begin = 0; begin < tile; begin += kTile) {
    if (__syncthreads_and(Gather::is_settled(state) || !is_row) != 0) break;
    if (threadIdx.x == 0) n_undecided = 0;
    __syncthreads();
    const unsigned other = begin + threadIdx.x;
    if (other < tile && !gather.is_useless(common, other) &&
        (!job.by_boxes || relation(job.tiles, other, tile, job.count_equal) == Relation::kSome)) {
      undecided[atomicAdd(&n_undecided, 1U)] = other;
    }
    __syncthreads();
    for (unsigned k = 0; k < n_undecided; ++k) {
      if (__syncthreads_or(is_row && gather.gains(state, undecided[k])) == 0) continue;
      std::uint32_t words[kWords];
      find_dominators(job.tiles, undecided[k], tile, job.count_equal, shared, words);
      gather.add_rows(state, undecided[k], words);
    }
  }
  gather.finish(state, job, tile, own);
}

template <class Gather>
cudaError_t launch_tiles(const Job& job, const Gather& gather, unsigned* next_tile,
                         cudaStream_t stream) {
  const auto go = [&](auto kernel) {
    return launch(kernel, job.tiles.n_tiles, kTile, 0, stream, job, gather, next_tile);
  };
  switch (job.tiles.chunk) {
    case 3:
      return go(tiles_kernel<Gather, 3>);
    case 4:
      return go(tiles_kernel<Gather, 4>);
    case 5:
      return go(tiles_kernel<Gather, 5>);
    case 6:
      return go(tiles_kernel<Gather, 6>);
    case 7:
      return go(tiles_kernel<Gather, 7>);
    case 8:
      return go(tiles_kernel<Gather, 8>);
    default:
      return go(tiles_kernel<Gather, kWidestChunk>);
  }
}

cudaError_t rank(const double* F, std::size_t n, std::size_t m, bool by_boxes, std::int32_t* ranks,
                 cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  if (m == 0) return cudaMemsetAsync(ranks, 0, n * sizeof *ranks, stream);
  OrderedRows rows;
  PYHWNAS_CUDA_CHECK(rows.build(F, n, m, stream));
  const unsigned n_tiles = rows.tiles().n_tiles;
  Buffer<std::uint32_t> words;
  PYHWNAS_CUDA_CHECK(words.allocate(1 + n_tiles + std::size_t{n_tiles} * kTile, stream));
  PYHWNAS_CUDA_CHECK(
      cudaMemsetAsync(words.data(), 0, (1 + n_tiles) * sizeof(std::uint32_t), stream));
  const Progress progress{words.data(), words.data() + 1, words.data() + 1 + n_tiles};
  return launch_tiles(Job{rows.tiles(), by_boxes, false}, Ranking{ranks, progress},
                      progress.next_tile, stream);
}

}  // namespace

cudaError_t nondominated_sort(const double* F, std::size_t n, std::size_t m, std::int32_t* ranks,
                              cudaStream_t stream) {
  return rank(F, n, m, true, ranks, stream);
}

cudaError_t dominance_degree_sort(const double* F, std::size_t n, std::size_t m,
                                  std::int32_t* ranks, cudaStream_t stream) {
  return rank(F, n, m, false, ranks, stream);
}

cudaError_t dominance_counts(const double* F, std::size_t n, std::size_t m, std::int32_t* counts,
                             cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  if (m == 0) return cudaMemsetAsync(counts, 0, n * sizeof *counts, stream);
  OrderedRows rows;
  PYHWNAS_CUDA_CHECK(rows.build(F, n, m, stream));
  Buffer<unsigned> next_tile;
  PYHWNAS_CUDA_CHECK(next_tile.allocate(1, stream));
  PYHWNAS_CUDA_CHECK(cudaMemsetAsync(next_tile.data(), 0, sizeof(unsigned), stream));
  return launch_tiles(Job{rows.tiles(), true, false}, Counting{counts}, next_tile.data(), stream);
}

cudaError_t nondominated_mask(const double* F, std::size_t n, std::size_t m, bool keep_equal,
                              std::uint8_t* mask, cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  if (m == 0) {  // all rows are equal
    PYHWNAS_CUDA_CHECK(cudaMemsetAsync(mask, keep_equal ? 1 : 0, n, stream));
    return cudaMemsetAsync(mask, 1, 1, stream);
  }
  OrderedRows rows;
  PYHWNAS_CUDA_CHECK(rows.build(F, n, m, stream));
  Buffer<unsigned> next_tile;
  PYHWNAS_CUDA_CHECK(next_tile.allocate(1, stream));
  PYHWNAS_CUDA_CHECK(cudaMemsetAsync(next_tile.data(), 0, sizeof(unsigned), stream));
  return launch_tiles(Job{rows.tiles(), true, !keep_equal}, Masking{mask}, next_tile.data(),
                      stream);
}

}  // namespace pyhwnas::cuda
