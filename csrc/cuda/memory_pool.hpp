// Where memory of the device comes from.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace pyhwnas::cuda {

// A pool of ours on the current device, made at the first call. CUDA's default pool gives all that
// is free back to the system whenever somebody waits for the GPU, and asking for it again takes
// longer than small kernels; ours keeps up to half a gibibyte.
cudaError_t memory_pool(cudaMemPool_t* pool);

// Bytes that are allocated from it now.
cudaError_t memory_in_use(std::uint64_t* bytes);

}  // namespace pyhwnas::cuda
