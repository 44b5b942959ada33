#include "proxy/sampled/windows.hpp"

#include <algorithm>

#include "simd/level.hpp"

namespace pyhwnas::proxy {

template <class T>
Windows<T>::Windows(const DualTensor<T>& in)
    : channels_(in.shape.channels),
      rows_(in.rows),
      columns_(in.columns),
      pitch_(in.columns.stored),
      lanes_(in.plane()),
      origin_(in.values(0)),
      channel_stride_(2 * in.plane()),
      to_tangent_(in.plane()),
      offsets_{0} {}

template <class T>
Windows<T>::Windows(const DualTensor<T>& in, const Window& window, BufferPool<T>& pool, T padding)
    : channels_(in.shape.channels), window_(window), padding_(padding) {
  const CollapsedSweep down = sweep(in.rows, window);
  const CollapsedSweep across = sweep(in.columns, window);
  rows_ = down.out;
  columns_ = across.out;
  const std::int64_t s = window.stride;
  const std::int64_t height = (down.in_size + 2 * window.padding + s - 1) / s;
  pitch_ =
      s == 1 ? across.in_size + window.padding : (across.in_size + 2 * window.padding + s - 1) / s;
  lanes_ = whole_lines<T>((rows_.stored - 1) * pitch_ + columns_.stored);
  const std::int64_t phase_plane = height * pitch_ + window.padding;
  set_offsets(phase_plane);

  to_tangent_ = s * s * phase_plane;
  channel_stride_ = 2 * to_tangent_;
  const std::int64_t used = in.shape.channels * channel_stride_;
  // Lanes past the last row are read, though of no use.
  const std::int64_t size = used + lanes_ + pitch_;
  buffer_ = pool.take(size);
  origin_ = buffer_->data();
  const CollapsedAxis rows = in.rows.resized(down.in_size);
  const CollapsedAxis columns = in.columns.resized(across.in_size);
  simd::widest([&]() __attribute__((always_inline)) {
    for (std::int64_t c = 0; c < 2 * in.shape.channels; ++c) {
      const T* const from = in.values(0) + c * in.plane();
      T* const to = buffer_->data() + c * to_tangent_;
      const T around = c % 2 == 0 ? padding : T(0);
      if (s == 1) {
        fill_plane(from, rows, columns, around, to);
      } else {
        fill_phases(from, rows, columns, around, to);
      }
    }
  });
  std::fill_n(buffer_->data() + used, size - used, T(0));
}

template <class T>
void Windows<T>::set_offsets(std::int64_t phase_plane) {
  const std::int64_t s = window_.stride;
  for (std::int64_t i = 0; i < window_.kernel; ++i) {
    for (std::int64_t j = 0; j < window_.kernel; ++j) {
      const std::int64_t y = i * window_.dilation;
      const std::int64_t x = j * window_.dilation;
      const std::int64_t phase = y % s * s + x % s;
      offsets_.push_back(phase * phase_plane + y / s * pitch_ + x / s);
    }
  }
}

// In order of addresses, since rows are copied by whole lines.
template <class T>
[[gnu::always_inline]] inline void Windows<T>::fill_plane(const T* from, const CollapsedAxis& rows,
                                                          const CollapsedAxis& columns, T padding,
                                                          T* to) const {
  const std::int64_t p = window_.padding;
  const auto pad = [&](std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) *to++ = padding;
  };
  pad(p * pitch_);
  for (std::int64_t i = 0; i < rows.size; ++i, to += columns.size) {
    pad(p);
    expand_row(from + rows.index(i) * columns.stored, columns, to);
  }
  pad(p * pitch_ + p);
}

template <class T>
[[gnu::always_inline]] inline void Windows<T>::fill_phases(const T* from, const CollapsedAxis& rows,
                                                           const CollapsedAxis& columns, T padding,
                                                           T* to) const {
  const std::int64_t s = window_.stride;
  const std::int64_t p = window_.padding;
  const std::int64_t phase_plane = to_tangent_ / (s * s);
  for (std::int64_t i = 0; i < to_tangent_; ++i) to[i] = padding;
  for (std::int64_t i = 0; i < rows.size; ++i) {
    const T* const row = from + rows.index(i) * columns.stored;
    T* const start = to + (i + p) % s * s * phase_plane + (i + p) / s * pitch_;
    for (std::int64_t phase = 0; phase < s; ++phase) {
      T* const phase_row = start + phase * phase_plane;
      // The first column of this phase that is not padding.
      std::int64_t j = (phase - p % s + s) % s;
      for (T* at = phase_row + (j + p) / s; j < columns.size; j += s) *at++ = row[columns.index(j)];
    }
  }
}

template class Windows<float>;
template class Windows<double>;

}  // namespace pyhwnas::proxy
