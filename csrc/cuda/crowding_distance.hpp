// Crowding distance on the GPU: the bits that pyhwnas/moo/crowding_distance.hpp promises. F has n
// rows of m doubles without NaN; n < 2^31. All work is queued on the stream; nothing waits.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace pyhwnas::cuda {

// ranks may be null: all rows are one front. 52 bytes of scratch memory a row, and what sorting
// takes.
cudaError_t crowding_distance(const double* F, const std::int32_t* ranks, std::size_t n,
                              std::size_t m, double* distances, cudaStream_t stream);

}  // namespace pyhwnas::cuda
