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
inline void __threadfence() {
#ifndef __SANITIZE_THREAD__
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}
inline void __nanosleep(unsigned) {
  std::this_thread::yield();
}

inline unsigned __ballot_sync(unsigned mask, int predicate) {
  const auto votes = emulation::at_warp_barrier(mask, predicate != 0);
  unsigned result = 0;
  for (unsigned k = 0; k < 32; ++k) {
    if (votes.lanes >> k & 1U && votes.values[k] != 0) result |= 1U << k;
  }
  return result;
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

// ---- Atomics -------------------------------------------------------------------------------

namespace emulation {

// What lies there becomes what `make` makes of it; returns what lay there.
template <class T, class Make>
T changed(T* at, const Make& make) {
  const std::atomic_ref<T> there(*at);
  T old = there.load(std::memory_order_relaxed);
  while (!there.compare_exchange_weak(old, make(old), std::memory_order_relaxed)) {
  }
  return old;
}

}  // namespace emulation

template <class T>
T atomicAdd(T* at, std::type_identity_t<T> value) {
  return emulation::changed(at, [value](T old) { return static_cast<T>(old + value); });
}
template <class T>
T atomicMax(T* at, std::type_identity_t<T> value) {
  return emulation::changed(at, [value](T old) { return max(old, value); });
}
template <class T>
T atomicMin(T* at, std::type_identity_t<T> value) {
  return emulation::changed(at, [value](T old) { return min(old, value); });
}
template <class T>
T atomicExch(T* at, std::type_identity_t<T> value) {
  return emulation::changed(at, [value](T) { return value; });
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
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>(static_cast<std::uint64_t>(a) * b >> 32);
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
inline float __fmul_rn(float a, float b) {
  return a * b;
}
