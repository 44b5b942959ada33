// Convolutions and linear layers: members of DualAlgebra, for dual_algebra.cpp alone.
#pragma once

#include <algorithm>

#include "proxy/sampled/dual_algebra.hpp"
#include "simd/level.hpp"

namespace pyhwnas::proxy {

// The tangent of W v along W is W v, so out tangent = W v + W d, both brought to one exponent.
template <class T>
typename DualAlgebra<T>::Factors DualAlgebra<T>::set_exponents(const Tensor& in, bool has_bias,
                                                               Tensor& out) {
  out.value_exponent = has_bias ? std::max<std::int64_t>(in.value_exponent, 0) : in.value_exponent;
  out.tangent_exponent = std::max(in.value_exponent, in.tangent_exponent);
  return {power<T>(in.value_exponent - out.value_exponent),
          power<T>(in.tangent_exponent - out.tangent_exponent),
          power<T>(in.value_exponent - out.tangent_exponent)};
}

template <class T>
void DualAlgebra<T>::store(const T* sums, std::int64_t lanes, std::int64_t pitch,
                           const Factors& factors, T bias, std::int64_t channel, Tensor& out) {
  const std::int64_t area = out.area();
  const bool is_dense = pitch == out.columns.stored;
  const std::int64_t width = is_dense ? area : out.columns.stored;
  const std::int64_t plane = out.plane();
  T* const values = out.values(channel);
  // Whole lines, in order of addresses, as in copy_lanes; what is too much is overwritten.
  simd::widest([=]() __attribute__((always_inline)) {
    const auto [value_factor, tangent_factor, inherited] = factors;
    for (std::int64_t y = 0, from = 0; y < area; y += width, from += pitch) {
      for (std::int64_t x = 0; x < width; x += kLineLanes<T>) {
        const T* __restrict const value = sums + from + x;
        T* __restrict const to = values + y + x;
        for (std::int64_t i = 0; i < kLineLanes<T>; ++i) to[i] = value_factor * value[i] + bias;
      }
    }
    for (std::int64_t i = area; i < plane; ++i) values[i] = T(0);
    T* const tangents = values + plane;
    for (std::int64_t y = 0, from = 0; y < area; y += width, from += pitch) {
      for (std::int64_t x = 0; x < width; x += kLineLanes<T>) {
        const T* __restrict const value = sums + from + x;
        const T* __restrict const tangent = value + lanes;
        T* __restrict const to = tangents + y + x;
        for (std::int64_t i = 0; i < kLineLanes<T>; ++i) {
          to[i] = tangent_factor * tangent[i] + inherited * value[i];
        }
      }
    }
    for (std::int64_t i = area; i < plane; ++i) tangents[i] = T(0);
  });
}

template <class T>
void DualAlgebra<T>::store_pixel(T value_sum, T tangent_sum, const Factors& factors, T bias,
                                 std::int64_t channel, Tensor& out) {
  std::fill_n(out.values(channel), 2 * out.plane(), T(0));
  *out.values(channel) = factors.value * value_sum + bias;
  *out.tangents(channel) = factors.tangent * tangent_sum + factors.inherited * value_sum;
}

template <class T>
std::shared_ptr<const Windows<T>> DualAlgebra<T>::windows_of(const Tensor& in, const Window& window,
                                                             T padding) {
  // Several operations often see the same of one tensor.
  std::shared_ptr<const Windows<T>>& last = in.buffer->windows;
  if (last != nullptr && last->serves(in.shape.channels, window, padding)) return last;
  if (window.keeps_every_pixel()) return std::make_shared<const Windows<T>>(in);
  last = std::make_shared<const Windows<T>>(in, window, buffers_, padding);
  return last;
}

template <class T>
void DualAlgebra<T>::convolve(const Node& node, const Tensor& in, Tensor& out) {
  if (is_matrix(node, in.shape)) return multiply_vector(node, in, out);
  const NodeWeights<T> own = next_weights();
  const std::shared_ptr<const Windows<T>> seen = windows_of(in, node.window, T(0));
  const Windows<T>& windows = *seen;
  out.rows = windows.rows();
  out.columns = windows.columns();
  allocate(out);
  const Factors factors = set_exponents(in, own.bias != nullptr, out);
  const std::int64_t group_in = in.shape.channels / node.groups;
  const std::int64_t group_out = node.shape.channels / node.groups;
  const std::size_t block = block_size(group_out);
  const std::int64_t lanes = windows.lanes();
  sums_.resize(std::max(sums_.size(), 2 * block * static_cast<std::size_t>(lanes + kLineLanes<T>)));
  const T* weights = own.weights;
  const auto step = static_cast<std::int64_t>(block);
  const std::int64_t n_taps = node.window.kernel * node.window.kernel;
  for (std::int64_t g = 0; g < node.groups; ++g) {
    const Taps<T> taps = windows.taps(g * group_in);
    for (std::int64_t first = 0; first < group_out; first += step) {
      convolve_lanes(taps, group_in, weights, block, lanes, sums_.data());
      weights += group_in * n_taps * step;
      for (std::int64_t o = 0; o < std::min(step, group_out - first); ++o) {
        const std::int64_t channel = g * group_out + first + o;
        const T bias =
            own.bias == nullptr ? T(0) : power<T>(-out.value_exponent) * own.bias[channel];
        store(sums_.data() + 2 * o * lanes, lanes, windows.pitch(), factors, bias, channel, out);
      }
    }
  }
  normalise(out);
}

template <class T>
void DualAlgebra<T>::multiply_vector(const Node& node, const Tensor& in, Tensor& out) {
  const NodeWeights<T> own = next_weights();
  out.rows = in.rows;
  out.columns = in.columns;
  allocate(out);
  const Factors factors = set_exponents(in, own.bias != nullptr, out);
  const auto n_in = static_cast<std::size_t>(in.shape.channels);
  row_.resize(2 * n_in);
  for (std::size_t c = 0; c < n_in; ++c) {
    row_[c] = *in.values(static_cast<std::int64_t>(c));
    row_[n_in + c] = *in.tangents(static_cast<std::int64_t>(c));
  }
  const std::int64_t lanes = whole_lines<T>(node.shape.channels);
  sums_.resize(std::max(sums_.size(), 2 * static_cast<std::size_t>(lanes)));
  const std::span<const T> row(row_);
  multiply_matrix(row.first(n_in), row.last(n_in), own.weights, lanes, sums_.data());
  const T* const sums = sums_.data();
  for (std::int64_t o = 0; o < node.shape.channels; ++o) {
    const T bias = own.bias == nullptr ? T(0) : power<T>(-out.value_exponent) * own.bias[o];
    store_pixel(sums[o], sums[lanes + o], factors, bias, o, out);
  }
  normalise(out);
}

template <class T>
void DualAlgebra<T>::convolve_channels(const Node& node, const Tensor& in, Tensor& out) {
  const NodeWeights<T> own = next_weights();
  out.rows = in.rows;
  out.columns = in.columns;
  allocate(out);
  const Factors factors = set_exponents(in, false, out);
  const std::int64_t half = node.window.kernel / 2;
  const std::int64_t channels = in.shape.channels;
  for (std::int64_t o = 0; o < channels; ++o) {
    T sums[2] = {};
    const std::int64_t end = std::min(o + half + 1, channels);
    for (std::int64_t c = std::max<std::int64_t>(o - half, 0); c < end; ++c) {
      const T weight = own.weights[c - o + half];
      sums[0] += weight * *in.values(c);
      sums[1] += weight * *in.tangents(c);
    }
    store_pixel(sums[0], sums[1], factors, T(0), o, out);
  }
  normalise(out);
}

}  // namespace pyhwnas::proxy
