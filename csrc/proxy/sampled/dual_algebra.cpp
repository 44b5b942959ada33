// What concerns tensors as a whole: their memory, their exponents, and which channels and pixels
// they have.
#include "proxy/sampled/dual_algebra.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <type_traits>

#include "proxy/sampled/dual_convolution.hpp"
#include "proxy/sampled/dual_elementwise.hpp"
#include "proxy/sampled/dual_pooling.hpp"
#include "simd/level.hpp"

namespace pyhwnas::proxy {
namespace {

// Exponent of the largest of `count` planes of nonnegative numbers that lie `stride` apart, so that
// it is less than 2^exponent; kExponentOfZero where all are zero. As integers such numbers have the
// same order, and a maximum of integers needs no order of evaluation.
template <class T>
std::int64_t exponent_of_largest(const T* planes, std::int64_t count, std::int64_t plane,
                                 std::int64_t stride) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  Bits largest = 0;
  simd::widest([&]() __attribute__((always_inline)) {
    for (std::int64_t c = 0; c < count; ++c) {
      const T* const values = planes + c * stride;
      for (std::int64_t i = 0; i < plane; ++i) {
        const Bits bits = std::bit_cast<Bits>(values[i]);
        largest = bits > largest ? bits : largest;
      }
    }
  });
  if (largest == 0) return kExponentOfZero;
  int exponent = 0;
  std::frexp(std::bit_cast<T>(largest), &exponent);
  return exponent;
}

template <class T>
void scale(T* planes, std::int64_t count, std::int64_t plane, std::int64_t stride, T factor) {
  for (std::int64_t c = 0; c < count; ++c) {
    for (std::int64_t i = 0; i < plane; ++i) planes[c * stride + i] *= factor;
  }
}

// Brings values, or tangents, into range and says what their exponent is now.
template <class T>
std::int64_t normalised(T* planes, std::int64_t channels, std::int64_t plane,
                        std::int64_t exponent) {
  const std::int64_t largest = exponent_of_largest(planes, channels, plane, 2 * plane);
  if (largest == kExponentOfZero) return kExponentOfZero;
  if (std::abs(largest) <= kMaxExponent) return exponent;
  // Two steps: 2^-largest may be too large for a T.
  scale(planes, channels, plane, 2 * plane, power<T>(-largest / 2));
  scale(planes, channels, plane, 2 * plane, power<T>(largest / 2 - largest));
  return exponent + largest;
}

}  // namespace

template <class T>
NodeWeights<T> DualAlgebra<T>::next_weights() {
  const NodeWeights<T> next = weights_.front();
  weights_ = weights_.subspan(1);
  return next;
}

template <class T>
void DualAlgebra<T>::allocate(Tensor& out) {
  out.buffer = buffers_.take(2 * out.shape.channels * out.plane());
}

template <class T>
void DualAlgebra<T>::ones(Tensor& out) {
  out.rows = CollapsedAxis::constant(out.shape.height);
  out.columns = CollapsedAxis::constant(out.shape.width);
  allocate(out);
  std::fill_n(out.buffer->data(), 2 * out.shape.channels * out.plane(), T(0));
  for (std::int64_t c = 0; c < out.shape.channels; ++c) *out.values(c) = T(1);
  out.value_exponent = 0;
  out.tangent_exponent = kExponentOfZero;
}

template <class T>
void DualAlgebra<T>::pass(const Tensor& in, Tensor& out) {
  const Shape shape = out.shape;
  out = in;
  out.shape = shape;
}

template <class T>
void DualAlgebra<T>::normalise(Tensor& out) {
  const std::int64_t channels = out.shape.channels;
  out.value_exponent = normalised(out.values(0), channels, out.plane(), out.value_exponent);
  out.tangent_exponent = normalised(out.tangents(0), channels, out.plane(), out.tangent_exponent);
}

