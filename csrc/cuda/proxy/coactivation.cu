// How often each of 32 units is positive stands across bit planes, as on the CPU: plane p has bit p
// of all counts. A thread adds up one word of each sample, then weighs the samples with the planes;
// samples are read a second time, from cache. Sums go through the warp to shared memory.
#include "cuda/launch.hpp"
#include "cuda/proxy/signs.hpp"
#include "cuda/shared_memory.cuh"

namespace pyhwnas::cuda {
namespace {

constexpr unsigned kThreads = 256;

// Fewer than 2^n_planes samples. Words of 32 bits; a block has `tiles` times kThreads of them.
template <int n_planes>
__global__ void count(const std::uint32_t* all_words, std::size_t n_networks, int n,
                      std::size_t n_words, int tiles, unsigned long long* all_positives,
                      unsigned long long* all_shared) {
  unsigned* const positives = dynamic_shared<unsigned>();
  unsigned* const shared = positives + n;
  for (std::size_t network = blockIdx.y; network < n_networks; network += gridDim.y) {
    const std::size_t first = network * static_cast<std::size_t>(n);
    const std::uint32_t* const words = all_words + first * n_words;
    for (int sample = static_cast<int>(threadIdx.x); sample < n; sample += kThreads) {
      positives[sample] = 0;
      shared[sample] = 0;
    }
    __syncthreads();
    for (int tile = 0; tile < tiles; ++tile) {
      const std::size_t own =
          (static_cast<std::size_t>(blockIdx.x) * static_cast<std::size_t>(tiles) +
           static_cast<std::size_t>(tile)) *
              kThreads +
          threadIdx.x;
      const auto word = [&](int sample) {
        return own < n_words ? words[static_cast<std::size_t>(sample) * n_words + own] : 0U;
      };
      unsigned planes[n_planes] = {};
      for (int sample = 0; sample < n; ++sample) {
        unsigned carry = word(sample);
        for (int p = 0; p < n_planes; ++p) {
          const unsigned both = planes[p] & carry;
          planes[p] ^= carry;
          carry = both;
        }
      }
      for (int sample = 0; sample < n; ++sample) {
        const unsigned bits = word(sample);
        unsigned weighed = 0;
        for (int p = 0; p < n_planes; ++p) {
          weighed += static_cast<unsigned>(__popc(planes[p] & bits)) << p;
        }
        const unsigned ones = __reduce_add_sync(0xffffffffU, static_cast<unsigned>(__popc(bits)));
        const unsigned sum = __reduce_add_sync(0xffffffffU, weighed);
        if (threadIdx.x % 32 != 0) continue;
        atomicAdd(positives + sample, ones);
        atomicAdd(shared + sample, sum);
      }
    }
    __syncthreads();
    for (int sample = static_cast<int>(threadIdx.x); sample < n; sample += kThreads) {
      atomicAdd(all_positives + first + static_cast<std::size_t>(sample), positives[sample]);
      atomicAdd(all_shared + first + static_cast<std::size_t>(sample), shared[sample]);
    }
    __syncthreads();
  }
}

}  // namespace

cudaError_t coactivation(const std::uint64_t* bits, std::size_t n_networks, std::size_t n,
                         std::size_t n_words, std::int64_t* positives, std::int64_t* shared,
                         cudaStream_t stream) {
  if (n_networks == 0 || n == 0) return cudaSuccess;
  const std::size_t bytes = n_networks * n * sizeof(std::int64_t);
  PYHWNAS_CUDA_CHECK(cudaMemsetAsync(positives, 0, bytes, stream));
  PYHWNAS_CUDA_CHECK(cudaMemsetAsync(shared, 0, bytes, stream));
  const std::size_t halves = 2 * n_words;
  // A block's sums are below 2^32: n times as many as it has bits.
  constexpr int kTiles = 16;
  constexpr std::size_t kMostY = 65535;
  const dim3 grid(blocks_for(halves, kTiles * kThreads),
                  static_cast<unsigned>(n_networks < kMostY ? n_networks : kMostY));
  const auto kernel = n < 128 ? count<7> : n < 1024 ? count<10> : count<13>;
  return launch(kernel, grid, dim3(kThreads), 2 * n * sizeof(unsigned), stream,
                reinterpret_cast<const std::uint32_t*>(bits), n_networks, static_cast<int>(n),
                halves, kTiles, reinterpret_cast<unsigned long long*>(positives),
                reinterpret_cast<unsigned long long*>(shared));
}

}  // namespace pyhwnas::cuda
