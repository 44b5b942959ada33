// Where and when a call on the GPU works: the device of its arrays, and the caller's stream there.
#pragma once

#include <cuda_runtime.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace pyhwnas::bind {

namespace py = pybind11;

// Becomes pyhwnas.CudaError.
struct CudaFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void check(cudaError_t status) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // so that the next call does not find it
  const std::string code = " (CUDA error " + std::to_string(static_cast<int>(status)) + ")";
  if (status == cudaErrorMemoryAllocation) {
    throw CudaFailure(
        "the GPU has no room for what this call needs besides its arrays; let go of some, or of "
        "memory that their library keeps in reserve, as torch.cuda.empty_cache() does: " +
        std::string(cudaGetErrorString(status)) + code);
  }
  throw CudaFailure("CUDA reports: " + std::string(cudaGetErrorString(status)) + code);
}

inline constexpr std::intptr_t kLastDefaultStream = 2;  // 1 legacy, 2 of each thread

struct Stream {
  cudaStream_t handle;  // never 0: the legacy default stream is 1
  int device;
  py::object owner;  // keeps the stream alive, whoever made it; None: no library works on it

  std::intptr_t number() const { return reinterpret_cast<std::intptr_t>(handle); }
};

// Makes a device the current one, and the one before it again at the end.
class OnDevice {
 public:
  explicit OnDevice(int device) {
    check(cudaGetDevice(&before_));
    if (device != before_) check(cudaSetDevice(device));
  }
  explicit OnDevice(const Stream& stream) : OnDevice(stream.device) {
    if (stream.number() <= kLastDefaultStream) return;  // those are of the current device
    int device = 0;
    check(cudaStreamGetDevice(stream.handle, &device));
    if (device == stream.device) return;
    throw py::value_error("the current stream must belong to GPU " + std::to_string(stream.device) +
                          ", where the arrays lie, and it belongs to GPU " +
                          std::to_string(device));
  }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;
  ~OnDevice() { cudaSetDevice(before_); }

 private:
  int before_ = 0;
};

}  // namespace pyhwnas::bind

namespace pybind11::detail {

// From pyhwnas._gpu.Stream, a tuple of the handle, the device and the owner.
template <>
struct type_caster<pyhwnas::bind::Stream> {
  PYBIND11_TYPE_CASTER(pyhwnas::bind::Stream, const_name("tuple[int, int, object]"));

  bool load(handle source, bool /*convert*/) {
    if (!isinstance<tuple>(source) || len(source) != 3) return false;
    const auto parts = reinterpret_borrow<tuple>(source);
    const auto number = parts[0].cast<std::intptr_t>();
    if (number == 0) throw value_error("stream 0 is ambiguous: the legacy default stream is 1");
    value = {reinterpret_cast<cudaStream_t>(number), parts[1].cast<int>(),
             reinterpret_borrow<object>(parts[2])};
    return true;
  }
};

}  // namespace pybind11::detail
