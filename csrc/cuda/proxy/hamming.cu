// All pairs of samples, bit by bit. The GPU counts bits of 16 words a cycle on each multiprocessor
// (sm_80, sm_90), so everything else has to stay beside that:
//   - a thread compares four samples with four, from registers: eight loads of 16 bytes from shared
//     memory serve 64 comparisons of words;
//   - samples i, i + m, i + 2 m, i + 3 m belong together, so the threads of a warp read rows that
//     follow each other, an odd number of 16 bytes apart: no two meet in a bank;
//   - each unordered pair is compared once: of the tiles of four by four samples those on and below
//     the diagonal;
//   - of four words three are first added as binary numbers (a full adder is two instructions of
//     which the GPU does 64 a cycle), so three counts do for four words.
#include "cuda/launch.hpp"
#include "cuda/proxy/signs.hpp"
#include "cuda/shared_memory.cuh"

namespace pyhwnas::cuda {
namespace {

constexpr int kTile = 4;
// Samples of which a block compares all pairs, or with as many others.
constexpr int kGroup = 64;
// Pieces of 16 bytes that a block has of each row at a time; 24 has many divisors, by which threads
// share the pieces where there are fewer tiles than threads.
constexpr int kPieces = 24;
constexpr int kPitch = kPieces + 1;
constexpr int kThreads = 416;  // three for each of the 136 tiles of 64 samples
// Blocks of this size get at least so many pieces of each row, so that adding up is rare.
constexpr std::size_t kLeastPieces = 4 * kPieces;

struct Group {
  int first;
  int count;
  int classes;  // samples of one tile are so far apart
};

__device__ Group group_of(int number, int n) {
  const int first = number * kGroup;
  const int count = min(kGroup, n - first);
  return {first, count, (count + kTile - 1) / kTile};
}

// Two numbers at or below the diagonal, in order of rows.
struct Pair {
  int row;
  int column;
};

__device__ Pair pair_of(int index) {
  int row = static_cast<int>((sqrtf(8.0F * static_cast<float>(index) + 1.0F) - 1.0F) / 2.0F);
  while ((row + 1) * (row + 2) / 2 <= index) ++row;
  while (row * (row + 1) / 2 > index) --row;
  return {row, index - row * (row + 1) / 2};
}

__device__ unsigned differing(const uint4& a, const uint4& b) {
  const unsigned x = a.x ^ b.x;
  const unsigned y = a.y ^ b.y;
  const unsigned z = a.z ^ b.z;
  const auto count = [](unsigned word) { return static_cast<unsigned>(__popc(word)); };
  return count(x ^ y ^ z) + 2 * count((x & y) | (z & (x | y))) + count(a.w ^ b.w);
}

// Rows of a group, 16 bytes at a time; zero where there are no samples or words.
__device__ void load_rows(const std::uint64_t* bits, std::size_t n_words, const Group& group,
                          std::size_t first_piece, std::size_t end_piece, uint4* rows) {
  for (int at = static_cast<int>(threadIdx.x); at < group.classes * kTile * kPieces;
       at += static_cast<int>(blockDim.x)) {
    const int row = at / kPieces;
    const std::size_t piece = first_piece + static_cast<std::size_t>(at % kPieces);
    uint4 words = make_uint4(0, 0, 0, 0);
    if (row < group.count && piece < end_piece) {
      const std::uint64_t* const from =
          bits + static_cast<std::size_t>(group.first + row) * n_words + 2 * piece;
      const std::uint64_t low = from[0];
      const std::uint64_t high = 2 * piece + 1 < n_words ? from[1] : 0;
      words = make_uint4(static_cast<unsigned>(low), static_cast<unsigned>(low >> 32),
                         static_cast<unsigned>(high), static_cast<unsigned>(high >> 32));
    }
    rows[row * kPitch + at % kPieces] = words;
  }
}

__device__ void compare(const uint4* left, const uint4* right, int left_classes, int right_classes,
                        const Pair& tile, int first_piece, int step,
                        unsigned (&sums)[kTile][kTile]) {
  for (int piece = first_piece; piece < kPieces; piece += step) {
    uint4 a[kTile];
    uint4 b[kTile];
    for (int k = 0; k < kTile; ++k) {
      a[k] = left[(tile.row + k * left_classes) * kPitch + piece];
      b[k] = right[(tile.column + k * right_classes) * kPitch + piece];
    }
    for (int i = 0; i < kTile; ++i) {
      for (int j = 0; j < kTile; ++j) sums[i][j] += differing(a[i], b[j]);
    }
  }
}

// blockIdx.x: which pieces; y: which pair of groups; z: which network, in turns.
template <bool on_diagonal>
__global__ void __launch_bounds__(kThreads)
    compare_pairs(const std::uint64_t* all_bits, std::size_t n_networks, int n, std::size_t n_words,
                  std::size_t pieces_per_block, unsigned long long* all_distances) {
  uint4* const left = dynamic_shared<uint4>();
  const Pair groups = on_diagonal ? Pair{static_cast<int>(blockIdx.y), static_cast<int>(blockIdx.y)}
                                  : pair_of(static_cast<int>(blockIdx.y));
  const Group rows = group_of(groups.row + (on_diagonal ? 0 : 1), n);
  const Group columns = group_of(groups.column, n);
  uint4* const right = on_diagonal ? left : left + kGroup * kPitch;
  const int n_tiles =
      on_diagonal ? rows.classes * (rows.classes + 1) / 2 : rows.classes * columns.classes;
  int sharing = static_cast<int>(blockDim.x) / n_tiles;  // threads for one tile
  while (kPieces % sharing != 0) --sharing;
  const int index = static_cast<int>(threadIdx.x) % n_tiles;
  const int share = static_cast<int>(threadIdx.x) / n_tiles;
  const Pair tile =
      on_diagonal ? pair_of(index) : Pair{index / columns.classes, index % columns.classes};
  const std::size_t n_pieces = (n_words + 1) / 2;
  const std::size_t begin = blockIdx.x * pieces_per_block;
  const std::size_t end = begin + pieces_per_block < n_pieces ? begin + pieces_per_block : n_pieces;

  for (std::size_t network = blockIdx.z; network < n_networks; network += gridDim.z) {
    const std::uint64_t* const bits = all_bits + network * static_cast<std::size_t>(n) * n_words;
    unsigned sums[kTile][kTile] = {};
    for (std::size_t piece = begin; piece < end; piece += kPieces) {
      __syncthreads();
      load_rows(bits, n_words, rows, piece, end, left);
      if (!on_diagonal) load_rows(bits, n_words, columns, piece, end, right);
      __syncthreads();
      if (share < sharing) {
        compare(left, right, rows.classes, columns.classes, tile, share, sharing, sums);
      }
    }
    if (share >= sharing) continue;
    unsigned long long* const distances =
        all_distances + network * static_cast<std::size_t>(n) * static_cast<std::size_t>(n);
    for (int i = 0; i < kTile; ++i) {
      for (int j = 0; j < kTile; ++j) {
        const int row = tile.row + i * rows.classes;
        const int column = tile.column + j * columns.classes;
        if (row >= rows.count || column >= columns.count) continue;
        const auto at = static_cast<std::size_t>(rows.first + row);
        const auto other = static_cast<std::size_t>(columns.first + column);
        const auto size = static_cast<std::size_t>(n);
        atomicAdd(distances + at * size + other, sums[i][j]);
        // A tile on the diagonal has both orders of its pairs.
        if (!on_diagonal || tile.row != tile.column) {
          atomicAdd(distances + other * size + at, sums[i][j]);
        }
      }
    }
  }
}

}  // namespace

cudaError_t hamming_distances(const std::uint64_t* bits, std::size_t n_networks, std::size_t n,
                              std::size_t n_words, std::int64_t* distances, cudaStream_t stream) {
  if (n_networks == 0 || n == 0) return cudaSuccess;
  PYHWNAS_CUDA_CHECK(
      cudaMemsetAsync(distances, 0, n_networks * n * n * sizeof(std::int64_t), stream));
  const std::size_t n_pieces = (n_words + 1) / 2;
  if (n_pieces == 0) return cudaSuccess;
  const auto n_groups = static_cast<unsigned>((n + kGroup - 1) / kGroup);
  // A block's sums are below 2^32: of 2^25 pieces at most.
  constexpr std::size_t kMostPieces = std::size_t{1} << 24;
  constexpr std::size_t kWantedBlocks = 1024;
  const std::size_t pairs = std::size_t{n_groups} * (n_groups + 1) / 2;
  const std::size_t blocks = kWantedBlocks / (pairs * n_networks) + 1;
  std::size_t per_block = (n_pieces + blocks - 1) / blocks;
  per_block = per_block < kLeastPieces ? kLeastPieces : per_block;
  per_block = per_block > kMostPieces ? kMostPieces : per_block;
  per_block = (per_block + kPieces - 1) / kPieces * kPieces;
  const auto parts = static_cast<unsigned>((n_pieces + per_block - 1) / per_block);
  constexpr std::size_t kMostZ = 65535;
  const auto networks = static_cast<unsigned>(n_networks < kMostZ ? n_networks : kMostZ);
  constexpr std::size_t kBytes = kGroup * kPitch * sizeof(uint4);
  auto* const counts = reinterpret_cast<unsigned long long*>(distances);
  PYHWNAS_CUDA_CHECK(launch(compare_pairs<true>, dim3(parts, n_groups, networks), dim3(kThreads),
                            kBytes, stream, bits, n_networks, static_cast<int>(n), n_words,
                            per_block, counts));
  const unsigned off_diagonal = n_groups * (n_groups - 1) / 2;
  PYHWNAS_CUDA_CHECK(cudaFuncSetAttribute(compare_pairs<false>,
                                          cudaFuncAttributeMaxDynamicSharedMemorySize,
                                          static_cast<int>(2 * kBytes)));
  return launch(compare_pairs<false>, dim3(parts, off_diagonal, networks), dim3(kThreads),
                2 * kBytes, stream, bits, n_networks, static_cast<int>(n), n_words, per_block,
                counts);
}

}  // namespace pyhwnas::cuda
