// Epsilon indicators: exact, as comparisons choose among differences, or quotients, of two values.
//
// A division takes the time of many products. So factors multiply by reciprocals, which is wrong by
// less than 2^-51 of the value, and divide only where a product says that the quotient may be the
// least one so far: for the n rows of F that a row of R meets in any order, some log n times. Where
// products could over- or underflow, all of them divide.
#include <utility>

#include "cuda/buffer.hpp"
#include "cuda/indicators.hpp"
#include "cuda/nearest.cuh"

namespace pyhwnas::cuda {
namespace {

constexpr unsigned kBlock = 256;

struct Difference {
  static constexpr double kStart = -kInfinity;
  static constexpr double kFill = kStart;
  static constexpr double kFillQuery = 0.0;

  __device__ static bool is_wanted() { return true; }
  __device__ static double value(double x) { return x; }
  __device__ static double query(double x) { return x; }
  __device__ static void add(double& sum, double x, double query) {
    sum = x - query > sum ? x - query : sum;
  }
  template <unsigned width>
  __device__ double nearer(double best, const double* x, const double (&query)[width],
                           const double* /*row*/, unsigned /*m*/) const {
    double largest = kStart;
#pragma unroll
    for (unsigned k = 0; k < width; ++k) add(largest, x[k], query[k]);
    return largest < best ? largest : best;
  }
};

// Queries are kept as reciprocals.
struct Ratio {
  static constexpr double kStart = 0.0;
  static constexpr double kFill = 0.0;
  static constexpr double kFillQuery = 1.0;
  static constexpr double kWithSlack = 1.0 + 0x1p-48;  // what products may be too large by

  const unsigned* is_wild;

  __device__ static bool is_wanted() { return true; }
  __device__ static double value(double x) { return x; }
  __device__ static double query(double x) { return 1.0 / x; }
  __device__ static void add(double& sum, double x, double query) {
    sum = x / query > sum ? x / query : sum;
  }
  template <unsigned width>
  __device__ double nearer(double best, const double* x, const double (&inverse)[width],
                           const double* row, unsigned m) const {
    double product = kStart;
#pragma unroll
    for (unsigned k = 0; k < width; ++k) {
      product = x[k] * inverse[k] > product ? x[k] * inverse[k] : product;
    }
    if (product > best * kWithSlack && *is_wild == 0) return best;
    double largest = kStart;
    for (unsigned k = 0; k < m; ++k) add(largest, x[k], row[k]);
    return largest < best ? largest : best;
  }
};

// Sets *is_wild where products of these values with reciprocals of such may overflow or vanish.
__global__ void wild_kernel(const double* values, std::size_t size, unsigned* is_wild) {
  for (std::size_t i = blockIdx.x * std::size_t{kBlock} + threadIdx.x; i < size;
       i += std::size_t{gridDim.x} * kBlock) {
    if (!(values[i] > 0x1p-400 && values[i] < 0x1p400)) *is_wild = 1;
  }
}

__global__ void result_kernel(const Ordered* largest, double* result) {
  *result = value_of(*largest);
}

template <class Measure>
cudaError_t worst(const Measure& measure, const TwoSets& sets, double* result,
                  cudaStream_t stream) {
  Buffer<Ordered> least, largest;
  PYHWNAS_CUDA_CHECK(least.allocate(sets.r, stream));
  PYHWNAS_CUDA_CHECK(largest.allocate(1, stream));
  PYHWNAS_CUDA_CHECK(nearest(measure, sets, least.data(), stream));
  PYHWNAS_CUDA_CHECK(find_largest(least.data(), sets.r, largest.data(), stream));
  return launch(result_kernel, 1, 1, 0, stream, largest.data(), result);
}

}  // namespace

cudaError_t epsilon_additive(const TwoSets& sets, double* result, cudaStream_t stream) {
  return worst(Difference{}, sets, result, stream);
}

cudaError_t epsilon_multiplicative(const TwoSets& sets, double* result, cudaStream_t stream) {
  Buffer<unsigned> is_wild;
  PYHWNAS_CUDA_CHECK(is_wild.allocate(1, stream));
  PYHWNAS_CUDA_CHECK(cudaMemsetAsync(is_wild.data(), 0, sizeof(unsigned), stream));
  for (const auto& [values, rows] : {std::pair{sets.F, sets.n}, std::pair{sets.R, sets.r}}) {
    const unsigned blocks = blocks_for(rows * sets.m, kBlock);
    PYHWNAS_CUDA_CHECK(launch(wild_kernel, blocks < kBlock ? blocks : kBlock, kBlock, 0, stream,
                              values, rows * sets.m, is_wild.data()));
  }
  return worst(Ratio{is_wild.data()}, sets, result, stream);
}

}  // namespace pyhwnas::cuda
