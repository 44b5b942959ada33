// Memory of the device that comes and goes in the order of a stream.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "cuda/memory_pool.hpp"

namespace pyhwnas::cuda {

// Empty until allocate() succeeds; given back to the stream when it goes out of scope, also when a
// later step fails. Nobody waits: what was queued before still finds the memory.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(other.size_), stream_(other.stream_) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(stream_, other.stream_);
    return *this;
  }
  ~Buffer() {
    if (data_ != nullptr) cudaFreeAsync(data_, stream_);
  }

  // To be called once, with the stream's device as the current one. No entries are no memory, and a
  // null pointer.
  cudaError_t allocate(std::size_t size, cudaStream_t stream) {
    size_ = size;
    stream_ = stream;
    if (size == 0) return cudaSuccess;
    void* memory = nullptr;
    cudaMemPool_t pool{};
    cudaError_t status = memory_pool(&pool);
    if (status != cudaSuccess) return status;
    status = cudaMallocFromPoolAsync(&memory, size * sizeof(T), pool, stream);
    data_ = static_cast<T*>(memory);
    return status;
  }

  // The same memory without a type.
  Buffer<std::byte> bytes() && {
    Buffer<std::byte> result;
    result.data_ = reinterpret_cast<std::byte*>(std::exchange(data_, nullptr));
    result.size_ = size_ * sizeof(T);
    result.stream_ = stream_;
    return result;
  }

  T* data() const { return data_; }
  std::size_t size() const { return size_; }
  cudaStream_t stream() const { return stream_; }

 private:
  template <class Other>
  friend class Buffer;

  T* data_ = nullptr;
  std::size_t size_ = 0;
  cudaStream_t stream_ = nullptr;
};

}  // namespace pyhwnas::cuda
