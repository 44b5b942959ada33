// Eight doubles side by side, in as many registers as the machine needs for them.
//
// A compiler turns operations on vectors wider than its registers into scalar ones, so a body that
// works on eight lanes is told how many of them one register holds: two, four or eight. All give
// the same bits, because lanes never meet.
//
// For indicators and samples, which need doubles alone. hypervolume_wfg_lanes.hpp adds words and
// bytes, for recursions over sets of words.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "simd/level.hpp"

namespace pyhwnas::moo {

inline constexpr std::size_t kLanes = 8;

// Where lanes rest in memory: alignment of vector types differs between instruction sets.
struct alignas(kLanes * sizeof(double)) Packet {
  std::array<double, kLanes> lanes;
};

template <std::size_t n>
struct RegisterOf;
template <>
struct RegisterOf<2> {
  using type = double __attribute__((vector_size(16)));
};
template <>
struct RegisterOf<4> {
  using type = double __attribute__((vector_size(32)));
};
template <>
struct RegisterOf<8> {
  using type = double __attribute__((vector_size(64)));
};

// Eight lanes in registers of n. Passed by reference only: how a vector is passed by value differs
// between instruction sets.
template <std::size_t n>
struct Lanes {
  using Register = typename RegisterOf<n>::type;
  static constexpr std::size_t kRegisters = kLanes / n;

  Register at[kRegisters];

  [[gnu::always_inline]] void fill(double value) {
    for (std::size_t i = 0; i < kRegisters; ++i) at[i] = Register{} + value;
  }
  [[gnu::always_inline]] void load(const Packet& packet) {
    for (std::size_t i = 0; i < kRegisters; ++i) {
      std::memcpy(&at[i], packet.lanes.data() + i * n, sizeof(Register));
    }
  }
  [[gnu::always_inline]] void store(Packet& packet) const {
    for (std::size_t i = 0; i < kRegisters; ++i) {
      std::memcpy(packet.lanes.data() + i * n, &at[i], sizeof(Register));
    }
  }
  [[gnu::always_inline]] bool any_less(const Lanes& other) const {
    auto less = at[0] < other.at[0];
    for (std::size_t i = 1; i < kRegisters; ++i) less |= at[i] < other.at[i];
    long long any = 0;
    for (std::size_t i = 0; i < n; ++i) any |= less[i];
    return any != 0;
  }
  [[gnu::always_inline]] bool any_at_most(const Lanes& other) const {
    auto found = at[0] <= other.at[0];
    for (std::size_t i = 1; i < kRegisters; ++i) found |= at[i] <= other.at[i];
    long long any = 0;
    for (std::size_t i = 0; i < n; ++i) any |= found[i];
    return any != 0;
  }
  [[gnu::always_inline]] void lower_to(const Lanes& other) {
    for (std::size_t i = 0; i < kRegisters; ++i) {
      at[i] = other.at[i] < at[i] ? other.at[i] : at[i];
    }
  }
};

// body(std::integral_constant<std::size_t, n>) with n lanes in each register, and the instructions
// of that width. As with simd::widest, all that the body calls must be inlined into it.
template <class Body>
void with_lanes(const Body& body) {
#if defined(__x86_64__)
  switch (simd::level()) {
    case simd::Level::avx512:
      return simd::with_avx512(
          [&]() __attribute__((always_inline)) { body(std::integral_constant<std::size_t, 8>{}); });
    case simd::Level::avx2:
      return simd::with_avx2(
          [&]() __attribute__((always_inline)) { body(std::integral_constant<std::size_t, 4>{}); });
    default:
      break;
  }
#endif
  body(std::integral_constant<std::size_t, 2>{});
}

}  // namespace pyhwnas::moo
