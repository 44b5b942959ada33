// Rays for the sampling of volumes, eight in the lanes of a vector (see ray_arithmetic.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "moo/hypervolume/ray_arithmetic.hpp"
#include "moo/lanes.hpp"

namespace pyhwnas::moo {

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

// The rows that rays meet.
struct Points {
  std::size_t n;
  std::size_t m;
  std::vector<double> stretch;      // longest side / side of point i, objective k: [i * m + k]
  std::vector<std::uint32_t> rows;  // which row of the matrix point i is
  double mantissa;                  // volume of the box around the region: mantissa 2^exponent
  int exponent;
  bool infinite;
};

// What a ray meets first and second: the two least values over points of the largest coordinate in
// units of a point's sides. The number of the point is a double, as lanes are.
template <std::size_t n>
struct Meeting {
  Lanes<n> least;
  Lanes<n> second;
  Lanes<n> nearest;

  [[gnu::always_inline]] void reset() {
    least.fill(std::numeric_limits<double>::infinity());
    second.fill(std::numeric_limits<double>::infinity());
    nearest.fill(0.0);
  }
  [[gnu::always_inline]] void add(const Lanes<n>& value, double point) {
    using Register = typename Lanes<n>::Register;
    for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
      const Register x = value.at[i];
      const Register behind = x > least.at[i] ? x : least.at[i];
      second.at[i] = behind < second.at[i] ? behind : second.at[i];
      nearest.at[i] = x < least.at[i] ? Register{} + point : nearest.at[i];
      least.at[i] = x < least.at[i] ? x : least.at[i];
    }
  }
};

// Only what a ray meets first.
template <std::size_t n>
struct Reach {
  Lanes<n> least;

  [[gnu::always_inline]] void reset() { least.fill(std::numeric_limits<double>::infinity()); }
  [[gnu::always_inline]] void add(const Lanes<n>& value, double /*point*/) {
    least.lower_to(value);
  }
};

// How many packets of eight rays meet the points at once, at most.
inline constexpr std::size_t kMostPackets = 4;

template <std::size_t n>
struct Rays {
  using Register = typename Lanes<n>::Register;
  using Integers = typename IntegersOf<n>::type;

  // x: coordinates of eight points of the lattice; size: what the ball measures of each.
  [[gnu::always_inline]] static void draw(const Lattice& lattice, std::uint64_t first,
                                          std::size_t m, Packet* x, Lanes<n>& size) {
    size.fill(0.0);
    for (std::size_t k = 0; k < m; ++k) {
      std::uint64_t bits[kLanes];
      const Dimension dimension(lattice, k);
      for (std::size_t i = 0; i < kLanes; ++i) bits[i] = dimension.bits(first + i);
      for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
        Integers some;
        std::memcpy(&some, bits + i * n, sizeof(some));
        Register u;
        to_unit(some, u);
        place<Integers>(lattice.gauge, u, size.at[i]);
        std::memcpy(x[k].lanes.data() + i * n, &u, sizeof(u));
      }
    }
    if (lattice.gauge == Gauge::sphere) {
      for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
        Register root;
        square_root<Integers>(size.at[i], root);
        size.at[i] = root;
      }
    }
  }

  // Several packets at once: four registers.
  static constexpr std::size_t kPackets = n / 2;

  template <class Met>
  [[gnu::always_inline]] static void meet(const Points& points, const Packet* x, Met* met) {
    for (std::size_t p = 0; p < kPackets; ++p) met[p].reset();
    const double* g = points.stretch.data();
    for (std::size_t j = 0; j < points.n; ++j, g += points.m) {
      Lanes<n> largest[kPackets];
      for (std::size_t p = 0; p < kPackets; ++p) largest[p].fill(0.0);
      for (std::size_t k = 0; k < points.m; ++k) {
        const Register stretch = Register{} + g[k];
        for (std::size_t p = 0; p < kPackets; ++p) {
          Lanes<n> coordinate;
          coordinate.load(x[p * points.m + k]);
          for (std::size_t i = 0; i < Lanes<n>::kRegisters; ++i) {
            const Register product = coordinate.at[i] * stretch;
            largest[p].at[i] = product > largest[p].at[i] ? product : largest[p].at[i];
          }
        }
      }
      for (std::size_t p = 0; p < kPackets; ++p) met[p].add(largest[p], static_cast<double>(j));
    }
  }
};

}  // namespace pyhwnas::moo
