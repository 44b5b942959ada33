// Numbers as callers have them, of any type and layout, as the doubles that kernels read.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace pyhwnas::cuda {

enum class NumberType {
  kFloat64,
  kFloat32,
  kInt64,
  kInt32,
  kInt16,
  kInt8,
  kUint64,
  kUint32,
  kUint16,
  kUint8,
};

// What numbers must be; integers never beyond +-2^53, which a double may not hold.
enum class Rule { kNotNan, kFinite, kPositive };  // positive ones are finite

// Entry (i, j, k) lies at i strides[0] + j strides[1] + k strides[2] entries from data.
struct Numbers {
  const void* data;
  NumberType type;
  std::int64_t shape[3];
  std::int64_t strides[3];
  Rule rule = Rule::kNotNan;

  std::size_t size() const { return static_cast<std::size_t>(shape[0] * shape[1] * shape[2]); }
};

inline constexpr unsigned long long kNoneIsBad = ~0ULL;

// doubles[at] = the number at the C-ordered index `at`, exactly. *first_bad: the smallest index of
// a number against the rule; kNoneIsBad if there is none. doubles may be null: then the numbers are
// only looked at. One pass over memory.
cudaError_t to_doubles(const Numbers& numbers, double* doubles, unsigned long long* first_bad,
                       cudaStream_t stream);

}  // namespace pyhwnas::cuda
