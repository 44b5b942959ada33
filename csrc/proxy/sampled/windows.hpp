// What a sliding window sees of a tensor, laid out so that neighbouring results read neighbouring
// lanes under every tap.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "proxy/sampled/dual_kernels.hpp"
#include "proxy/sampled/dual_tensor.hpp"

namespace pyhwnas::proxy {

// A copy of all planes with the repetitions that the window needs, in a border of padding. The rows
// of a plane follow each other without a gap, so one run of lanes covers a whole map: result (y, x)
// is lane y * pitch + x, and lanes between the rows are of no use. The border on the right of a row
// is that on the left of the next. With a stride, a plane falls apart into its even and odd rows
// and columns (for a stride of 2), each of them such a run.
template <class T>
class Windows {
 public:
  Windows(const DualTensor<T>& in, const Window& window, BufferPool<T>& pool, T padding);
  // One tap that sees each position alone, without a copy.
  explicit Windows(const DualTensor<T>& in);

  // Whether this is what the window sees of a tensor in the same buffer.
  bool serves(std::int64_t channels, const Window& window, T padding) const {
    return channels <= channels_ && window_ == window && padding_ == padding;
  }
  const CollapsedAxis& rows() const { return rows_; }
  const CollapsedAxis& columns() const { return columns_; }
  std::int64_t pitch() const { return pitch_; }
  // From the first result to the last, rounded up to whole lines.
  std::int64_t lanes() const { return lanes_; }
  Taps<T> taps(std::int64_t channel) const {
    return {origin_ + channel * channel_stride_, channel_stride_, to_tangent_, offsets_};
  }

 private:
  void set_offsets(std::int64_t phase_plane);
  void fill_plane(const T* from, const CollapsedAxis& rows, const CollapsedAxis& columns, T padding,
                  T* to) const;
  void fill_phases(const T* from, const CollapsedAxis& rows, const CollapsedAxis& columns,
                   T padding, T* to) const;

  std::int64_t channels_;
  Window window_;
  T padding_ = 0;
  CollapsedAxis rows_;
  CollapsedAxis columns_;
  std::int64_t pitch_ = 0;
  std::int64_t lanes_ = 0;
  const T* origin_ = nullptr;
  std::int64_t channel_stride_ = 0;
  std::int64_t to_tangent_ = 0;
  std::vector<std::int64_t> offsets_;
  std::shared_ptr<Buffer<T>> buffer_;
};

}  // namespace pyhwnas::proxy
