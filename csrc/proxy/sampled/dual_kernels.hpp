// Sums of products for many pairs (value, tangent) at once: where sampled Synflow spends its time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pyhwnas::proxy {

// Output channels whose sums stay in registers together.
inline constexpr std::size_t kChannelBlock = 4;

// Where a convolution finds its input: lane i of channel c under tap t is
// origin[c * channel_stride + taps[t] + i], for values, and `to_tangent` further for tangents.
template <class T>
struct Taps {
  const T* origin;
  std::int64_t channel_stride;
  std::int64_t to_tangent;
  std::span<const std::int64_t> offsets;
};

// `n_out` (1 or kChannelBlock) channels of a convolution with `n_in` input channels, over `lanes`
// lanes, a whole number of lines. Weights are ordered (input channel, tap, output channel). Channel
// o is written to sums[2 o lanes] for values, and `lanes` further for tangents, both from the same
// weights. Products are added in order of (input channel, tap), each fused with its sum (rounded
// once), at all vector levels: where the machine cannot, the library's fma does it.
void convolve_lanes(const Taps<float>& in, std::int64_t n_in, const float* weights,
                    std::size_t n_out, std::int64_t lanes, float* sums);
void convolve_lanes(const Taps<double>& in, std::int64_t n_in, const double* weights,
                    std::size_t n_out, std::int64_t lanes, double* sums);

// sums[o] = sum over i of weights[i * lanes + o] * values[i], and the same for tangents, `lanes`
// further; lanes is a whole number of lines. Fused as above.
void multiply_matrix(std::span<const float> values, std::span<const float> tangents,
                     const float* weights, std::int64_t lanes, float* sums);
void multiply_matrix(std::span<const double> values, std::span<const double> tangents,
                     const double* weights, std::int64_t lanes, double* sums);

}  // namespace pyhwnas::proxy
