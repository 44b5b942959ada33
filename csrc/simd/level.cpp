#include "simd/level.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace pyhwnas::simd {
namespace {

Level widest_of_machine() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("bmi2")) {
    return Level::avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi2")) {
    return Level::avx2;
  }
#endif
  return Level::baseline;
}

Level chosen() {
  const Level machine = widest_of_machine();
  const char* wish = std::getenv("PYHWNAS_SIMD");
  if (wish == nullptr || *wish == '\0') return machine;
  for (const Level level : {Level::baseline, Level::avx2, Level::avx512}) {
    if (std::string_view(wish) != name_of(level)) continue;
    if (level <= machine) return level;
    throw std::invalid_argument(std::string("PYHWNAS_SIMD must be at most ") + name_of(machine) +
                                " on this machine, got " + wish);
  }
  throw std::invalid_argument(std::string("PYHWNAS_SIMD must be baseline, avx2 or avx512, got ") +
                              wish);
}

}  // namespace

Level level() {
  static const Level once = chosen();
  return once;
}

const char* name_of(Level level) {
  switch (level) {
    case Level::avx512:
      return "avx512";
    case Level::avx2:
      return "avx2";
    default:
      return "baseline";
  }
}

}  // namespace pyhwnas::simd
