// Inverted generational distances. Each distance has the CPU's bits, since its terms are added in
// the order of the columns; so has their mean, whose blocks of 256 are added up as there.
//
// Squares of huge or tiny distances leave the range of a double. Where they do, distances are
// measured again with values that are scaled by a power of two: as on the CPU the distances that
// were found decide. That is decided on the device; where once is enough, the second time is empty.
#include <cmath>

#include "cuda/buffer.hpp"
#include "cuda/indicators.hpp"
#include "cuda/nearest.cuh"

namespace pyhwnas::cuda {
namespace {

constexpr unsigned kBlock = 256;

struct Scaled {
  static constexpr double kStart = 0.0;
  static constexpr double kFill = 0.0;
  static constexpr double kFillQuery = 0.0;

  const int* exponent;
  bool is_again;

  __device__ bool is_wanted() const { return !is_again || *exponent != 0; }

  // A column whose values are all one, in both sets, may be too large to be scaled up; it does not
  // matter.
  __device__ double value(double x) const {
    if (*exponent == 0) return x;
    const double scaled = std::ldexp(x, -*exponent);
    return std::isfinite(scaled) ? scaled : 0.0;
  }
  __device__ double query(double x) const { return value(x); }
};

struct SquaredDistance : Scaled {
  __device__ static void add(double& sum, double x, double query) {
    const double gap = x - query;
    sum += gap * gap;
  }
};

struct SquaredExcess : Scaled {
  __device__ static void add(double& sum, double x, double query) {
    const double gap = x - query > 0.0 ? x - query : 0.0;
    sum += gap * gap;
  }
};

template <class Distance>
struct Measured : Distance {
  template <unsigned width>
  __device__ double nearer(double best, const double* x, const double (&query)[width],
                           const double* /*row*/, unsigned /*m*/) const {
    double sum = Distance::kStart;
#pragma unroll
    for (unsigned k = 0; k < width; ++k) Distance::add(sum, x[k], query[k]);
    return sum < best ? sum : best;
  }
};

// limits[2 k], limits[2 k + 1]: the least and the largest value of column k, one for each
// blockIdx.x.
__global__ void limits_kernel(const double* values, std::size_t rows, unsigned m, Ordered* limits) {
  const unsigned k = blockIdx.x;
  Ordered low = ~Ordered{0};
  Ordered high = 0;
  for (std::size_t i = blockIdx.y * std::size_t{kBlock} + threadIdx.x; i < rows;
       i += std::size_t{gridDim.y} * kBlock) {
    const Ordered key = ordered(values[i * m + k]);
    low = key < low ? key : low;
    high = key > high ? key : high;
  }
  for (int distance = 16; distance > 0; distance /= 2) {
    const Ordered other_low = __shfl_xor_sync(0xffffffffU, low, distance);
    const Ordered other_high = __shfl_xor_sync(0xffffffffU, high, distance);
    low = other_low < low ? other_low : low;
    high = other_high > high ? other_high : high;
  }
  if (threadIdx.x % 32 == 0 && high != 0) {
    atomicMin(limits + 2 * k, low);
    atomicMax(limits + 2 * k + 1, high);
  }
}

__global__ void first_limits_kernel(unsigned m, Ordered* limits) {
  for (unsigned k = threadIdx.x; k < m; k += blockDim.x) {
    limits[2 * k] = ~Ordered{0};
    limits[2 * k + 1] = 0;
  }
}

// The exponent by which values have to be scaled down, given the largest square that was found
// without: 0 where the squares of all distances that matter are representable.
__global__ void exponent_kernel(const Ordered* limits, unsigned m, const Ordered* largest,
                                int* exponent) {
  const double square = value_of(*largest);
  if (square == kInfinity || square > 0x1p-800) {
    *exponent = square == kInfinity ? 600 : 0;
    return;
  }
  double range = 0.0;
  for (unsigned k = 0; k < m; ++k) {
    const double half = value_of(limits[2 * k + 1]) / 2 - value_of(limits[2 * k]) / 2;
    range = half > range ? half : range;
  }
  *exponent = range > 0.0 && range < 0x1p-400 ? std::ilogb(range) : 0;
}

// Sums of 256 roots each, in the order of the rows.
__global__ void root_sums_kernel(const Ordered* first_squares, const Ordered* second_squares,
                                 const int* exponent, std::size_t r, double* sums) {
  const Ordered* const squares = *exponent == 0 ? first_squares : second_squares;
  __shared__ double roots[kBlock];
  const std::size_t first = blockIdx.x * std::size_t{kBlock};
  const std::size_t q = first + threadIdx.x;
  if (q < r) roots[threadIdx.x] = std::sqrt(value_of(squares[q]));
  __syncthreads();
  if (threadIdx.x > 0) return;
  double sum = 0.0;
  const unsigned count = r - first < kBlock ? static_cast<unsigned>(r - first) : kBlock;
  for (unsigned i = 0; i < count; ++i) sum += roots[i];
  sums[blockIdx.x] = sum;
}

__global__ void mean_kernel(const double* sums, unsigned n_sums, std::size_t r, const int* exponent,
                            double* result) {
  __shared__ double some[kBlock];
  double sum = 0.0;
  for (unsigned first = 0; first < n_sums; first += kBlock) {
    __syncthreads();
    if (first + threadIdx.x < n_sums) some[threadIdx.x] = sums[first + threadIdx.x];
    __syncthreads();
    const unsigned count = n_sums - first < kBlock ? n_sums - first : kBlock;
    for (unsigned i = 0; threadIdx.x == 0 && i < count; ++i) sum += some[i];
  }
  if (threadIdx.x == 0) *result = std::ldexp(sum / static_cast<double>(r), *exponent);
}

template <class Distance>
cudaError_t mean_distance(const TwoSets& sets, double* result, cudaStream_t stream) {
  const auto m = static_cast<unsigned>(sets.m);
  const unsigned n_sums = blocks_for(sets.r, kBlock);
  Buffer<Ordered> limits, largest, squares, again;
  Buffer<double> sums;
  Buffer<int> exponents;  // that of the first time, 0, and the one found
  PYHWNAS_CUDA_CHECK(limits.allocate(2 * sets.m, stream));
  PYHWNAS_CUDA_CHECK(largest.allocate(1, stream));
  PYHWNAS_CUDA_CHECK(squares.allocate(sets.r, stream));
  PYHWNAS_CUDA_CHECK(again.allocate(sets.r, stream));
  PYHWNAS_CUDA_CHECK(sums.allocate(n_sums, stream));
  PYHWNAS_CUDA_CHECK(exponents.allocate(2, stream));
  PYHWNAS_CUDA_CHECK(cudaMemsetAsync(exponents.data(), 0, 2 * sizeof(int), stream));
  const int* const exponent = exponents.data() + 1;
  const Measured<Distance> first{{{exponents.data(), false}}}, second{{{exponent, true}}};
  PYHWNAS_CUDA_CHECK(nearest(first, sets, squares.data(), stream));
  PYHWNAS_CUDA_CHECK(find_largest(squares.data(), sets.r, largest.data(), stream));
  PYHWNAS_CUDA_CHECK(launch(first_limits_kernel, 1, kBlock, 0, stream, m, limits.data()));
  const auto find_limits = [&](const double* values, std::size_t rows) {
    const unsigned blocks = blocks_for(rows, kBlock);
    return launch(limits_kernel, dim3(m, blocks < kBlock ? blocks : kBlock), kBlock, 0, stream,
                  values, rows, m, limits.data());
  };
  PYHWNAS_CUDA_CHECK(find_limits(sets.F, sets.n));
  PYHWNAS_CUDA_CHECK(find_limits(sets.R, sets.r));
  PYHWNAS_CUDA_CHECK(launch(exponent_kernel, 1, 1, 0, stream, limits.data(), m, largest.data(),
                            exponents.data() + 1));
  PYHWNAS_CUDA_CHECK(nearest(second, sets, again.data(), stream));
  PYHWNAS_CUDA_CHECK(launch(root_sums_kernel, n_sums, kBlock, 0, stream, squares.data(),
                            again.data(), exponent, sets.r, sums.data()));
  return launch(mean_kernel, 1, kBlock, 0, stream, sums.data(), n_sums, sets.r, exponent, result);
}

}  // namespace

cudaError_t igd(const TwoSets& sets, double* result, cudaStream_t stream) {
  return mean_distance<SquaredDistance>(sets, result, stream);
}

cudaError_t igd_plus(const TwoSets& sets, double* result, cudaStream_t stream) {
  return mean_distance<SquaredExcess>(sets, result, stream);
}

}  // namespace pyhwnas::cuda
