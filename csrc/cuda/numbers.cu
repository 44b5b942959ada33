#include "cuda/numbers.hpp"

#include <cmath>
#include <type_traits>

#include "cuda/launch.hpp"

namespace pyhwnas::cuda {
namespace {

constexpr unsigned kThreads = 256;
constexpr unsigned kEntriesPerThread = 4;

template <class T>
__device__ bool is_bad(T value, Rule rule) {
  if (rule == Rule::kPositive && !(value > T{0})) return true;
  if constexpr (std::is_floating_point_v<T>) {
    return value != value || (rule != Rule::kNotNan && std::isinf(value));
  } else if constexpr (sizeof(T) < 8) {
    return false;
  } else if constexpr (std::is_signed_v<T>) {
    return value > (T{1} << 53) || value < -(T{1} << 53);
  } else {
    return value > (T{1} << 53);
  }
}

// Each thread takes entries that are a block apart, so that neighbours read neighbours.
template <class T>
__global__ void to_doubles_kernel(Numbers numbers, unsigned long long size, double* doubles,
                                  unsigned long long* first_bad) {
  const T* const data = static_cast<const T*>(numbers.data);
  const auto first =
      static_cast<unsigned long long>(blockIdx.x) * (kThreads * kEntriesPerThread) + threadIdx.x;
  unsigned long long bad = kNoneIsBad;
  for (unsigned e = 0; e < kEntriesPerThread; ++e) {
    const unsigned long long at = first + e * kThreads;
    if (at >= size) break;
    const auto row = static_cast<std::int64_t>(at) / numbers.shape[2];
    const std::int64_t k = static_cast<std::int64_t>(at) - row * numbers.shape[2];
    const std::int64_t i = row / numbers.shape[1];
    const std::int64_t j = row - i * numbers.shape[1];
    const T value = data[i * numbers.strides[0] + j * numbers.strides[1] + k * numbers.strides[2]];
    if (doubles != nullptr) doubles[at] = static_cast<double>(value);
    if (is_bad(value, numbers.rule) && at < bad) bad = at;
  }
  if (bad != kNoneIsBad) atomicMin(first_bad, bad);
}

template <class T>
cudaError_t run(const Numbers& numbers, double* doubles, unsigned long long* first_bad,
                cudaStream_t stream) {
  return launch(to_doubles_kernel<T>, blocks_for(numbers.size(), kThreads * kEntriesPerThread),
                kThreads, 0, stream, numbers, numbers.size(), doubles, first_bad);
}

}  // namespace

cudaError_t to_doubles(const Numbers& numbers, double* doubles, unsigned long long* first_bad,
                       cudaStream_t stream) {
  PYHWNAS_CUDA_CHECK(cudaMemsetAsync(first_bad, 0xff, sizeof *first_bad, stream));
  switch (numbers.type) {
    case NumberType::kFloat64:
      return run<double>(numbers, doubles, first_bad, stream);
    case NumberType::kFloat32:
      return run<float>(numbers, doubles, first_bad, stream);
    case NumberType::kInt64:
      return run<std::int64_t>(numbers, doubles, first_bad, stream);
    case NumberType::kInt32:
      return run<std::int32_t>(numbers, doubles, first_bad, stream);
    case NumberType::kInt16:
      return run<std::int16_t>(numbers, doubles, first_bad, stream);
    case NumberType::kInt8:
      return run<std::int8_t>(numbers, doubles, first_bad, stream);
    case NumberType::kUint64:
      return run<std::uint64_t>(numbers, doubles, first_bad, stream);
    case NumberType::kUint32:
      return run<std::uint32_t>(numbers, doubles, first_bad, stream);
    case NumberType::kUint16:
      return run<std::uint16_t>(numbers, doubles, first_bad, stream);
    case NumberType::kUint8:
      return run<std::uint8_t>(numbers, doubles, first_bad, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace pyhwnas::cuda
