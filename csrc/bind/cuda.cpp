// Table of contents of the extension for NVIDIA GPUs. It imports everywhere, with a driver or
// without one. Arrays come and go by DLPack; every function takes the caller's stream last.
#include <cuda_runtime.h>
#include <pybind11/pybind11.h>

#include "bind/cuda_modules.hpp"
#include "bind/dlpack.hpp"
#include "cuda/memory_pool.hpp"

namespace pyhwnas::bind {
namespace {

int device_count() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
  cudaGetLastError();
  return 0;
}

std::string status() {
  int count = 0;
  const cudaError_t found = cudaGetDeviceCount(&count);
  if (found != cudaSuccess) {
    cudaGetLastError();
    return "no device: " + std::string(cudaGetErrorString(found));
  }
  if (count == 0) return "no device";
  std::string names;
  for (int device = 0; device < count; ++device) {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, device));
    names += (device > 0 ? ", " : "") + std::string(properties.name);
  }
  return names;
}

std::uint64_t memory_in_use() {
  std::uint64_t bytes = 0;
  check(cuda::memory_in_use(&bytes));
  return bytes;
}

void raise_cuda_error(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const CudaFailure& failure) {
    py::set_error(py::module_::import("pyhwnas.errors").attr("CudaError"), failure.what());
  }
}

}  // namespace
}  // namespace pyhwnas::bind

PYBIND11_MODULE(_cuda, m, pybind11::mod_gil_not_used()) {
  using namespace pyhwnas::bind;
  using py::arg;
  m.doc() = "CUDA kernels of pyhwnas.";
  py::register_local_exception_translator(&raise_cuda_error);
  m.def("device_count", &device_count, "How many CUDA devices there are; 0 without a driver.");
  m.def("status", &status, "The devices by name, or why there is none.");
  m.def("memory_in_use", &memory_in_use,
        "Bytes of the current device that results hold, and kernels that are still queued.");
  py::class_<Result>(m, "Result", "An array on a GPU, for from_dlpack of any library.",
                     py::module_local())
      .def("__dlpack_device__", &Result::dlpack_device)
      .def(
          "__dlpack__",
          [](const Result& self, const py::object& stream, const py::object& max_version,
             const py::object& dl_device, const py::object& copy) {
            if (!dl_device.is_none() && !dl_device.equal(py::cast(self.dlpack_device()))) {
              throw py::buffer_error("an array on a GPU is handed over where it lies");
            }
            if (!copy.is_none() && copy.cast<bool>()) {
              throw py::buffer_error("an array on a GPU is handed over without a copy");
            }
            return self.dlpack(stream, max_version);
          },
          py::kw_only(), arg("stream") = py::none(), arg("max_version") = py::none(),
          arg("dl_device") = py::none(), arg("copy") = py::none());
  bind_cuda_crowding(m);
  bind_cuda_dominance(m);
  bind_cuda_hypervolume(m);
  bind_cuda_indicators(m);
  bind_cuda_proxy(m);
  bind_cuda_signs(m);
}
