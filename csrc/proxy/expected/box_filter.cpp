#include "proxy/expected/box_filter.hpp"

#include <algorithm>

#include "simd/level.hpp"

namespace pyhwnas::proxy {
namespace {

// Column sums of several rows are stored before the first is read again: a load that straddles two
// stores has to wait until both have left the store buffer.
constexpr std::int64_t kRowsAtOnce = 16;

// Taps of the window with output index `at` that lie inside [0, size).
struct Taps {
  std::int64_t begin;
  std::int64_t end;

  std::int64_t count() const { return end - begin; }
};

[[gnu::always_inline]] inline std::int64_t ceil_divide(std::int64_t a, std::int64_t b) {
  // Most windows are not dilated, and a division costs as much as ten pixels.
  return b == 1 ? a : (a + b - 1) / b;
}

[[gnu::always_inline]] inline Taps taps_inside(const Window& window, std::int64_t at,
                                               std::int64_t size) {
  const std::int64_t origin = at * window.stride - window.padding;
  const std::int64_t before = origin < 0 ? ceil_divide(-origin, window.dilation) : 0;
  const std::int64_t past = origin < size ? ceil_divide(size - origin, window.dilation) : 0;
  const std::int64_t end = std::min(window.kernel, past);
  return {std::min(before, end), end};
}

// sum[x] = the sum of `count` rows that lie `step` entries apart.
[[gnu::always_inline]] inline void add_rows(const double* __restrict rows, std::int64_t count,
                                            std::int64_t step, std::int64_t width,
                                            double* __restrict sum) {
  if (count == 3) {  // by far the most frequent: three loads and one store
    const double* __restrict second = rows + step;
    const double* __restrict third = second + step;
    for (std::int64_t x = 0; x < width; ++x) sum[x] = rows[x] + second[x] + third[x];
    return;
  }
  if (count == 0) std::fill_n(sum, width, 0.0);
  if (count > 0) std::copy_n(rows, width, sum);
  for (std::int64_t k = 1; k < count; ++k) {
    const double* __restrict row = rows + k * step;
    for (std::int64_t x = 0; x < width; ++x) sum[x] += row[x];
  }
}

// out[x] = the sum of `window.kernel` entries of the padded row, from x * stride on.
[[gnu::always_inline]] inline void add_columns(const double* __restrict row, const Window& window,
                                               std::int64_t out_width, double* __restrict out) {
  const std::int64_t d = window.dilation;
  if (window.stride == 1) {
    add_rows(row, window.kernel, d, out_width, out);
    return;
  }
  for (std::int64_t x = 0; x < out_width; ++x) {
    const double* __restrict first = row + x * window.stride;
    double sum = first[0];
    for (std::int64_t k = 1; k < window.kernel; ++k) sum += first[k * d];
    out[x] = sum;
  }
}

// The window of nearly all convolutions. Taps are added down the columns for all rows in one go,
// and the margins are written out instead of padded: twice as fast as the general way on small
// maps. One entry before and one after `sums` are read.
[[gnu::always_inline]] inline void box_filter_3x3(const double* __restrict in, Extent extent,
                                                  Boxed boxed, double* __restrict out,
                                                  double* __restrict sums) {
  const auto [height, width] = extent;
  const std::int64_t last_row = (height - 1) * width;
  for (std::int64_t x = 0; x < width; ++x) {
    sums[x] = in[x] + in[x + width];
    sums[last_row + x] = in[last_row - width + x] + in[last_row + x];
  }
  for (std::int64_t i = width; i < last_row; ++i) sums[i] = in[i - width] + in[i] + in[i + width];

  const bool is_mean = boxed == Boxed::mean;
  for (std::int64_t y = 0; y < height; ++y, sums += width, out += width) {
    const bool is_edge = y == 0 || y == height - 1;
    const double row_weight = !is_mean ? 1.0 : is_edge ? 1.0 / 2.0 : 1.0 / 3.0;
    const double inner = is_mean ? row_weight / 3.0 : row_weight;
    const double edge = is_mean ? row_weight / 2.0 : row_weight;
    // Whole rows, so that no vector is left incomplete where widths are powers of two; the margins
    // are put right afterwards.
    for (std::int64_t x = 0; x < width; ++x) {
      out[x] = inner * (sums[x - 1] + sums[x] + sums[x + 1]);
    }
    out[0] = edge * (sums[0] + sums[1]);
    out[width - 1] = edge * (sums[width - 2] + sums[width - 1]);
  }
}

// sums: kRowsAtOnce padded rows of zeros; weights: one per result of a row.
[[gnu::always_inline]] inline void box_filter_by_rows(const double* in, Extent in_extent,
                                                      const Window& window, Boxed boxed,
                                                      double* out, Extent out_extent, double* sums,
                                                      double* weights) {
  const std::int64_t padded_width = in_extent.width + 2 * window.padding;
  if (boxed == Boxed::mean) {
    for (std::int64_t x = 0; x < out_extent.width; ++x) {
      const std::int64_t count = taps_inside(window, x, in_extent.width).count();
      weights[x] = count > 0 ? 1.0 / static_cast<double>(count) : 0.0;
    }
  }
  for (std::int64_t first = 0; first < out_extent.height; first += kRowsAtOnce) {
    const std::int64_t n_rows = std::min(kRowsAtOnce, out_extent.height - first);
    for (std::int64_t k = 0; k < n_rows; ++k) {
      const Taps taps = taps_inside(window, first + k, in_extent.height);
      const std::int64_t top =
          (first + k) * window.stride - window.padding + taps.begin * window.dilation;
      add_rows(taps.count() > 0 ? in + top * in_extent.width : in, taps.count(),
               window.dilation * in_extent.width, in_extent.width,
               sums + k * padded_width + window.padding);
    }
    for (std::int64_t k = 0; k < n_rows; ++k, out += out_extent.width) {
      add_columns(sums + k * padded_width, window, out_extent.width, out);
      if (boxed == Boxed::sum) continue;
      const Taps taps = taps_inside(window, first + k, in_extent.height);
      const double weight = taps.count() > 0 ? 1.0 / static_cast<double>(taps.count()) : 0.0;
      for (std::int64_t x = 0; x < out_extent.width; ++x) out[x] *= weights[x] * weight;
    }
  }
}

}  // namespace

void box_filter(const double* in, Extent in_extent, const Window& window, Boxed boxed, double* out,
                Extent out_extent, LineVector<double>& scratch) {
  const bool is_3x3 = window.kernel == 3 && window.stride == 1 && window.padding == 1 &&
                      window.dilation == 1 && in_extent.height > 1 && in_extent.width > 1;
  if (is_3x3) {
    constexpr std::size_t kBefore = kLineBytes / sizeof(double);
    scratch.resize(std::max(scratch.size(), kBefore + in_extent.area() + 1));
    double* const sums = scratch.data() + kBefore;
    simd::widest(
        [&]() __attribute__((always_inline)) { box_filter_3x3(in, in_extent, boxed, out, sums); });
    return;
  }
  const std::int64_t padded_width = in_extent.width + 2 * window.padding;
  scratch.assign(static_cast<std::size_t>(kRowsAtOnce * padded_width + out_extent.width), 0.0);
  double* const sums = scratch.data();
  double* const weights = sums + kRowsAtOnce * padded_width;
  simd::widest([&]() __attribute__((always_inline)) {
    box_filter_by_rows(in, in_extent, window, boxed, out, out_extent, sums, weights);
  });
}

void max_filter(const double* in, const double* second, Extent in_extent, const Window& window,
                double* out, double* second_out, Extent out_extent) {
  for (std::int64_t y = 0; y < out_extent.height; ++y) {
    const Taps rows = taps_inside(window, y, in_extent.height);
    for (std::int64_t x = 0; x < out_extent.width; ++x, ++out) {
      const Taps columns = taps_inside(window, x, in_extent.width);
      const std::int64_t top = y * window.stride - window.padding;
      const std::int64_t left = x * window.stride - window.padding;
      std::int64_t best = -1;
      for (std::int64_t i = rows.begin; i < rows.end; ++i) {
        for (std::int64_t j = columns.begin; j < columns.end; ++j) {
          const std::int64_t at =
              (top + i * window.dilation) * in_extent.width + left + j * window.dilation;
          if (best < 0 || in[at] > in[best]) best = at;
        }
      }
      *out = best < 0 ? 0.0 : in[best];
      if (second != nullptr) *second_out++ = best < 0 ? 0.0 : second[best];
    }
  }
}

}  // namespace pyhwnas::proxy
