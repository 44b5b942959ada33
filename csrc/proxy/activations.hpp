// Activations at x >= 0, with their slopes. Those that grow like x give f(x) / x, which neither
// over- nor underflows with x.
#pragma once

#include <cmath>
#include <numbers>

#include "host_device.hpp"

namespace pyhwnas::proxy {

template <class T>
struct HeightAndSlope {
  T height;  // f(x), or f(x) / x
  T slope;   // f'(x)
};

struct Relu6 {
  static constexpr bool is_ratio = false;
  template <class T>
  PYHWNAS_HOST_DEVICE HeightAndSlope<T> operator()(T x) const {
    return {x < T(6) ? x : T(6), x < T(6) ? T(1) : T(0)};
  }
};

struct HardSwish {
  static constexpr bool is_ratio = true;
  template <class T>
  PYHWNAS_HOST_DEVICE HeightAndSlope<T> operator()(T x) const {
    const bool is_linear = x >= T(3);
    return {is_linear ? T(1) : (x + T(3)) / T(6), is_linear ? T(1) : (T(2) * x + T(3)) / T(6)};
  }
};

struct HardSigmoid {
  static constexpr bool is_ratio = false;
  template <class T>
  PYHWNAS_HOST_DEVICE HeightAndSlope<T> operator()(T x) const {
    const bool is_full = x >= T(3);
    return {is_full ? T(1) : (x + T(3)) / T(6), is_full ? T(0) : T(1) / T(6)};
  }
};

struct Sigmoid {
  static constexpr bool is_ratio = false;
  template <class T>
  PYHWNAS_HOST_DEVICE HeightAndSlope<T> operator()(T x) const {
    const T decay = std::exp(-x);
    const T height = T(1) / (T(1) + decay);
    return {height, decay * height * height};
  }
};

struct Silu {
  static constexpr bool is_ratio = true;
  template <class T>
  PYHWNAS_HOST_DEVICE HeightAndSlope<T> operator()(T x) const {
    const T decay = std::exp(-x);
    const T gate = T(1) / (T(1) + decay);
    return {gate, gate * (T(1) + x * decay * gate)};
  }
};

struct Gelu {
  static constexpr bool is_ratio = true;
  template <class T>
  PYHWNAS_HOST_DEVICE HeightAndSlope<T> operator()(T x) const {
    const T gate = T(0.5) * std::erfc(-x / std::numbers::sqrt2_v<T>);
    const T density = std::exp(T(-0.5) * x * x) * T(0.5) * std::numbers::sqrt2_v<T> *
                      std::numbers::inv_sqrtpi_v<T>;
    return {gate, gate + x * density};
  }
};

}  // namespace pyhwnas::proxy
