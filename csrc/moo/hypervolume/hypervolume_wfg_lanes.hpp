// Groups of eight 64-bit lanes, whatever the width of a register: the same operations, and so the
// same bits, on every machine. Everything here is to be inlined into a function that may use the
// registers (csrc/simd/level.hpp).
//
// For the recursions over limited sets, which keep doubles, 64-bit words and their bytes side by
// side and take registers by value. lanes.hpp is for sweeps over packets of doubles alone.
#pragma once

#include <cstdint>
#include <cstring>

#include "simd/level.hpp"

// Nothing of this is ever called, so how wide registers are handed over does not matter.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace pyhwnas::moo {

// A register of `width` bytes. One by one: compilers lose a vector's size that is a template's.
template <int width>
struct RegisterTypes;

template <>
struct RegisterTypes<16> {
  using Doubles = double __attribute__((vector_size(16)));
  using Words = std::uint64_t __attribute__((vector_size(16)));
  using Bytes = std::uint8_t __attribute__((vector_size(16)));
};

template <>
struct RegisterTypes<32> {
  using Doubles = double __attribute__((vector_size(32)));
  using Words = std::uint64_t __attribute__((vector_size(32)));
  using Bytes = std::uint8_t __attribute__((vector_size(32)));
};

template <>
struct RegisterTypes<64> {
  using Doubles = double __attribute__((vector_size(64)));
  using Words = std::uint64_t __attribute__((vector_size(64)));
  using Bytes = std::uint8_t __attribute__((vector_size(64)));
};

// Eight lanes in registers of `width` bytes.
template <int width>
struct EightLanes {
  using Doubles = typename RegisterTypes<width>::Doubles;
  using Words = typename RegisterTypes<width>::Words;
  using Bytes = typename RegisterTypes<width>::Bytes;
  static constexpr int parts = 64 / width;

  struct EightDoubles {
    Doubles part[parts];
  };

  struct EightWords {
    Words part[parts];
  };

  // A register at a time: eight lanes at once would be copied in pieces of the baseline's width,
  // and wait for these before a wider register can be read back.
  template <class Value>
  [[gnu::always_inline]] static void load(Value& value, const void* from) {
    for (int p = 0; p < parts; ++p) {
      std::memcpy(&value.part[p], static_cast<const char*>(from) + p * width, width);
    }
  }

  template <class Value>
  [[gnu::always_inline]] static void store(void* to, const Value& value) {
    for (int p = 0; p < parts; ++p) {
      std::memcpy(static_cast<char*>(to) + p * width, &value.part[p], width);
    }
  }

  [[gnu::always_inline]] static Doubles lesser(Doubles a, Doubles b) { return a < b ? a : b; }
  [[gnu::always_inline]] static Doubles larger(Doubles a, Doubles b) { return a > b ? a : b; }

  [[gnu::always_inline]] static Words lesser_bytes(Words a, Words b) {
    const Bytes x = reinterpret_cast<Bytes>(a);
    const Bytes y = reinterpret_cast<Bytes>(b);
    return reinterpret_cast<Words>(x < y ? x : y);
  }
  [[gnu::always_inline]] static Words larger_bytes(Words a, Words b) {
    const Bytes x = reinterpret_cast<Bytes>(a);
    const Bytes y = reinterpret_cast<Bytes>(b);
    return reinterpret_cast<Words>(x > y ? x : y);
  }

  [[gnu::always_inline]] static Doubles all(double value) { return spread<Doubles>(value); }
  [[gnu::always_inline]] static Words all(std::uint64_t value) { return spread<Words>(value); }

 private:
  // By way of memory: what GCC 12 turns into one broadcast, in whatever order it inlines.
  template <class Vector, class Value>
  [[gnu::always_inline]] static Vector spread(Value value) {
    Value copies[width / 8];
    for (Value& copy : copies) copy = value;
    Vector result;
    std::memcpy(&result, copies, width);
    return result;
  }
};

// Calls body<width>() at the widest level that the machine has, as simd::widest does.
template <class Body>
auto at_width(const Body& body) {
  switch (simd::level()) {
#if defined(__x86_64__)
    case simd::Level::avx512:
      return simd::with_avx512(
          [&]() __attribute__((always_inline)) { return body.template operator()<64>(); });
    case simd::Level::avx2:
      return simd::with_avx2(
          [&]() __attribute__((always_inline)) { return body.template operator()<32>(); });
#endif
    default:
      return body.template operator()<16>();
  }
}

}  // namespace pyhwnas::moo
