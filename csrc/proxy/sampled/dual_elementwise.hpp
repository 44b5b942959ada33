// Sums, gates and activations: members of DualAlgebra, for dual_algebra.cpp alone.
#pragma once

#include <algorithm>
#include <type_traits>

#include "proxy/activations.hpp"
#include "proxy/sampled/dual_algebra.hpp"
#include "simd/level.hpp"

namespace pyhwnas::proxy {
// Beyond these exponents every activation is at its limit, or linear, or constant.
template <class T>
inline constexpr std::int64_t kMostExponent = sizeof(T) == 4 ? 90 : 900;

// out (+)= factor * in, and the same for tangents, for all channels of tensors with equal axes.
template <class T>
void add_scaled(const DualTensor<T>& in, T value_factor, T tangent_factor, bool is_first,
                const DualTensor<T>& out) {
  const std::int64_t plane = out.plane();
  simd::widest([&]() __attribute__((always_inline)) {
    for (std::int64_t part = 0; part < 2 * out.shape.channels; ++part) {
      const T factor = part % 2 == 0 ? value_factor : tangent_factor;
      const T* __restrict const from = in.buffer->data() + part * plane;
      T* __restrict const to = out.buffer->data() + part * plane;
      if (is_first) {
        for (std::int64_t i = 0; i < plane; ++i) to[i] = factor * from[i];
      } else {
        for (std::int64_t i = 0; i < plane; ++i) to[i] += factor * from[i];
      }
    }
  });
}

template <class T>
void DualAlgebra<T>::add(std::span<const Tensor* const> inputs, Tensor& out) {
  allocate_common(inputs, out);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const Tensor part = with_axes(*inputs[k], out.rows, out.columns);
    add_scaled(part, power<T>(part.value_exponent - out.value_exponent),
               power<T>(part.tangent_exponent - out.tangent_exponent), k == 0, out);
  }
  normalise(out);
}

// (v w, d w + v e)
template <class T>
void DualAlgebra<T>::multiply(const Tensor& first, const Tensor& second, Tensor& out) {
  const bool is_gate = second.shape.extent() != first.shape.extent();
  out.rows = is_gate ? first.rows : common(first.rows, second.rows);
  out.columns = is_gate ? first.columns : common(first.columns, second.columns);
  const Tensor left = with_axes(first, out.rows, out.columns);
  const Tensor right = is_gate ? second : with_axes(second, out.rows, out.columns);
  allocate(out);
  const std::int64_t from_left = left.tangent_exponent + right.value_exponent;
  const std::int64_t from_right = left.value_exponent + right.tangent_exponent;
  out.value_exponent = left.value_exponent + right.value_exponent;
  out.tangent_exponent = std::max(from_left, from_right);
  const T left_factor = power<T>(from_left - out.tangent_exponent);
  const T right_factor = power<T>(from_right - out.tangent_exponent);
  const std::int64_t plane = out.plane();
  simd::widest([&]() __attribute__((always_inline)) {
    for (std::int64_t c = 0; c < out.shape.channels; ++c) {
      const T* __restrict const v = left.values(c);
      const T* __restrict const d = left.tangents(c);
      const T* __restrict const w = right.values(c);
      const T* __restrict const e = right.tangents(c);
      T* __restrict const value = out.values(c);
      T* __restrict const tangent = out.tangents(c);
      if (is_gate) {
        const T gate = *w;
        const T slope = right_factor * *e;
        const T passed = left_factor * gate;
        for (std::int64_t i = 0; i < plane; ++i) value[i] = v[i] * gate;
        for (std::int64_t i = 0; i < plane; ++i) tangent[i] = d[i] * passed + v[i] * slope;
        continue;
      }
      for (std::int64_t i = 0; i < plane; ++i) value[i] = v[i] * w[i];
      for (std::int64_t i = 0; i < plane; ++i) {
        tangent[i] = left_factor * (d[i] * w[i]) + right_factor * (v[i] * e[i]);
      }
    }
  });
  normalise(out);
}

template <class T>
template <class Activation>
void DualAlgebra<T>::apply(const Tensor& in, const Activation& activation, Tensor& out) {
  pass(in, out);
  allocate(out);
  if (!Activation::is_ratio) out.value_exponent = 0;
  const T magnitude =
      power<T>(std::clamp<std::int64_t>(in.value_exponent, -kMostExponent<T>, kMostExponent<T>));
  const std::int64_t area = in.area();
  const std::int64_t rest = in.plane() - area;
  for (std::int64_t c = 0; c < in.shape.channels; ++c) {
    const T* __restrict const v = in.values(c);
    const T* __restrict const d = in.tangents(c);
    T* __restrict const value = out.values(c);
    T* __restrict const tangent = out.tangents(c);
    for (std::int64_t i = 0; i < area; ++i) {
      const auto [height, slope] = activation(magnitude * v[i]);
      value[i] = Activation::is_ratio ? height * v[i] : height;
      tangent[i] = slope * d[i];
    }
    std::fill_n(value + area, rest, T(0));
    std::fill_n(tangent + area, rest, T(0));
  }
  normalise(out);
}

template <class T>
void DualAlgebra<T>::activate(Opcode op, const Tensor& in, Tensor& out) {
  switch (op) {
    case Opcode::relu6:
      // Values below 4 pass unchanged, however small they are.
      return in.value_exponent + kMaxExponent <= 2 ? pass(in, out) : apply(in, Relu6{}, out);
    case Opcode::hswish:
      return apply(in, HardSwish{}, out);
    case Opcode::hsigmoid:
      return apply(in, HardSigmoid{}, out);
    case Opcode::sigmoid:
      return apply(in, Sigmoid{}, out);
    case Opcode::silu:
      return apply(in, Silu{}, out);
    case Opcode::gelu:
      return apply(in, Gelu{}, out);
    default:  // relu: values are never negative
      return pass(in, out);
  }
}

}  // namespace pyhwnas::proxy
