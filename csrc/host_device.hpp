// What CPU and GPU share is compiled for both.
#pragma once

#if defined(__CUDACC__)
#define PYHWNAS_HOST_DEVICE __host__ __device__
#else
#define PYHWNAS_HOST_DEVICE
#endif
