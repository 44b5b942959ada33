// Convolutions with given weights, value and tangent under the same weight.
//
// A thread computes kChannels output channels of two pixels: for each input channel and tap it
// loads four numbers and kChannels weights, which are the same for all threads of a warp, and does
// 4 kChannels fused multiply-adds. Weights are ordered (group, input channel, tap, output channel),
// so those of a thread lie side by side.
#pragma once

#include "cuda/proxy/instructions.cuh"

namespace pyhwnas::cuda {

inline constexpr int kChannels = 8;

template <class Real>
struct Sums {
  Real value[kChannels] = {};
  Real tangent[kChannels] = {};
};

// Weights of kChannels output channels, zero past `count`. is_aligned: two loads of 16 bytes do.
template <class Real>
__device__ void load_weights(const float* from, int count, bool is_aligned,
                             Real (&weights)[kChannels]) {
  if (is_aligned) {
    const float4 first = __ldg(reinterpret_cast<const float4*>(from));
    const float4 second = __ldg(reinterpret_cast<const float4*>(from) + 1);
    const float all[kChannels] = {first.x,  first.y,  first.z,  first.w,
                                  second.x, second.y, second.z, second.w};
    for (int o = 0; o < kChannels; ++o) weights[o] = static_cast<Real>(all[o]);
    return;
  }
  for (int o = 0; o < kChannels; ++o) {
    weights[o] = o < count ? static_cast<Real>(__ldg(from + o)) : Real(0);
  }
}

template <class Real>
__device__ void add_products(Sums<Real>& sums, Real value, Real tangent,
                             const Real (&weights)[kChannels]) {
  for (int o = 0; o < kChannels; ++o) {
    sums.value[o] = std::fma(weights[o], value, sums.value[o]);
    sums.tangent[o] = std::fma(weights[o], tangent, sums.tangent[o]);
  }
}

// Adds up one group of input channels for two pixels. `weights` begin at the first of the thread's
// output channels.
template <class Real>
__device__ void convolve_pixels(const TapeView& tape, const proxy::Instruction& in,
                                const Real* values, const Real* tangents, const float* weights,
                                int count, const Index& first, const Index& second,
                                Sums<Real>& first_sums, Sums<Real>& second_sums) {
  const std::int32_t* const offsets = tape.tap_offsets;
  const std::int32_t* const first_rows = tape.tap_inputs + offsets[in.taps + first.i];
  const std::int32_t* const second_rows = tape.tap_inputs + offsets[in.taps + second.i];
  const std::int32_t* const first_columns = tape.tap_inputs + offsets[in.column_taps + first.inner];
  const std::int32_t* const second_columns =
      tape.tap_inputs + offsets[in.column_taps + second.inner];
  const bool is_aligned = count == kChannels && in.group_out % 4 == 0 &&
                          reinterpret_cast<std::uintptr_t>(weights) % sizeof(float4) == 0;
  const int plane = in.in_rows * in.in_columns;
  const int step = in.row_kernel * in.column_kernel * in.group_out;
  for (int i = 0; i < in.row_kernel; ++i) {
    for (int j = 0; j < in.column_kernel; ++j) {
      const bool first_is_inside = first_rows[i] >= 0 && first_columns[j] >= 0;
      const bool second_is_inside = second_rows[i] >= 0 && second_columns[j] >= 0;
      int a = first_is_inside ? first_rows[i] * in.in_columns + first_columns[j] : 0;
      int b = second_is_inside ? second_rows[i] * in.in_columns + second_columns[j] : 0;
      const float* at = weights + (i * in.column_kernel + j) * in.group_out;
      for (int c = 0; c < in.group_in; ++c, a += plane, b += plane, at += step) {
        Real own[kChannels];
        load_weights(at, count, is_aligned, own);
        const Real zero = 0;
        add_products(first_sums, first_is_inside ? values[a] : zero,
                     first_is_inside ? tangents[a] : zero, own);
        add_products(second_sums, second_is_inside ? values[b] : zero,
                     second_is_inside ? tangents[b] : zero, own);
      }
    }
  }
}

template <class Real>
__device__ void convolve(const TapeView& tape, const proxy::Instruction& in, const float* weights,
                         const Source<Real>& from, const Target<Real>& to) {
  const float* const biases = in.bias >= 0 ? weights + in.bias : nullptr;
  const Factors<Real> factors(from, true, biases != nullptr, Real(1), Real(1));
  const unsigned pixels = static_cast<unsigned>(in.n_out * in.inner);
  const unsigned pairs = (pixels + 1) / 2;
  const unsigned tiles = static_cast<unsigned>((in.group_out + kChannels - 1) / kChannels);
  const unsigned n = static_cast<unsigned>(in.groups) * tiles * pairs;
  const int plane = in.in_rows * in.in_columns;
  Largest<Real> largest;
  for (unsigned item = threadIdx.x; item < n; item += blockDim.x) {
    const unsigned tile = item / pairs;
    const unsigned pair = item - tile * pairs;
    const int group = static_cast<int>(tile / tiles);
    const int first_channel = static_cast<int>(tile % tiles) * kChannels;
    const int count = min(kChannels, in.group_out - first_channel);
    const bool has_second = pair + pairs < pixels;
    const Index first = index_of(pair, in);
    const Index second = index_of(has_second ? pair + pairs : pair, in);
    const std::size_t input = static_cast<std::size_t>(group) * in.group_in * plane;
    const std::size_t filter = static_cast<std::size_t>(group) * in.group_in * in.row_kernel *
                               in.column_kernel * in.group_out;
    Sums<Real> sums[2];
    convolve_pixels(tape, in, from.values + input, from.tangents + input,
                    weights + in.weights + filter + first_channel, count, first, second, sums[0],
                    sums[1]);
    for (int o = 0; o < count; ++o) {
      const int channel = group * in.group_out + first_channel + o;
      const Real bias =
          biases == nullptr ? Real(0) : factors.bias * static_cast<Real>(biases[channel]);
      for (int k = 0; k < (has_second ? 2 : 1); ++k) {
        const std::size_t p = static_cast<std::size_t>(channel) * pixels + pair + k * pairs;
        const Real v = factors.value * sums[k].value[o] + bias;
        const Real t = factors.tangent * sums[k].tangent[o] + factors.inherited * sums[k].value[o];
        to.values[p] = v;
        to.tangents[p] = t;
        largest.note(v, t);
      }
    }
  }
  finish(to, largest, factors.value_exponent, factors.tangent_exponent);
}

}  // namespace pyhwnas::cuda
