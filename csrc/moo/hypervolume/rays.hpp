// Directions for the sampling of volumes: points of a lattice, and how they become rays.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "moo/lanes.hpp"

namespace pyhwnas::moo {

// A hash whose 64 bits all depend on all bits of its argument (Steele, Lea, Flood 2014,
// doi:10.1145/2660193.2660195): the generator. Number k of stream s is mixed(mixed(s) + k).
inline std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

template <std::size_t n>
struct IntegersOf;
template <>
struct IntegersOf<2> {
  using type = std::uint64_t __attribute__((vector_size(16)));
};
template <>
struct IntegersOf<4> {
  using type = std::uint64_t __attribute__((vector_size(32)));
};
template <>
struct IntegersOf<8> {
  using type = std::uint64_t __attribute__((vector_size(64)));
};

// The body of a ball { sum |x_k|^p <= 1 }, whose surface directions are spread over: p = 1, 2 or
// infinity. `box`: no rays at all, points in the unit cube.
enum class Gauge : std::uint8_t { simplex, sphere, cube, box };

// From 64 random bits to a number strictly between 0 and 1.
template <class Register, class Integers>
[[gnu::always_inline]] inline void to_unit(const Integers& bits, Register& unit) {
  const Integers one_to_two = (bits >> 12) | 0x3ff0000000000000U;
  std::memcpy(&unit, &one_to_two, sizeof(unit));
  unit -= 1.0 - 0x1p-53;
}

// Natural logarithm of numbers in (0, 1), to about 1e-15, with plain arithmetic: standard libraries
// differ in the last bit, and have no versions for vectors. log(2^e f) = e log 2 + 2 artanh(s) with
// s = (f - 1) / (f + 1) and f from sqrt(1/2) to sqrt(2).
template <class Integers, class Register>
[[gnu::always_inline]] inline void logarithm(const Register& x, Register& result) {
  Integers bits;
  std::memcpy(&bits, &x, sizeof(bits));
  // The exponent moves up by one where the fraction is at least sqrt(2).
  bits += 0x3ff0000000000000U - 0x3fe6a09e667f3bcdU;
  const Integers fraction_bits = (bits & 0xfffffffffffffU) + 0x3fe6a09e667f3bcdU;
  // An integer below 2^52 as a double: the low bits of 2^52.
  const Integers exponent_bits = (bits >> 52) | 0x4330000000000000U;
  Register f;
  Register exponent;
  std::memcpy(&f, &fraction_bits, sizeof(f));
  std::memcpy(&exponent, &exponent_bits, sizeof(exponent));
  exponent -= 0x1p52 + 1023.0;
  const Register s = (f - 1.0) / (f + 1.0);
  const Register q = s * s;
  Register series = q * (1.0 / 19) + 1.0 / 17;
  series = series * q + 1.0 / 15;
  series = series * q + 1.0 / 13;
  series = series * q + 1.0 / 11;
  series = series * q + 1.0 / 9;
  series = series * q + 1.0 / 7;
  series = series * q + 1.0 / 5;
  series = series * q + 1.0 / 3;
  series = series * q + 1.0;
  result = exponent * 0.693147180559945309417 + 2.0 * s * series;
}

// Square root of positive numbers of ordinary size, to about 1e-15: Newton's iteration for its
// reciprocal from a guess by the exponent. In a vector, where std::sqrt would be a call a lane.
template <class Integers, class Register>
[[gnu::always_inline]] inline void square_root(const Register& x, Register& result) {
  Integers bits;
  std::memcpy(&bits, &x, sizeof(bits));
  bits = 0x5fe6eb50c7b537a9U - (bits >> 1);
  Register y;
  std::memcpy(&y, &bits, sizeof(y));
  for (int i = 0; i < 4; ++i) y = y * (1.5 - 0.5 * x * y * y);
  result = x * y;
}

template <std::size_t count, class Register>
[[gnu::always_inline]] inline void polynomial(const std::array<double, count>& coefficients,
                                              const Register& x, Register& value) {
  value = Register{} + coefficients[count - 1];
  for (std::size_t i = count - 1; i-- > 0;) value = value * x + coefficients[i];
}

// The absolute value of a normal variable: its quantile at u (Wichura 1988, algorithm AS 241,
// doi:10.2307/2347330), to about 1e-15 up to 5 standard deviations and 1e-9 beyond.
template <std::size_t n>
[[gnu::always_inline]] inline void half_normal(const typename Lanes<n>::Register& u,
                                               typename Lanes<n>::Register& x) {
  using Register = typename Lanes<n>::Register;
  constexpr std::array a{3.3871328727963666080e0,  1.3314166789178437745e+2,
                         1.9715909503065514427e+3, 1.3731693765509461125e+4,
                         4.5921953931549871457e+4, 6.7265770927008700853e+4,
                         3.3430575583588128105e+4, 2.5090809287301226727e+3};
  constexpr std::array b{1.0,
                         4.2313330701600911252e+1,
                         6.8718700749205790830e+2,
                         5.3941960214247511077e+3,
                         2.1213794301586595867e+4,
                         3.9307895800092710610e+4,
                         2.8729085735721942674e+4,
                         5.2264952788528545610e+3};
  constexpr std::array c{1.42343711074968357734e0,  4.63033784615654529590e0,
                         5.76949722146069140550e0,  3.64784832476320460504e0,
                         1.27045825245236838258e0,  2.41780725177450611770e-1,
                         2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr std::array d{1.0,
                         2.05319162663775882187e0,
                         1.67638483018380384940e0,
                         6.89767334985100004550e-1,
                         1.48103976427480074590e-1,
                         1.51986665636164571966e-2,
                         5.47593808499534494600e-4,
                         1.05075007164441684324e-9};
  const Register q = u * 0.5;
  Register above;
  Register below;
  const Register r = 0.180625 - q * q;
  polynomial(a, r, above);
  polynomial(b, r, below);
  const Register central = q * above / below;
  Register log_tail;
  logarithm<typename IntegersOf<n>::type>((1.0 - u) * 0.5, log_tail);
  Register root;
  square_root<typename IntegersOf<n>::type>(-log_tail, root);
  root -= 1.6;
  polynomial(c, root, above);
  polynomial(d, root, below);
  x = q <= 0.425 ? central : above / below;
}

}  // namespace pyhwnas::moo