template <class T>
DualTensor<T> DualAlgebra<T>::with_axes(const Tensor& in, const CollapsedAxis& rows,
                                        const CollapsedAxis& columns) {
  if (rows == in.rows && columns == in.columns) return in;
  Tensor out = in;
  out.rows = rows;
  out.columns = columns;
  out.shape.height = rows.size;
  out.shape.width = columns.size;
  allocate(out);
  // Of a cropped axis a copy of what is stored is not enough: its middle may be gone.
  const bool is_cropped = rows.size != in.rows.size || columns.size != in.columns.size;
  const CollapsedAxis wide = in.columns.resized(columns.stored);
  const std::int64_t above = in.rows.size - rows.size;
  const std::int64_t left = in.columns.size - columns.size;
  for (std::int64_t c = 0; c < 2 * in.shape.channels; ++c) {
    const T* const from = in.values(0) + c * in.plane();
    T* to = out.values(0) + c * out.plane();
    T* const end = to + out.plane();
    for (std::int64_t y = 0; y < rows.stored; ++y, to += columns.stored) {
      const T* const row = from + in.rows.index(rows.position(y) + above) * in.columns.stored;
      if (!is_cropped) {
        expand_row(row, wide, to);
        continue;
      }
      for (std::int64_t x = 0; x < columns.stored; ++x) {
        to[x] = row[in.columns.index(columns.position(x) + left)];
      }
    }
    std::fill(to, end, T(0));
  }
  return out;
}

template <class T>
void DualAlgebra<T>::last_pixels(const Tensor& in, Tensor& out) {
  out = with_axes(in, last_of(in.rows, out.shape.height), last_of(in.columns, out.shape.width));
  // The largest values may be gone.
  if (out.buffer != in.buffer) normalise(out);
}

template <class T>
void DualAlgebra<T>::first_channels(const Tensor& in, Tensor& out) {
  pass(in, out);
}

template <class T>
void DualAlgebra<T>::allocate_common(std::span<const Tensor* const> inputs, Tensor& out) {
  out.rows = inputs.front()->rows;
  out.columns = inputs.front()->columns;
  out.value_exponent = kExponentOfZero;
  out.tangent_exponent = kExponentOfZero;
  for (const Tensor* input : inputs) {
    out.rows = common(out.rows, input->rows);
    out.columns = common(out.columns, input->columns);
    out.value_exponent = std::max(out.value_exponent, input->value_exponent);
    out.tangent_exponent = std::max(out.tangent_exponent, input->tangent_exponent);
  }
  allocate(out);
}

template <class T>
void DualAlgebra<T>::concatenate(std::span<const Tensor* const> inputs, Tensor& out) {
  allocate_common(inputs, out);
  const std::int64_t plane = out.plane();
  T* to = out.buffer->data();
  for (const Tensor* input : inputs) {
    const Tensor part = with_axes(*input, out.rows, out.columns);
    const T value_factor = power<T>(part.value_exponent - out.value_exponent);
    const T tangent_factor = power<T>(part.tangent_exponent - out.tangent_exponent);
    for (std::int64_t c = 0; c < part.shape.channels; ++c, to += 2 * plane) {
      for (std::int64_t i = 0; i < plane; ++i) to[i] = value_factor * part.values(c)[i];
      for (std::int64_t i = 0; i < plane; ++i) to[plane + i] = tangent_factor * part.tangents(c)[i];
    }
  }
}

template <class T>
void DualAlgebra<T>::shuffle(std::int64_t parts, const Tensor& in, Tensor& out) {
  pass(in, out);
  allocate(out);
  const std::int64_t part_channels = in.shape.channels / parts;
  for (std::int64_t c = 0; c < in.shape.channels; ++c) {
    const std::int64_t from = c % parts * part_channels + c / parts;
    std::copy_n(in.values(from), 2 * in.plane(), out.values(c));
  }
}

template <class T>
Scaled DualAlgebra<T>::tangent_sum(const Tensor& tensor) {
  double sum = 0.0;
  for (std::int64_t c = 0; c < tensor.shape.channels; ++c) {
    const T* at = tensor.tangents(c);
    for (std::int64_t y = 0; y < tensor.rows.stored; ++y) {
      double row = 0.0;
      for (std::int64_t x = 0; x < tensor.columns.stored; ++x) {
        row += static_cast<double>(tensor.columns.repeats(x)) * static_cast<double>(*at++);
      }
      sum += static_cast<double>(tensor.rows.repeats(y)) * row;
    }
  }
  return Scaled(sum).times_power_of_two(tensor.tangent_exponent);
}

template class DualAlgebra<float>;
template class DualAlgebra<double>;

}  // namespace pyhwnas::proxy
