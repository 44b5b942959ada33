// From random bits to rays, and from a ray to the volume that it stands for: for doubles, and for
// vectors of them.
//
// All arithmetic is our own, but for products, quotients and sums: standard libraries differ in the
// last bit, and have no versions for vectors. So a CPU at any vector level and a GPU draw the same
// rays, bit by bit. Vectors are passed by reference only: how they are passed by value differs
// between instruction sets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "host_device.hpp"

namespace pyhwnas::moo {

// A hash whose 64 bits all depend on all bits of its argument (Steele, Lea, Flood 2014,
// doi:10.1145/2660193.2660195): the generator. Number k of stream s is mixed(mixed(s) + k).
PYHWNAS_HOST_DEVICE inline std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

// The body of a ball { sum |x_k|^p <= 1 }, whose surface directions are spread over: p = 1, 2 or
// infinity. `box`: no rays at all, points in the unit cube.
enum class Gauge : std::uint8_t { simplex, sphere, cube, box };

// Directions from a lattice of 2^log2_size points, shifted by a stream of the generator.
struct Lattice {
  Gauge gauge;
  std::uint32_t log2_size;
  std::uint64_t stream;
};

inline constexpr std::uint32_t kLargestLattice = 16;  // 2^16 points
inline constexpr std::size_t kGenerators = 32;

// Generating vector of lattices of 2^6 to 2^16 points in up to 32 dimensions, the first one. Chosen
// component by component (Nuyens, Cools 2006, doi:10.1090/S0025-5718-06-01785-6), for the least of
// the worst error over all these sizes among random candidates.
PYHWNAS_HOST_DEVICE inline std::uint64_t generator(std::size_t k) {
  static constexpr std::uint32_t kGenerator[kGenerators] = {
      1,     42641, 13855, 62299, 20435, 15143, 11845, 29301, 7127,  31319, 28215,
      48057, 22427, 3059,  32673, 19229, 63805, 56037, 25349, 22977, 47973, 27631,
      40123, 64407, 10819, 36583, 3633,  7399,  25747, 37177, 41963, 58311};
  return kGenerator[k];
}

// One dimension of a shifted lattice. Dimensions above kGenerators are plain random.
struct Dimension {
  std::uint64_t step;
  std::uint64_t shift;
  bool is_random;

  PYHWNAS_HOST_DEVICE Dimension(const Lattice& lattice, std::size_t k)
      : step(0), shift(mixed(lattice.stream + k)), is_random(k >= kGenerators) {
    if (!is_random) {
      step = generator(k) << (64 - kLargestLattice) << (kLargestLattice - lattice.log2_size);
    }
  }

