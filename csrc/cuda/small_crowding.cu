// One block a problem. For each objective the rows are sorted in shared memory by front, value and
// number, by a bitonic network (Batcher 1968, doi:10.1145/1468075.1468121): 55 steps for 1024 rows,
// each a pass over 16 bytes a row. Then each position adds its gap to its row.
#include <bit>

#include "cuda/front_gaps.cuh"
#include "cuda/launch.hpp"
#include "cuda/ordered.cuh"
#include "cuda/shared_memory.cuh"
#include "cuda/small_problems.hpp"

namespace pyhwnas::cuda {
namespace {

struct alignas(16) Entry {
  Ordered key;
  std::uint32_t front;
  std::uint32_t row;

  __device__ bool operator<(const Entry& other) const {
    if (front != other.front) return front < other.front;
    if (key != other.key) return key < other.key;
    return row < other.row;
  }
};

// size: a power of two. All threads of the block, which then see the result.
__device__ void sort(Entry* entries, unsigned size) {
  for (unsigned run = 2; run <= size; run *= 2) {
    for (unsigned stride = run / 2; stride > 0; stride /= 2) {
      __syncthreads();
      for (unsigned pair = threadIdx.x; pair < size / 2; pair += blockDim.x) {
        const unsigned low = 2 * pair - (pair & (stride - 1));
        const Entry a = entries[low];
        const Entry b = entries[low + stride];
        const bool is_ascending = (low & run) == 0;
        if ((b < a) == is_ascending) {
          entries[low] = b;
          entries[low + stride] = a;
        }
      }
    }
  }
  __syncthreads();
}

__device__ std::uint32_t front_of(const std::int32_t* ranks, unsigned row) {
  return ranks == nullptr ? 0 : ordered(ranks[row]);
}

// 0, or infinity in a front of one or two rows.
__device__ double first_distance(const Entry* entries, unsigned n, std::uint32_t front) {
  unsigned n_alike = 0;
  for (unsigned row = 0; row < n && n_alike <= 2; ++row) n_alike += entries[row].front == front;
  return n_alike <= 2 ? kInfinity : 0.0;
}

// size: the power of two that entries are sorted in; those behind the rows come last.
__global__ void crowding_kernel(const double* F, const std::int32_t* ranks, unsigned n, unsigned m,
                                unsigned size, double* distances) {
  Entry* const entries = dynamic_shared<Entry>();
  double* const sums = reinterpret_cast<double*>(entries + size);
  const std::size_t first = static_cast<std::size_t>(blockIdx.x) * n;
  const std::int32_t* const own_ranks = ranks == nullptr ? nullptr : ranks + first;
  for (unsigned row = threadIdx.x; row < n; row += blockDim.x) {
    entries[row].front = front_of(own_ranks, row);
  }
  __syncthreads();
  for (unsigned row = threadIdx.x; row < n; row += blockDim.x) {
    sums[row] = first_distance(entries, n, entries[row].front);
  }
  for (unsigned k = 0; k < m; ++k) {
    __syncthreads();
    for (unsigned row = threadIdx.x; row < size; row += blockDim.x) {
      entries[row] = row < n
                         ? Entry{ordered(F[(first + row) * m + k]), front_of(own_ranks, row), row}
                         : Entry{~Ordered{0}, ~std::uint32_t{0}, row};
    }
    sort(entries, size);
    for (unsigned p = threadIdx.x; p < n; p += blockDim.x) {
      const Entry entry = entries[p];
      const unsigned begin =
          first_past(0, p, [&](unsigned at) { return entries[at].front >= entry.front; });
      const unsigned end =
          first_past(p, n, [&](unsigned at) { return entries[at].front > entry.front; });
      if (end - begin <= 2) continue;
      sums[entry.row] = with_gap(sums[entry.row], p, begin, end,
                                 [&](unsigned at) { return value_of(entries[at].key); });
    }
  }
  __syncthreads();
  for (unsigned row = threadIdx.x; row < n; row += blockDim.x) distances[first + row] = sums[row];
}

}  // namespace

cudaError_t crowding_distance(const SmallProblems& problems, const std::int32_t* ranks,
                              double* distances, cudaStream_t stream) {
  if (problems.n == 0) return cudaSuccess;
  const auto n = static_cast<unsigned>(problems.n);
  const unsigned size = std::bit_ceil(n);
  const unsigned threads = size / 2 < 32 ? 32 : size / 2;
  const std::size_t shared_bytes = size * (sizeof(Entry) + sizeof(double));
  return launch(crowding_kernel, static_cast<unsigned>(problems.count), threads, shared_bytes,
                stream, problems.F, ranks, n, static_cast<unsigned>(problems.m), size, distances);
}

}  // namespace pyhwnas::cuda
