// Arrays of nonnegative numbers with an exponent beside them, so that no depth overflows.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace pyhwnas::cuda {

// What is zero everywhere: less than any other exponent, and sums of a few do not overflow. Others
// stay within 2^27: that is ten thousand layers, each of which multiplies by 2^10000.
inline constexpr long long kExponentOfZero = -(1LL << 28);

template <class Real>
struct Float;

template <>
struct Float<double> {
  static constexpr int kBias = 1022;
  static constexpr long long kMostExponent = 900;  // every activation is at its limit
  __device__ static int top(double x) { return static_cast<int>(__double_as_longlong(x) >> 52); }
  // 2^k, and 0 where that is below the normal range; k <= 1023.
  __device__ static double power(long long k) {
    return k < -1022 ? 0.0 : __longlong_as_double((k + 1023) << 52);
  }
};

template <>
struct Float<float> {
  static constexpr int kBias = 126;
  static constexpr long long kMostExponent = 90;
  __device__ static int top(float x) { return __float_as_int(x) >> 23; }
  __device__ static float power(long long k) {
    return k < -126 ? 0.0F : __int_as_float(static_cast<int>(k + 127) << 23);
  }
};

// Of a value and its tangent: true numbers are those stored times 2^exponent. A top is the biased
// exponent of the largest number that is stored, 0 where all are zero.
struct alignas(8) Header {
  int value_exponent;
  int tangent_exponent;
  int value_top;
  int tangent_top;
  int shape;
};

// How stored numbers are read: times 2^shift they are at most 1, and true times 2^exponent.
struct Reading {
  long long exponent;
  int shift;
};

template <class Real>
__device__ Reading reading(long long exponent, int top) {
  if (top == 0) return {kExponentOfZero, 0};
  return {exponent + top - Float<Real>::kBias, Float<Real>::kBias - top};
}

// The factor that takes stored numbers to multiples of 2^exponent, which is not less than theirs.
template <class Real>
__device__ Real factor_to(const Reading& of, long long exponent) {
  return Float<Real>::power(of.shift + of.exponent - exponent);
}

// Values and tangents of an array that an instruction reads.
template <class Real>
struct Source {
  const Real* values;
  const Real* tangents;
  Reading value;
  Reading tangent;
};

// What an instruction writes.
template <class Real>
struct Target {
  Real* values;
  Real* tangents;
  Header* header;
};

// The largest numbers that a thread has written.
template <class Real>
struct Largest {
  Real value = 0;
  Real tangent = 0;

  __device__ void note(Real v, Real t) {
    value = v > value ? v : value;
    tangent = t > tangent ? t : tangent;
  }
};

// Called by all threads after what they wrote; afterwards all of them may read it. The header's
// tops are zero before.
template <class Real>
__device__ void finish(const Target<Real>& target, const Largest<Real>& largest,
                       long long value_exponent, long long tangent_exponent) {
  const int value = __reduce_max_sync(0xffffffffU, Float<Real>::top(largest.value));
  const int tangent = __reduce_max_sync(0xffffffffU, Float<Real>::top(largest.tangent));
  if (threadIdx.x % 32 == 0) {
    atomicMax(&target.header->value_top, value);
    atomicMax(&target.header->tangent_top, tangent);
  }
  if (threadIdx.x == 0) {
    target.header->value_exponent = static_cast<int>(value_exponent);
    target.header->tangent_exponent = static_cast<int>(tangent_exponent);
  }
  __syncthreads();
}

__device__ inline long long larger(long long a, long long b) {
  return a > b ? a : b;
}

}  // namespace pyhwnas::cuda
