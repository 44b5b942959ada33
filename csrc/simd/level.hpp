// Which vector instructions a loop may use, decided when the program runs.
//
// The build targets a baseline that every machine has. Where a bench on real sizes shows at least
// 1.5 times, a loop gets wider versions of itself:
//
//   simd::widest([&]() __attribute__((always_inline)) { for (...) ... });
//
// The body is compiled once for each level, into a function with that level's instructions, and the
// widest one that the machine has runs. So everything the loop calls must be inlined into it; what
// is not stays at the baseline, slow but right. Nothing is compiled with wide instructions outside
// of these functions: an inline function of the standard library that leaks out of a translation
// unit compiled with -mavx512f can be the copy that the linker keeps for everyone.
//
// All levels give the same bits. Integers and comparisons do by nature, and so do floating-point
// loops without sums across iterations. A sum keeps a fixed number of lanes of its own, added up in
// a fixed order at the end, whatever the width of a register. Products are never fused with sums.
#pragma once

namespace pyhwnas::simd {

enum class Level { baseline, avx2, avx512 };

// The widest level that this machine has, or the one that the environment's PYHWNAS_SIMD names:
// baseline, avx2 or avx512. Looked up once. Throws std::invalid_argument where the variable names
// something else, or what the machine does not have.
Level level();

const char* name_of(Level level);

#if defined(__x86_64__)

template <class Body>
[[gnu::target("avx2,fma,bmi,bmi2,lzcnt"), gnu::noinline]] auto with_avx2(const Body& body) {
  return body();
}

// Without a word on it, compilers keep to half of the register's width.
template <class Body>
#if defined(__clang__)
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,bmi,bmi2,lzcnt"), clang::min_vector_width(512),
  gnu::noinline]]
#else
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,bmi,bmi2,lzcnt,prefer-vector-width=512"),
  gnu::noinline]]
#endif
auto with_avx512(const Body& body) {
  return body();
}

template <class Body>
auto widest(const Body& body) {
  switch (level()) {
    case Level::avx512:
      return with_avx512(body);
    case Level::avx2:
      return with_avx2(body);
    default:
      return body();
  }
}

#else

// Elsewhere the baseline is all there is: armv8 has its vectors in it.
template <class Body>
auto widest(const Body& body) {
  return body();
}

#endif

}  // namespace pyhwnas::simd
