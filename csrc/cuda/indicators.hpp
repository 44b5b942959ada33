// How far a set F of n rows is from a reference set R of r rows, both of m finite doubles; n, r and
// m are at least 1 and rows fewer than 2^31. One double at `result`, the bits that
// pyhwnas/moo/indicators.hpp gives. All pairs are compared: O(n r m) operations, O(r) memory. All
// work is queued on the stream; nothing waits.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

namespace pyhwnas::cuda {

struct TwoSets {
  const double* F;
  std::size_t n;
  const double* R;
  std::size_t r;
  std::size_t m;
};

cudaError_t igd(const TwoSets& sets, double* result, cudaStream_t stream);
cudaError_t igd_plus(const TwoSets& sets, double* result, cudaStream_t stream);
cudaError_t epsilon_additive(const TwoSets& sets, double* result, cudaStream_t stream);
// All values must be positive.
cudaError_t epsilon_multiplicative(const TwoSets& sets, double* result, cudaStream_t stream);

}  // namespace pyhwnas::cuda
