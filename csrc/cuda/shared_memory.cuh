// The part of shared memory whose size is chosen at launch.
#pragma once

#include <cuda_runtime.h>

namespace pyhwnas::cuda {

// 16-byte aligned; the same bytes whatever T is.
template <class T>
__device__ __forceinline__ T* dynamic_shared() {
#ifdef __CUDACC__
  extern __shared__ __align__(16) unsigned char pyhwnas_dynamic_shared[];
#else
  unsigned char* const pyhwnas_dynamic_shared = emulation::dynamic_shared_memory();
#endif
  return reinterpret_cast<T*>(pyhwnas_dynamic_shared);
}

}  // namespace pyhwnas::cuda
