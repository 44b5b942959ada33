// Statistics of activation signs on the GPU, for many networks at once: see pyhwnas/signs.hpp,
// whose results these equal bit for bit. All pointers are to memory of the device; batches lie one
// after the other.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace pyhwnas::cuda {

enum class Activations { float32, bfloat16 };

// bits(row, w) holds units 64 w .. 64 w + 63 of a row, the first in the lowest bit; bits past the
// last unit are 0. A bit is 1 where a value is greater than zero. O(rows units): one pass over x.
cudaError_t pack_signs(const void* x, Activations type, std::size_t n_rows, std::size_t n_units,
                       std::uint64_t* bits, cudaStream_t stream);

// What batch normalisation makes of x, and the signs of that, in one pass: y = (x - mean) * scale.
// With `rectify`, y is what a rectifier makes of it; the signs are the same. Rows are samples, with
// `n_samples` of them for each network; `channels` channels vary fastest (channels last), with a
// mean and a scale for each network and channel. y may be x itself. Numbers are rounded to their
// type once.
cudaError_t normalise_and_pack(const void* x, Activations type, const float* mean,
                               const float* scale, std::size_t n_networks, std::size_t n_samples,
                               std::size_t n_units, std::size_t channels, bool rectify, void* y,
                               std::uint64_t* bits, cudaStream_t stream);

// distances[b](i, j): in how many of the bits samples i and j of network b differ. Exact, whatever
// the grid: sums are integers. O(b n^2 words): two logical operations and 3/4 of a bit count for 32
// bits of each pair.
cudaError_t hamming_distances(const std::uint64_t* bits, std::size_t n_networks, std::size_t n,
                              std::size_t n_words, std::int64_t* distances, cudaStream_t stream);

// positives[b][i], shared[b][i] as pyhwnas::proxy::coactivation has them.
// O(b n words log n).
cudaError_t coactivation(const std::uint64_t* bits, std::size_t n_networks, std::size_t n,
                         std::size_t n_words, std::int64_t* positives, std::int64_t* shared,
                         cudaStream_t stream);

// Samples of a network in the two functions above.
inline constexpr std::size_t kMostSamples = 4096;

}  // namespace pyhwnas::cuda
