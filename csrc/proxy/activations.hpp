// Activations at x >= 0, with their slopes. Those that grow like x give f(x) / x, which neither
// over- nor underflows with x.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pyhwnas::proxy {

struct HeightAndSlope {
  double height;  // f(x), or f(x) / x
  double slope;   // f'(x)
};

struct Relu6 {
  static constexpr bool is_ratio = false;
  HeightAndSlope operator()(double x) const { return {std::min(x, 6.0), x < 6.0 ? 1.0 : 0.0}; }
};

struct HardSwish {
  static constexpr bool is_ratio = true;
  HeightAndSlope operator()(double x) const {
    if (x >= 3.0) return {1.0, 1.0};
    return {(x + 3.0) / 6.0, (2.0 * x + 3.0) / 6.0};
  }
};

struct HardSigmoid {
  static constexpr bool is_ratio = false;
  HeightAndSlope operator()(double x) const {
    if (x >= 3.0) return {1.0, 0.0};
    return {(x + 3.0) / 6.0, 1.0 / 6.0};
  }
};

struct Sigmoid {
  static constexpr bool is_ratio = false;
  HeightAndSlope operator()(double x) const {
    const double decay = std::exp(-x);
    const double height = 1.0 / (1.0 + decay);
    return {height, decay * height * height};
  }
};

struct Silu {
  static constexpr bool is_ratio = true;
  HeightAndSlope operator()(double x) const {
    const double decay = std::exp(-x);
    const double gate = 1.0 / (1.0 + decay);
    return {gate, gate * (1.0 + x * decay * gate)};
  }
};

struct Gelu {
  static constexpr bool is_ratio = true;
  HeightAndSlope operator()(double x) const {
    const double gate = 0.5 * std::erfc(-x / std::numbers::sqrt2);
    const double density =
        std::exp(-0.5 * x * x) * 0.5 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
    return {gate, gate + x * density};
  }
};

}  // namespace pyhwnas::proxy
