// A warp votes on 32 units at a time, and one thread stores the vote: packing moves each value once
// and writes a thirty-second of that, so it takes what a copy of x would take.
#include <cmath>

#include "cuda/launch.hpp"
#include "cuda/proxy/signs.hpp"

namespace pyhwnas::cuda {
namespace {

constexpr unsigned kThreads = 256;
constexpr unsigned kLanes = 32;
constexpr unsigned kWarps = kThreads / kLanes;
constexpr unsigned kWords = 4;

// The upper half of a float's bits.
struct Bfloat16 {
  std::uint16_t bits;
};

__device__ float number(float x) {
  return x;
}
__device__ float number(Bfloat16 x) {
  return __uint_as_float(static_cast<unsigned>(x.bits) << 16);
}

__device__ void store(float value, float* to) {
  *to = value;
}
// To the nearest, ties to even; NaN stays one.
__device__ void store(float value, Bfloat16* to) {
  const unsigned bits = __float_as_uint(value);
  const unsigned rounded = bits + 0x7fffU + (bits >> 16 & 1U);
  to->bits = static_cast<std::uint16_t>(value != value ? 0x7fc0U : rounded >> 16);
}

// Words of 32 bits, an even number to a row; a warp makes kWords of them at a time, so that it
// waits for several loads at once. value(row, unit) yields a number, and is asked for each unit
// once. blockIdx.x: which words, blockIdx.y: which row; both in turns.
template <class Value>
__device__ void vote(std::size_t n_rows, std::size_t n_units, std::uint32_t* all_words,
                     const Value& value) {
  const std::size_t per_row = (n_units + 63) / 64 * 2;
  const unsigned lane = threadIdx.x % kLanes;
  const std::size_t warp = blockIdx.x * kWarps + threadIdx.x / kLanes;
  for (std::size_t row = blockIdx.y; row < n_rows; row += gridDim.y) {
    std::uint32_t* const words = all_words + row * per_row;
    for (std::size_t first = warp * kWords; first < per_row; first += gridDim.x * kWarps * kWords) {
      bool is_positive[kWords];
      for (unsigned k = 0; k < kWords; ++k) {
        const std::size_t unit = (first + k) * kLanes + lane;
        is_positive[k] = unit < n_units && value(row, unit) > 0.0F;
      }
      for (unsigned k = 0; k < kWords; ++k) {
        const unsigned votes = __ballot_sync(0xffffffffU, is_positive[k]);
        if (lane == k && first + k < per_row) words[first + k] = votes;
      }
    }
  }
}

template <class T>
__global__ void pack(const T* x, std::size_t n_rows, std::size_t n_units, std::uint32_t* words) {
  vote(n_rows, n_units, words,
       [&](std::size_t row, std::size_t unit) { return number(x[row * n_units + unit]); });
}

template <class T>
__global__ void normalise(const T* x, const float* mean, const float* scale, std::size_t n_rows,
                          std::size_t n_samples, std::size_t n_units, unsigned channels,
                          bool rectify, T* y, std::uint32_t* words) {
  vote(n_rows, n_units, words, [&](std::size_t row, std::size_t unit) {
    const std::size_t channel = row / n_samples * channels + static_cast<unsigned>(unit) % channels;
    const std::size_t at = row * n_units + unit;
    const float value = __fmul_rn(number(x[at]) - mean[channel], scale[channel]);
    store(rectify && value < 0.0F ? 0.0F : value, y + at);
    return value;
  });
}

dim3 grid_of(std::size_t n_rows, std::size_t n_units) {
  constexpr std::size_t kMostX = 64;
  constexpr std::size_t kMostY = 65535;
  const std::size_t words = (n_units + 63) / 64 * 2;
  const std::size_t blocks = (words + kWarps * kWords - 1) / (kWarps * kWords);
  return dim3(static_cast<unsigned>(blocks < kMostX ? blocks : kMostX),
              static_cast<unsigned>(n_rows < kMostY ? n_rows : kMostY));
}

template <class T>
cudaError_t launch_pack(const void* x, std::size_t n_rows, std::size_t n_units, std::uint64_t* bits,
                        cudaStream_t stream) {
  return launch(pack<T>, grid_of(n_rows, n_units), dim3(kThreads), 0, stream,
                static_cast<const T*>(x), n_rows, n_units, reinterpret_cast<std::uint32_t*>(bits));
}

template <class T>
cudaError_t launch_normalise(const void* x, const float* mean, const float* scale,
                             std::size_t n_rows, std::size_t n_samples, std::size_t n_units,
                             std::size_t channels, bool rectify, void* y, std::uint64_t* bits,
                             cudaStream_t stream) {
  return launch(normalise<T>, grid_of(n_rows, n_units), dim3(kThreads), 0, stream,
                static_cast<const T*>(x), mean, scale, n_rows, n_samples, n_units, channels,
                rectify, static_cast<T*>(y), reinterpret_cast<std::uint32_t*>(bits));
}

}  // namespace

cudaError_t pack_signs(const void* x, Activations type, std::size_t n_rows, std::size_t n_units,
                       std::uint64_t* bits, cudaStream_t stream) {
  return type == Activations::float32 ? launch_pack<float>(x, n_rows, n_units, bits, stream)
                                      : launch_pack<Bfloat16>(x, n_rows, n_units, bits, stream);
}

cudaError_t normalise_and_pack(const void* x, Activations type, const float* mean,
                               const float* scale, std::size_t n_networks, std::size_t n_samples,
                               std::size_t n_units, std::size_t channels, bool rectify, void* y,
                               std::uint64_t* bits, cudaStream_t stream) {
  const auto launched =
      type == Activations::float32 ? launch_normalise<float> : launch_normalise<Bfloat16>;
  return launched(x, mean, scale, n_networks * n_samples, n_samples, n_units, channels, rectify, y,
                  bits, stream);
}

}  // namespace pyhwnas::cuda
