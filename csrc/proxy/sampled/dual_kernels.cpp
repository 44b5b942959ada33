#include "proxy/sampled/dual_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "simd/level.hpp"

// Compiled with -ffp-contract=fast (CMakeLists.txt): a sum of products written in one expression is
// one instruction where the level has it.

namespace pyhwnas::proxy {
namespace {

template <class T, std::size_t n>
struct RegisterOf {
  using type __attribute__((vector_size(n * sizeof(T)))) = T;
};

template <class T, std::size_t n>
using Register = typename RegisterOf<T, n>::type;

#if defined(__x86_64__)
// The baseline has registers of two doubles, and no fused instructions.
constexpr std::size_t kBytesWithoutFma = 16;
#else
constexpr std::size_t kBytesWithoutFma = 0;
#endif

template <class V>
[[gnu::always_inline]] inline void load(V& to, const void* from) {
  std::memcpy(&to, from, sizeof(V));
}

template <class V>
[[gnu::always_inline]] inline void store(void* to, const V& from) {
  std::memcpy(to, &from, sizeof(V));
}

template <class T, std::size_t n>
[[gnu::always_inline]] inline void add_product(Register<T, n>& sum, const Register<T, n>& x,
                                               const Register<T, n>& w) {
  if constexpr (n * sizeof(T) == kBytesWithoutFma) {
    for (std::size_t i = 0; i < n; ++i) sum[i] = std::fma(x[i], w[i], sum[i]);
  } else {
    sum += x * w;
  }
}

// n_out channels of P registers with n lanes each.
template <class T, std::size_t n, std::size_t n_out, std::size_t P>
[[gnu::always_inline]] inline void convolve_tile(const Taps<T>& in, std::int64_t n_in,
                                                 const T* weights, std::int64_t lanes,
                                                 std::int64_t first, T* sums) {
  using V = Register<T, n>;
  V value[n_out][P];
  V tangent[n_out][P];
  for (std::size_t o = 0; o < n_out; ++o) {
    for (std::size_t p = 0; p < P; ++p) value[o][p] = tangent[o][p] = V{};
  }
  for (std::int64_t c = 0; c < n_in; ++c) {
    const T* const channel = in.origin + c * in.channel_stride + first;
    for (const std::int64_t offset : in.offsets) {
      const T* const at = channel + offset;
      V v[P];
      V d[P];
      for (std::size_t p = 0; p < P; ++p) {
        load(v[p], at + p * n);
        load(d[p], at + in.to_tangent + p * n);
      }
      for (std::size_t o = 0; o < n_out; ++o) {
        const V w = weights[o] - V{};
        for (std::size_t p = 0; p < P; ++p) {
          add_product<T, n>(value[o][p], v[p], w);
          add_product<T, n>(tangent[o][p], d[p], w);
        }
      }
      weights += n_out;
    }
  }
  for (std::size_t o = 0; o < n_out; ++o) {
    T* const to = sums + 2 * static_cast<std::int64_t>(o) * lanes + first;
    for (std::size_t p = 0; p < P; ++p) {
      store(to + p * n, value[o][p]);
      store(to + lanes + p * n, tangent[o][p]);
    }
  }
}

// P registers at a time, and what is left one or two at a time.
template <class T, std::size_t n, std::size_t n_out, std::size_t P>
[[gnu::always_inline]] inline void convolve_all(const Taps<T>& in, std::int64_t n_in,
                                                const T* weights, std::int64_t lanes, T* sums) {
  constexpr auto step = static_cast<std::int64_t>(n);
  std::int64_t first = 0;
  if constexpr (P == 3) {
    for (; lanes - first >= 3 * step && lanes - first != 4 * step; first += 3 * step) {
      convolve_tile<T, n, n_out, 3>(in, n_in, weights, lanes, first, sums);
    }
    for (; lanes - first >= 2 * step; first += 2 * step) {
      convolve_tile<T, n, n_out, 2>(in, n_in, weights, lanes, first, sums);
    }
  }
  for (; first < lanes; first += step) {
    convolve_tile<T, n, n_out, 1>(in, n_in, weights, lanes, first, sums);
  }
}

template <class T, std::size_t n, std::size_t P>
[[gnu::always_inline]] inline void multiply_tile(std::span<const T> values,
                                                 std::span<const T> tangents, const T* weights,
                                                 std::int64_t lanes, std::int64_t first, T* sums) {
  using V = Register<T, n>;
  V value[P];
  V tangent[P];
  for (std::size_t p = 0; p < P; ++p) value[p] = tangent[p] = V{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const T* const row = weights + static_cast<std::int64_t>(i) * lanes + first;
    const V v = values[i] - V{};
    const V d = tangents[i] - V{};
    for (std::size_t p = 0; p < P; ++p) {
      V w;
      load(w, row + p * n);
      add_product<T, n>(value[p], w, v);
      add_product<T, n>(tangent[p], w, d);
    }
  }
  for (std::size_t p = 0; p < P; ++p) {
    store(sums + first + p * n, value[p]);
    store(sums + lanes + first + p * n, tangent[p]);
  }
}

template <class T, std::size_t n>
[[gnu::always_inline]] inline void multiply_all(std::span<const T> values,
                                                std::span<const T> tangents, const T* weights,
                                                std::int64_t lanes, T* sums) {
  constexpr auto step = static_cast<std::int64_t>(n);
  std::int64_t first = 0;
  for (; lanes - first >= 4 * step; first += 4 * step) {
    multiply_tile<T, n, 4>(values, tangents, weights, lanes, first, sums);
  }
  for (; first < lanes; first += step) {
    multiply_tile<T, n, 1>(values, tangents, weights, lanes, first, sums);
  }
}

// body.template run<n>() with n lanes of T in a register; with half of the registers a level also
// halves the tile.
template <class T, class Body>
void with_registers(const Body& body) {
  constexpr std::size_t kLanes = 64 / sizeof(T);
#if defined(__x86_64__)
  switch (simd::level()) {
    case simd::Level::avx512:
      return simd::with_avx512(
          [&]() __attribute__((always_inline)) { body.template operator()<kLanes, 3>(); });
    case simd::Level::avx2:
      return simd::with_avx2(
          [&]() __attribute__((always_inline)) { body.template operator()<kLanes / 2, 1>(); });
    default:
      break;
  }
#endif
  body.template operator()<kLanes / 4, 1>();
}

template <class T>
void convolve(const Taps<T>& in, std::int64_t n_in, const T* weights, std::size_t n_out,
              std::int64_t lanes, T* sums) {
  with_registers<T>([&]<std::size_t n, std::size_t P>() __attribute__((always_inline)) {
    if (n_out == 1) {
      convolve_all<T, n, 1, 3>(in, n_in, weights, lanes, sums);
    } else {
      convolve_all<T, n, kChannelBlock, P>(in, n_in, weights, lanes, sums);
    }
  });
}

template <class T>
void multiply(std::span<const T> values, std::span<const T> tangents, const T* weights,
              std::int64_t lanes, T* sums) {
  with_registers<T>([&]<std::size_t n, std::size_t P>() __attribute__((always_inline)) {
    multiply_all<T, n>(values, tangents, weights, lanes, sums);
  });
}

}  // namespace

void convolve_lanes(const Taps<float>& in, std::int64_t n_in, const float* weights,
                    std::size_t n_out, std::int64_t lanes, float* sums) {
  convolve(in, n_in, weights, n_out, lanes, sums);
}

void convolve_lanes(const Taps<double>& in, std::int64_t n_in, const double* weights,
                    std::size_t n_out, std::int64_t lanes, double* sums) {
  convolve(in, n_in, weights, n_out, lanes, sums);
}

void multiply_matrix(std::span<const float> values, std::span<const float> tangents,
                     const float* weights, std::int64_t lanes, float* sums) {
  multiply(values, tangents, weights, lanes, sums);
}

void multiply_matrix(std::span<const double> values, std::span<const double> tangents,
                     const double* weights, std::int64_t lanes, double* sums) {
  multiply(values, tangents, weights, lanes, sums);
}

}  // namespace pyhwnas::proxy
