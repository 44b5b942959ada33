// Arrays of other libraries by DLPack (https://dmlc.github.io/dlpack/latest/): the structures of
// its ABI as of version 1.0, a view of somebody's array, and arrays of ours that others take over.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bind/stream.hpp"
#include "cuda/buffer.hpp"

namespace pyhwnas::bind {

struct DLDevice {
  std::int32_t type;
  std::int32_t id;
};
inline constexpr std::int32_t kDLCuda = 2;
inline constexpr std::int32_t kDLCudaManaged = 13;

enum class DLCode : std::uint8_t {
  kInt = 0,
  kUnsigned = 1,
  kFloat = 2,
  kBfloat = 4,
  kComplex = 5,
  kBool = 6
};

struct DLDataType {
  DLCode code;
  std::uint8_t bits;
  std::uint16_t lanes;

  bool operator==(const DLDataType&) const = default;
};

struct DLTensor {
  void* data;
  DLDevice device;
  std::int32_t ndim;
  DLDataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;  // in entries; null: C-contiguous
  std::uint64_t byte_offset;
};

struct DLManagedTensor {
  DLTensor tensor;
  void* owner;
  void (*deleter)(DLManagedTensor*);
};

struct DLManagedTensorVersioned {
  std::uint32_t major;
  std::uint32_t minor;
  void* owner;
  void (*deleter)(DLManagedTensorVersioned*);
  std::uint64_t flags;  // bit 0: read-only
  DLTensor tensor;
};

using Shape = std::vector<std::int64_t>;

template <class T>
constexpr DLDataType dtype_of() {
  constexpr DLCode code = std::is_same_v<T, bool>       ? DLCode::kBool
                          : std::is_floating_point_v<T> ? DLCode::kFloat
                          : std::is_signed_v<T>         ? DLCode::kInt
                                                        : DLCode::kUnsigned;
  return {code, 8 * sizeof(T), 1};
}
std::string name_of(DLDataType dtype);  // "float64"
std::string text_of(const Shape& shape);

// Somebody's array on the GPU, while a call works on it. It is only read.
class ArrayView {
 public:
  // Whatever its library has queued for it is done before what `stream` gets from now on. The
  // stream's device must be the current one.
  ArrayView(const py::object& array, const char* name, const Stream& stream);

  const void* data() const { return data_; }
  const Shape& shape() const { return shape_; }
  const Shape& strides() const { return strides_; }  // in entries
  DLDataType dtype() const { return dtype_; }
  std::size_t size() const;
  bool is_contiguous() const;

 private:
  py::object capsule_;  // keeps the memory alive
  const void* data_ = nullptr;
  Shape shape_;
  Shape strides_;
  DLDataType dtype_{};
};

// An array that a kernel makes: complete when its stream gets there. Libraries take it over by
// from_dlpack; when they let go of it, the memory goes back to the stream.
class Result {
 public:
  // To be made when the kernel is queued. On a stream that no library owns it waits for the kernel:
  // what a library knows of no stream of its own it may write over as soon as the call has ended.
  template <class T>
  Result(cuda::Buffer<T>&& memory, Shape shape, const Stream& stream)
      : shape_(std::move(shape)),
        dtype_(dtype_of<T>()),
        owned_(own(std::move(memory).bytes(), stream)) {}

  // A mask is written as bytes that are 0 or 1.
  static Result mask(cuda::Buffer<std::uint8_t>&& memory, Shape shape, const Stream& stream) {
    Result result(std::move(memory), std::move(shape), stream);
    result.dtype_ = dtype_of<bool>();
    return result;
  }

  // The upper halves of floats.
  static Result bfloat16(cuda::Buffer<std::uint16_t>&& memory, Shape shape, const Stream& stream) {
    Result result(std::move(memory), std::move(shape), stream);
    result.dtype_ = {DLCode::kBfloat, 16, 1};
    return result;
  }

  std::pair<int, int> dlpack_device() const;
  // What `stream` gets from now on comes after the kernel; None stands for the default stream, -1
  // says that the caller takes care. max_version: the newest version that the caller reads.
  py::capsule dlpack(const py::object& stream, const py::object& max_version) const;

 private:
  struct Owned {
    Stream stream;  // outlives the memory, which goes back to it
    cuda::Buffer<std::byte> memory;
  };
  template <class Managed>
  struct Export;

  static std::shared_ptr<Owned> own(cuda::Buffer<std::byte>&& memory, const Stream& stream);
  template <class Managed>
  py::capsule export_as(const char* name) const;

  Shape shape_;
  DLDataType dtype_;
  std::shared_ptr<Owned> owned_;
};

}  // namespace pyhwnas::bind
