// As on the CPU: one radix sort of all rows for each objective, dealt out front by front by a
// second, stable one; then each position adds its gap to its row. Where fronts begin is the same in
// all objectives and found once. Sums grow in the order of the objectives, so all bits are the
// CPU's.
//
// An objective reads and writes 12 bytes a row eight times to sort 64 bits, and 8 bytes log2(n) / 8
// times to deal out; the gaps gather four values a row.
#include "cuda/crowding_distance.hpp"

#include <bit>

#include "cuda/front_gaps.cuh"
#include "cuda/ordered.cuh"
#include "cuda/primitives.cuh"

namespace pyhwnas::cuda {
namespace {

constexpr unsigned kThreads = 256;

__device__ __forceinline__ unsigned thread() {
  return blockIdx.x * kThreads + threadIdx.x;
}

__global__ void rank_keys_kernel(const std::int32_t* ranks, unsigned n, std::uint32_t* keys,
                                 std::uint32_t* rows) {
  const unsigned i = thread();
  if (i >= n) return;
  keys[i] = ordered(ranks[i]);
  rows[i] = i;
}

__global__ void value_keys_kernel(const double* F, unsigned n, unsigned m, unsigned k,
                                  Ordered* keys, std::uint32_t* rows) {
  const unsigned i = thread();
  if (i >= n) return;
  keys[i] = ordered(F[static_cast<std::size_t>(i) * m + k]);
  rows[i] = i;
}

// 1 where a front begins.
__global__ void begins_kernel(const std::uint32_t* sorted_keys, unsigned n, std::uint32_t* begins) {
  const unsigned p = thread();
  if (p < n) begins[p] = p > 0 && sorted_keys[p] != sorted_keys[p - 1];
}

// Fronts numbered from 0, of each row, and where they begin; one more than there are.
__global__ void fronts_kernel(const std::uint32_t* numbers, const std::uint32_t* rows, unsigned n,
                              std::uint32_t* front_of_row, std::uint32_t* begins) {
  const unsigned p = thread();
  if (p >= n) return;
  const std::uint32_t front = numbers[p];
  front_of_row[rows[p]] = front;
  if (p == 0 || numbers[p - 1] != front) begins[front] = p;
  if (p == n - 1) begins[front + 1] = n;
}

__global__ void one_front_kernel(unsigned n, std::uint32_t* begins) {
  begins[0] = 0;
  begins[1] = n;
}

// front_of_row: null where there is one front.
__global__ void first_distances_kernel(const std::uint32_t* front_of_row,
                                       const std::uint32_t* begins, unsigned n, double* distances) {
  const unsigned i = thread();
  if (i >= n) return;
  const std::uint32_t front = front_of_row == nullptr ? 0 : front_of_row[i];
  distances[i] = begins[front + 1] - begins[front] <= 2 ? kInfinity : 0.0;
}

__global__ void gather_kernel(const std::uint32_t* front_of_row, const std::uint32_t* order,
                              unsigned n, std::uint32_t* fronts) {
  const unsigned p = thread();
  if (p < n) fronts[p] = front_of_row[order[p]];
}

// order: rows by front and value; fronts: the front at each position, null where there is one.
__global__ void gaps_kernel(const double* F, unsigned n, unsigned m, unsigned k,
                            const std::uint32_t* order, const std::uint32_t* fronts,
                            const std::uint32_t* begins, double* distances) {
  const unsigned p = thread();
  if (p >= n) return;
  const std::uint32_t front = fronts == nullptr ? 0 : fronts[p];
  const unsigned begin = begins[front];
  const unsigned end = begins[front + 1];
  if (end - begin <= 2) return;
  const std::uint32_t row = order[p];
  distances[row] = with_gap(distances[row], p, begin, end, [&](unsigned at) {
    return F[static_cast<std::size_t>(order[at]) * m + k];
  });
}

struct Scratch {
  Buffer<Ordered> keys, sorted_keys;
  Buffer<std::uint32_t> rows, order, front_of_row, fronts, sorted_fronts, dealt, begins;
};

// Fills front_of_row and begins.
cudaError_t find_fronts(const std::int32_t* ranks, std::size_t n, Scratch& scratch,
                        cudaStream_t stream) {
  const unsigned blocks = blocks_for(n, kThreads);
  const auto size = static_cast<unsigned>(n);
  PYHWNAS_CUDA_CHECK(scratch.front_of_row.allocate(n, stream));
  PYHWNAS_CUDA_CHECK(scratch.fronts.allocate(n, stream));
  PYHWNAS_CUDA_CHECK(scratch.sorted_fronts.allocate(n, stream));
  PYHWNAS_CUDA_CHECK(scratch.dealt.allocate(n, stream));
  std::uint32_t* const keys = scratch.fronts.data();
  std::uint32_t* const sorted_keys = scratch.sorted_fronts.data();
  PYHWNAS_CUDA_CHECK(launch(rank_keys_kernel, blocks, kThreads, 0, stream, ranks, size, keys,
                            scratch.rows.data()));
  PYHWNAS_CUDA_CHECK(
      sort_pairs(keys, sorted_keys, scratch.rows.data(), scratch.order.data(), n, 0, 32, stream));
  PYHWNAS_CUDA_CHECK(launch(begins_kernel, blocks, kThreads, 0, stream, sorted_keys, size, keys));
  PYHWNAS_CUDA_CHECK(inclusive_sum(keys, keys, n, stream));
  return launch(fronts_kernel, blocks, kThreads, 0, stream, keys, scratch.order.data(), size,
                scratch.front_of_row.data(), scratch.begins.data());
}

}  // namespace

cudaError_t crowding_distance(const double* F, const std::int32_t* ranks, std::size_t n,
                              std::size_t m, double* distances, cudaStream_t stream) {
  if (n == 0) return cudaSuccess;
  const unsigned blocks = blocks_for(n, kThreads);
  const auto size = static_cast<unsigned>(n);
  const int front_bits = std::bit_width(n - 1) > 0 ? static_cast<int>(std::bit_width(n - 1)) : 1;
  Scratch scratch;
  PYHWNAS_CUDA_CHECK(scratch.keys.allocate(n, stream));
  PYHWNAS_CUDA_CHECK(scratch.sorted_keys.allocate(n, stream));
  PYHWNAS_CUDA_CHECK(scratch.rows.allocate(n, stream));
  PYHWNAS_CUDA_CHECK(scratch.order.allocate(n, stream));
  PYHWNAS_CUDA_CHECK(scratch.begins.allocate(n + 1, stream));
  if (ranks == nullptr) {
    PYHWNAS_CUDA_CHECK(launch(one_front_kernel, 1, 1, 0, stream, size, scratch.begins.data()));
  } else {
    PYHWNAS_CUDA_CHECK(find_fronts(ranks, n, scratch, stream));
  }
  PYHWNAS_CUDA_CHECK(launch(first_distances_kernel, blocks, kThreads, 0, stream,
                            scratch.front_of_row.data(), scratch.begins.data(), size, distances));
  for (unsigned k = 0; k < m; ++k) {
    PYHWNAS_CUDA_CHECK(launch(value_keys_kernel, blocks, kThreads, 0, stream, F, size,
                              static_cast<unsigned>(m), k, scratch.keys.data(),
                              scratch.rows.data()));
    PYHWNAS_CUDA_CHECK(sort_pairs(scratch.keys.data(), scratch.sorted_keys.data(),
                                  scratch.rows.data(), scratch.order.data(), n, 0, 64, stream));
    const std::uint32_t* order = scratch.order.data();
    if (ranks != nullptr) {
      PYHWNAS_CUDA_CHECK(launch(gather_kernel, blocks, kThreads, 0, stream,
                                scratch.front_of_row.data(), order, size, scratch.fronts.data()));
      PYHWNAS_CUDA_CHECK(sort_pairs(scratch.fronts.data(), scratch.sorted_fronts.data(), order,
                                    scratch.dealt.data(), n, 0, front_bits, stream));
      order = scratch.dealt.data();
    }
    PYHWNAS_CUDA_CHECK(launch(gaps_kernel, blocks, kThreads, 0, stream, F, size,
                              static_cast<unsigned>(m), k, order, scratch.sorted_fronts.data(),
                              scratch.begins.data(), distances));
  }
  return cudaSuccess;
}

}  // namespace pyhwnas::cuda
