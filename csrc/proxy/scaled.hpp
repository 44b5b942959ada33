// Nonnegative numbers of any size.
#pragma once

#include <bit>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace pyhwnas::proxy {

// 2^k, and 0 where that is below the normal range.
inline double power_of_two(std::int64_t k) {
  assert(k <= 1023);
  return k < -1022 ? 0.0 : std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52);
}

// mantissa * 2^exponent with the mantissa in [1/2, 1), or zero. The scores of deep networks leave
// the range of a double; their logarithms do not.
class Scaled {
 public:
  constexpr Scaled() = default;
  explicit Scaled(double x) {
    assert(x >= 0.0 && std::isfinite(x));
    if (x == 0.0) return;
    int exponent = 0;
    mantissa_ = std::frexp(x, &exponent);
    exponent_ = exponent;
  }

  bool is_zero() const { return mantissa_ == 0.0; }
  // Smaller than any other for zero, so that the largest of several exponents is meaningful.
  std::int64_t exponent() const { return exponent_; }

  // The number divided by 2^exponent; tiny results become 0.
  double relative_to(std::int64_t exponent) const {
    return is_zero() ? 0.0 : mantissa_ * power_of_two(exponent_ - exponent);
  }

  Scaled times_power_of_two(std::int64_t k) const {
    return is_zero() ? *this : Scaled(mantissa_, exponent_ + k);
  }

  double log() const {
    return std::log(mantissa_) + static_cast<double>(exponent_) * std::numbers::ln2;
  }

  friend Scaled operator*(const Scaled& a, const Scaled& b) {
    if (a.is_zero() || b.is_zero()) return {};
    const double product = a.mantissa_ * b.mantissa_;
    const std::int64_t exponent = a.exponent_ + b.exponent_;
    return product < 0.5 ? Scaled(product * 2.0, exponent - 1) : Scaled(product, exponent);
  }

  friend Scaled operator/(const Scaled& a, const Scaled& b) {
    assert(!b.is_zero());
    if (a.is_zero()) return {};
    const double quotient = a.mantissa_ / b.mantissa_;
    const std::int64_t exponent = a.exponent_ - b.exponent_;
    return quotient >= 1.0 ? Scaled(quotient * 0.5, exponent + 1) : Scaled(quotient, exponent);
  }

  friend Scaled operator+(const Scaled& a, const Scaled& b) {
    if (a.is_zero()) return b;
    if (b.is_zero()) return a;
    if (a.exponent_ < b.exponent_) return b + a;
    const double sum = a.mantissa_ + b.relative_to(a.exponent_);
    return sum >= 1.0 ? Scaled(sum * 0.5, a.exponent_ + 1) : Scaled(sum, a.exponent_);
  }

  // a - b where that is positive, else zero.
  friend Scaled excess(const Scaled& a, const Scaled& b) {
    if (a.is_zero() || a < b) return {};
    return Scaled(a.mantissa_ - b.relative_to(a.exponent_)).times_power_of_two(a.exponent_);
  }

  friend bool operator<(const Scaled& a, const Scaled& b) {
    return a.exponent_ != b.exponent_ ? a.exponent_ < b.exponent_ : a.mantissa_ < b.mantissa_;
  }

 private:
  constexpr Scaled(double mantissa, std::int64_t exponent)
      : mantissa_(mantissa), exponent_(exponent) {}

  static constexpr std::int64_t kExponentOfZero = -(std::int64_t{1} << 60);
  double mantissa_ = 0.0;
  std::int64_t exponent_ = kExponentOfZero;
};

}  // namespace pyhwnas::proxy
