// Pooling: members of DualAlgebra, for dual_algebra.cpp alone.
#pragma once

#include <algorithm>

#include "proxy/sampled/dual_algebra.hpp"
#include "simd/level.hpp"

namespace pyhwnas::proxy {
// One over how many taps of each window lie inside the map, laid out as the windows are.
template <class T>
void invert_counts(const CollapsedAxis& in_rows, const CollapsedAxis& in_columns,
                   const Window& window, std::int64_t pitch, std::vector<T>& inverse) {
  const CollapsedSweep down = sweep(in_rows, window);
  const CollapsedSweep across = sweep(in_columns, window);
  const auto inside = [&window](std::int64_t at, std::int64_t size) {
    std::int64_t count = 0;
    for (std::int64_t k = 0; k < window.kernel; ++k) {
      const std::int64_t position = at * window.stride - window.padding + k * window.dilation;
      count += position >= 0 && position < size;
    }
    return count;
  };
  for (std::int64_t y = 0; y < down.out.stored; ++y) {
    const std::int64_t rows = inside(y, down.in_size);
    for (std::int64_t x = 0; x < across.out.stored; ++x) {
      const std::int64_t count = rows * inside(x, across.in_size);
      inverse[static_cast<std::size_t>(y * pitch + x)] =
          count > 0 ? T(1) / static_cast<T>(count) : T(0);
    }
  }
}

// reduce(taps, lanes, sums) fills sums with values, and with tangents `lanes` further.
template <class T>
template <class Reduce>
void DualAlgebra<T>::pool(const Node& node, const Tensor& in, T padding, const Reduce& reduce,
                          Tensor& out) {
  const std::shared_ptr<const Windows<T>> seen = windows_of(in, node.window, padding);
  const Windows<T>& windows = *seen;
  out.rows = windows.rows();
  out.columns = windows.columns();
  out.value_exponent = in.value_exponent;
  out.tangent_exponent = in.tangent_exponent;
  allocate(out);
  const std::int64_t lanes = windows.lanes();
  sums_.resize(std::max(sums_.size(), 2 * static_cast<std::size_t>(lanes + kLineLanes<T>)));
  for (std::int64_t c = 0; c < in.shape.channels; ++c) {
    reduce(windows, windows.taps(c), sums_.data());
    store(sums_.data(), lanes, windows.pitch(), {}, T(0), c, out);
  }
  normalise(out);
}

template <class T>
void DualAlgebra<T>::max_pool(const Node& node, const Tensor& in, Tensor& out) {
  const auto reduce = [](const Windows<T>& windows, const Taps<T>& taps, T* sums) {
    const std::int64_t lanes = windows.lanes();
    simd::widest([&]() __attribute__((always_inline)) {
      T* __restrict const best = sums;
      T* __restrict const tangent = sums + lanes;
      const T* const first = taps.origin + taps.offsets.front();
      for (std::int64_t i = 0; i < lanes; ++i) best[i] = first[i];
      for (std::int64_t i = 0; i < lanes; ++i) tangent[i] = first[taps.to_tangent + i];
      for (const std::int64_t offset : taps.offsets.subspan(1)) {
        const T* __restrict const value = taps.origin + offset;
        const T* __restrict const own = value + taps.to_tangent;
        for (std::int64_t i = 0; i < lanes; ++i) {
          const bool is_larger = value[i] > best[i];
          best[i] = is_larger ? value[i] : best[i];
          tangent[i] = is_larger ? own[i] : tangent[i];
        }
      }
    });
  };
  pool(node, in, T(-1), reduce, out);  // less than any value
}

template <class T>
void DualAlgebra<T>::average_pool(const Node& node, const Tensor& in, Tensor& out) {
  std::vector<T> inverse;
  const auto reduce = [&](const Windows<T>& windows, const Taps<T>& taps, T* sums) {
    const std::int64_t lanes = windows.lanes();
    if (inverse.empty()) {
      inverse.resize(static_cast<std::size_t>(lanes));
      invert_counts(in.rows, in.columns, node.window, windows.pitch(), inverse);
    }
    simd::widest([&]() __attribute__((always_inline)) {
      for (std::int64_t part = 0; part < 2; ++part) {
        T* __restrict const sum = sums + part * lanes;
        const T* const origin = taps.origin + part * taps.to_tangent;
        for (std::int64_t i = 0; i < lanes; ++i) sum[i] = T(0);
        for (const std::int64_t offset : taps.offsets) {
          const T* __restrict const seen = origin + offset;
          for (std::int64_t i = 0; i < lanes; ++i) sum[i] += seen[i];
        }
        for (std::int64_t i = 0; i < lanes; ++i) sum[i] *= inverse[static_cast<std::size_t>(i)];
      }
    });
  };
  pool(node, in, T(0), reduce, out);
}

template <class T>
void DualAlgebra<T>::global_average_pool(const Tensor& in, Tensor& out) {
  out.rows = CollapsedAxis::constant(1);
  out.columns = CollapsedAxis::constant(1);
  out.value_exponent = in.value_exponent;
  out.tangent_exponent = in.tangent_exponent;
  allocate(out);
  std::vector<double> weights(static_cast<std::size_t>(in.plane()));
  const auto area = static_cast<double>(in.rows.size) * static_cast<double>(in.columns.size);
  for (std::int64_t y = 0; y < in.rows.stored; ++y) {
    for (std::int64_t x = 0; x < in.columns.stored; ++x) {
      weights[static_cast<std::size_t>(y * in.columns.stored + x)] =
          static_cast<double>(in.rows.repeats(y)) * static_cast<double>(in.columns.repeats(x)) /
          area;
    }
  }
  const auto mean = [&weights](const T* plane) {
    double sum = 0.0;
    for (std::size_t i = 0; i < weights.size(); ++i)
      sum += weights[i] * static_cast<double>(plane[i]);
    return static_cast<T>(sum);
  };
  for (std::int64_t c = 0; c < in.shape.channels; ++c) {
    store_pixel(mean(in.values(c)), mean(in.tangents(c)), {}, T(0), c, out);
  }
  normalise(out);
}

}  // namespace pyhwnas::proxy
