// What device code calls: barriers, shuffles, votes, atomics, arithmetic. Part of cuda_runtime.h.
#pragma once

// ---- Threads together ----------------------------------------------------------------------

inline void __syncthreads() {
  emulation::at_block_barrier(0);
}
inline int __syncthreads_count(int predicate) {
  return static_cast<int>(emulation::at_block_barrier(predicate != 0));
}
inline int __syncthreads_or(int predicate) {
  return __syncthreads_count(predicate) != 0;
}
inline int __syncthreads_and(int predicate) {
  return __syncthreads_count(predicate == 0) == 0;
}
inline void __syncwarp(unsigned mask = 0xffffffffU) {
  emulation::at_warp_barrier(mask, 0);
}
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __nanosleep(unsigned) {}

inline unsigned __ballot_sync(unsigned mask, int predicate) {
  const auto votes = emulation::at_warp_barrier(mask, predicate != 0);
  unsigned result = 0;
  for (unsigned k = 0; k < 32; ++k) {
    if (votes.lanes >> k & 1U && votes.values[k] != 0) result |= 1U << k;
  }
  return result;
}
inline int __any_sync(unsigned mask, int predicate) {
  return __ballot_sync(mask, predicate) != 0;
}
inline int __all_sync(unsigned mask, int predicate) {
  return __ballot_sync(mask, !predicate) == 0;
}

namespace emulation {

template <class T>
T shuffled(unsigned mask, T value, int source, int own) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  const Votes votes = at_warp_barrier(mask, bits);
  const int from = votes.lanes >> source & 1U ? source : own;
  T result;
  std::memcpy(&result, &votes.values[from], sizeof(T));
  return result;
}

template <class T, class Fold>
T reduced(unsigned mask, T value, const Fold& fold) {
  const Votes votes = at_warp_barrier(mask, static_cast<std::uint32_t>(value));
  bool first = true;
  T result{};
  for (unsigned k = 0; k < 32; ++k) {
    if ((votes.lanes >> k & 1U) == 0) continue;
    const T other = static_cast<T>(static_cast<std::uint32_t>(votes.values[k]));
    result = first ? other : fold(result, other);
    first = false;
  }
  return result;
}

}  // namespace emulation

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
  const int own = static_cast<int>(emulation::lane());
  return emulation::shuffled(mask, value, (own & ~(width - 1)) | (source & (width - 1)), own);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  const int own = static_cast<int>(emulation::lane());
  const int source = own - static_cast<int>(delta);
  return emulation::shuffled(mask, value, source < (own & ~(width - 1)) ? own : source, own);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  const int own = static_cast<int>(emulation::lane());
  const int source = own + static_cast<int>(delta);
  return emulation::shuffled(mask, value, source > (own | (width - 1)) ? own : source, own);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int other, int width = 32) {
  const int own = static_cast<int>(emulation::lane());
  const int source = own ^ other;
  return emulation::shuffled(mask, value, source > (own | (width - 1)) ? own : source, own);
}
template <class T>
T __reduce_max_sync(unsigned mask, T value) {
  return emulation::reduced(mask, value, [](T a, T b) { return a > b ? a : b; });
}
template <class T>
T __reduce_min_sync(unsigned mask, T value) {
  return emulation::reduced(mask, value, [](T a, T b) { return a < b ? a : b; });
}
template <class T>
T __reduce_add_sync(unsigned mask, T value) {
  return emulation::reduced(mask, value, [](T a, T b) { return static_cast<T>(a + b); });
}

// ---- Atomics: one thread runs at a time ----------------------------------------------------

template <class T>
T atomicAdd(T* at, std::type_identity_t<T> value) {
  const T old = *at;
  *at = static_cast<T>(old + value);
  return old;
}
template <class T>
T atomicMax(T* at, std::type_identity_t<T> value) {
  const T old = *at;
  *at = old > value ? old : value;
  return old;
}
template <class T>
T atomicMin(T* at, std::type_identity_t<T> value) {
  const T old = *at;
  *at = old < value ? old : value;
  return old;
}
template <class T>
T atomicOr(T* at, std::type_identity_t<T> value) {
  const T old = *at;
  *at = old | value;
  return old;
}
template <class T>
T atomicAnd(T* at, std::type_identity_t<T> value) {
  const T old = *at;
  *at = old & value;
  return old;
}
template <class T>
T atomicExch(T* at, std::type_identity_t<T> value) {
  const T old = *at;
  *at = value;
  return old;
}
template <class T>
T atomicCAS(T* at, std::type_identity_t<T> expected, std::type_identity_t<T> value) {
  const T old = *at;
  if (old == expected) *at = value;
  return old;
}

// ---- Arithmetic ----------------------------------------------------------------------------

template <class T>
T __ldg(const T* at) {
  return *at;
}
template <class T>
T __ldcg(const T* at) {
  return *at;
}
template <class T>
void __stcg(T* at, std::type_identity_t<T> value) {
  *at = value;
}
inline int __popc(unsigned x) {
  return std::popcount(x);
}
inline int __popcll(unsigned long long x) {
  return std::popcount(x);
}
inline int __clz(int x) {
  return std::countl_zero(static_cast<unsigned>(x));
}
inline int __clzll(long long x) {
  return std::countl_zero(static_cast<unsigned long long>(x));
}
inline int __ffs(int x) {
  return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1;
}
inline int __ffsll(long long x) {
  return x == 0 ? 0 : std::countr_zero(static_cast<unsigned long long>(x)) + 1;
}
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>(static_cast<std::uint64_t>(a) * b >> 32);
}
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<unsigned long long>(static_cast<Wide>(a) * b >> 64);
}
inline long long __double_as_longlong(double x) {
  return std::bit_cast<long long>(x);
}
inline double __longlong_as_double(long long x) {
  return std::bit_cast<double>(x);
}
inline int __float_as_int(float x) {
  return std::bit_cast<int>(x);
}
inline unsigned __float_as_uint(float x) {
  return std::bit_cast<unsigned>(x);
}
inline float __int_as_float(int x) {
  return std::bit_cast<float>(x);
}
inline float __uint_as_float(unsigned x) {
  return std::bit_cast<float>(x);
}
// Rounded one by one, never fused.
inline double __dadd_rn(double a, double b) {
  return a + b;
}
inline double __dsub_rn(double a, double b) {
  return a - b;
}
inline double __dmul_rn(double a, double b) {
  return a * b;
}
inline double __ddiv_rn(double a, double b) {
  return a / b;
}
inline double __dsqrt_rn(double a) {
  return std::sqrt(a);
}
inline double __fma_rn(double a, double b, double c) {
  return std::fma(a, b, c);
}
inline float __fadd_rn(float a, float b) {
  return a + b;
}
inline float __fmul_rn(float a, float b) {
  return a * b;
}
inline float __fmaf_rn(float a, float b, float c) {
  return std::fma(a, b, c);
}
