// Tensors of pairs (value, tangent), channel by channel.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "networks/plan_program.hpp"
#include "proxy/collapsed_axis.hpp"
#include "proxy/line_vector.hpp"
#include "proxy/lines.hpp"

namespace pyhwnas::proxy {

template <class T>
class Windows;

// Memory whose contents nobody has set, with a line more than asked for: rows are read and written
// by whole lines, past their ends.
template <class T>
class Buffer {
 public:
  explicit Buffer(std::int64_t size)
      : size_(whole_lines<T>(size)),
        data_(static_cast<T*>(
            ::operator new(static_cast<std::size_t>(size_ + kLineLanes<T>) * sizeof(T),
                           std::align_val_t{kLineBytes}))) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { LineAllocator<T>().deallocate(data_, 0); }

  std::int64_t size() const { return size_; }
  T* data() const { return data_; }

  // What a window was last found to see of a tensor in this buffer.
  std::shared_ptr<const Windows<T>> windows;

 private:
  std::int64_t size_;
  T* data_;
};

// Hands out buffers, again when nobody refers to them any more: after the first networks of a
// population hardly anything is allocated. Belongs to one thread.
template <class T>
class BufferPool {
 public:
  std::shared_ptr<Buffer<T>> take(std::int64_t size) {
    std::shared_ptr<Buffer<T>>* best = nullptr;
    for (auto& buffer : buffers_) {
      const bool fits = buffer.use_count() == 1 && buffer->size() >= size;
      if (fits && (best == nullptr || buffer->size() < (*best)->size())) best = &buffer;
    }
    if (best != nullptr) {
      (*best)->windows.reset();
      return *best;
    }
    // A larger one takes the place of one that was too small.
    std::erase_if(buffers_, [](const auto& buffer) { return buffer.use_count() == 1; });
    buffers_.push_back(std::make_shared<Buffer<T>>(size));
    return buffers_.back();
  }

 private:
  std::vector<std::shared_ptr<Buffer<T>>> buffers_;
};

// Stored numbers are kept below 2^kMaxExponent, and the largest of a tensor above its inverse: sums
// over thousands of products and products of two tensors stay far from the limits of a float.
inline constexpr std::int64_t kMaxExponent = 24;

// The exponent of what is zero everywhere: less than any other, and sums of a few do not overflow.
inline constexpr std::int64_t kExponentOfZero = -(std::int64_t{1} << 56);

// Values are those stored times 2^value_exponent, tangents those stored times 2^tangent_exponent.
// Of each map the collapsed rows and columns are stored, row by row; what fills the last line of a
// plane is zero. Written once, then shared.
template <class T>
struct DualTensor {
  Shape shape;
  CollapsedAxis rows;
  CollapsedAxis columns;
  std::shared_ptr<Buffer<T>> buffer;
  std::int64_t value_exponent = 0;
  std::int64_t tangent_exponent = 0;

  void clear() { buffer.reset(); }

  std::int64_t area() const { return rows.stored * columns.stored; }
  std::int64_t plane() const { return whole_lines<T>(area()); }
  bool has_same_axes(const DualTensor& other) const {
    return rows == other.rows && columns == other.columns;
  }
  // The tangents of a channel follow its values.
  T* values(std::int64_t channel) const { return buffer->data() + 2 * channel * plane(); }
  T* tangents(std::int64_t channel) const { return values(channel) + plane(); }
};

}  // namespace pyhwnas::proxy
