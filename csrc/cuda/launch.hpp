// How kernels are launched. Everything is asynchronous on the caller's stream; what goes wrong at
// launch is returned, never thrown.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <utility>

// Returns from the function around it with the first error.
#define PYHWNAS_CUDA_CHECK(call)                \
  do {                                          \
    const cudaError_t status_ = (call);         \
    if (status_ != cudaSuccess) return status_; \
  } while (false)

namespace pyhwnas::cuda {

// Template arguments of the kernel are given by the caller: launch(kernel<3>, ...). An empty grid
// is nothing to do.
template <class... Parameters, class... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes,
                   cudaStream_t stream, Arguments&&... arguments) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return cudaSuccess;
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  PYHWNAS_CUDA_CHECK(cudaLaunchKernelEx(
      &config, kernel, static_cast<Parameters>(std::forward<Arguments>(arguments))...));
  return cudaGetLastError();
}

// Lets a kernel have as much dynamic shared memory as the device has for a block: *most bytes. The
// limit is one for all threads of the process, so it is always the same.
template <class... Parameters>
cudaError_t allow_shared(void (*kernel)(Parameters...), std::size_t* most) {
  int device = 0;
  int of_block = 0;
  cudaFuncAttributes attributes{};
  PYHWNAS_CUDA_CHECK(cudaGetDevice(&device));
  PYHWNAS_CUDA_CHECK(
      cudaDeviceGetAttribute(&of_block, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
  PYHWNAS_CUDA_CHECK(cudaFuncGetAttributes(&attributes, kernel));
  *most = static_cast<std::size_t>(of_block) - attributes.sharedSizeBytes;
  return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                              static_cast<int>(*most));
}

// Blocks of `size` that cover `n` things.
constexpr unsigned blocks_for(std::size_t n, unsigned size) {
  return static_cast<unsigned>((n + size - 1) / size);
}

}  // namespace pyhwnas::cuda