  // 64 random bits for a point of the lattice.
  PYHWNAS_HOST_DEVICE std::uint64_t bits(std::uint64_t point) const {
    return is_random ? mixed(shift + point) : point * step + shift;
  }
};

// From 64 random bits to a number strictly between 0 and 1.
template <class Register, class Integers>
[[gnu::always_inline]] PYHWNAS_HOST_DEVICE inline void to_unit(const Integers& bits,
                                                               Register& unit) {
  const Integers one_to_two = (bits >> 12) | 0x3ff0000000000000U;
  std::memcpy(&unit, &one_to_two, sizeof(unit));
  unit -= 1.0 - 0x1p-53;
}

// Natural logarithm of numbers in (0, 1), to about 1e-15. log(2^e f) = e log 2 + 2 artanh(s) with
// s = (f - 1) / (f + 1) and f from sqrt(1/2) to sqrt(2).
template <class Integers, class Register>
[[gnu::always_inline]] PYHWNAS_HOST_DEVICE inline void logarithm(const Register& x,
                                                                 Register& result) {
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
[[gnu::always_inline]] PYHWNAS_HOST_DEVICE inline void square_root(const Register& x,
                                                                   Register& result) {
  Integers bits;
  std::memcpy(&bits, &x, sizeof(bits));
  bits = 0x5fe6eb50c7b537a9U - (bits >> 1);
  Register y;
  std::memcpy(&y, &bits, sizeof(y));
  for (int i = 0; i < 4; ++i) y = y * (1.5 - 0.5 * x * y * y);
  result = x * y;
}

// Written out: a loop would keep the coefficients of a GPU's thread in memory.
template <class Register>
[[gnu::always_inline]] PYHWNAS_HOST_DEVICE inline void polynomial(const double (&coefficients)[8],
                                                                  const Register& x,
                                                                  Register& value) {
  value = x * coefficients[7] + coefficients[6];
  value = value * x + coefficients[5];
  value = value * x + coefficients[4];
  value = value * x + coefficients[3];
  value = value * x + coefficients[2];
  value = value * x + coefficients[1];
  value = value * x + coefficients[0];
}

// The absolute value of a normal variable: its quantile at u (Wichura 1988, algorithm AS 241,
// doi:10.2307/2347330), to about 1e-15 up to 5 standard deviations and 1e-9 beyond.
template <class Integers, class Register>
[[gnu::always_inline]] PYHWNAS_HOST_DEVICE inline void half_normal(const Register& u, Register& x) {
  constexpr double a[] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                          1.9715909503065514427e+3, 1.3731693765509461125e+4,
                          4.5921953931549871457e+4, 6.7265770927008700853e+4,
                          3.3430575583588128105e+4, 2.5090809287301226727e+3};
  constexpr double b[] = {1.0,
                          4.2313330701600911252e+1,
                          6.8718700749205790830e+2,
                          5.3941960214247511077e+3,
                          2.1213794301586595867e+4,
                          3.9307895800092710610e+4,
                          2.8729085735721942674e+4,
                          5.2264952788528545610e+3};
  constexpr double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                          5.76949722146069140550e0,  3.64784832476320460504e0,
                          1.27045825245236838258e0,  2.41780725177450611770e-1,
                          2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr double d[] = {1.0,
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
  const Register tail = (1.0 - u) * 0.5;
  logarithm<Integers>(tail, log_tail);
  Register root;
  const Register negated = -log_tail;
  square_root<Integers>(negated, root);
  root -= 1.6;
  polynomial(c, root, above);
  polynomial(d, root, below);
  const Register outer = above / below;
  x = q <= 0.425 ? central : outer;
}

// From a uniform coordinate to one of the ball's, added to what the ball measures of the point.
template <class Integers, class Register>
[[gnu::always_inline]] PYHWNAS_HOST_DEVICE inline void place(Gauge gauge, Register& u,
                                                             Register& size) {
  Register x;
  if (gauge == Gauge::simplex) {
    logarithm<Integers>(u, x);
    u = -x;
    size += u;
  } else if (gauge == Gauge::sphere) {
    half_normal<Integers>(u, x);
    u = x;
    size += u * u;
  } else {
    size = u > size ? u : size;
  }
}

// Volume of the ball times rho^m, factor by factor so that neither leaves the range of a double;
// or whether a point of the box is dominated. rho = size / least, where `size` is the point's norm
// and `least` the least over rows of its largest coordinate in units of the row's sides.
template <class Register>
[[gnu::always_inline]] PYHWNAS_HOST_DEVICE inline void volume_of_ray(Gauge gauge, std::size_t m,
                                                                     const Register& size,
                                                                     const Register& least,
                                                                     Register& value) {
  value = Register{} + 1.0;
  if (gauge == Gauge::box) {
    value = least <= 1.0 ? value : Register{};
    return;
  }
  const Register rho = size / least;
  std::size_t k = m;
  if (gauge == Gauge::sphere) {
    // The part of the unit ball of m dimensions is that of m - 2 dimensions times pi / (2 m).
    const Register square = rho * rho;
    for (; k >= 2; k -= 2) value *= square * (1.57079632679489661923 / static_cast<double>(k));
    if (k == 1) value *= rho;
    return;
  }
  for (; k > 0; --k) {
    value *= gauge == Gauge::simplex ? rho / static_cast<double>(k) : rho;
  }
}

}  // namespace pyhwnas::moo
