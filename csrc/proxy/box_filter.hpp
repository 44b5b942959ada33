// Sliding windows over one map, zero-padded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pyhwnas::proxy {

struct Extent {
  std::int64_t height = 0;
  std::int64_t width = 0;

  bool operator==(const Extent&) const = default;
  std::size_t area() const { return static_cast<std::size_t>(height * width); }
};

struct Window {
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  std::int64_t dilation = 1;

  // Distance from the first to the last tap, both included.
  std::int64_t reach() const { return (kernel - 1) * dilation + 1; }
  bool keeps_every_pixel() const { return kernel == 1 && stride == 1 && padding == 0; }
};

enum class Boxed { sum, mean };

// The sum, or the mean over the taps that lie inside the map, of each window. Separable: the taps
// of a window are added down the columns, then along the rows. They are added rather than carried
// along as a running sum, which would save additions for wide kernels, but add, subtract and so
// leave rounding errors of large entries in the places of small ones.
void box_filter(const double* in, Extent in_extent, const Window& window, Boxed boxed, double* out,
                Extent out_extent, std::vector<double>& scratch);

// The largest entry of each window, and the entry of a second map in the same place: the first one
// in row order where several are largest. Both second maps may be null.
void max_filter(const double* in, const double* second, Extent in_extent, const Window& window,
                double* out, double* second_out, Extent out_extent);

}  // namespace pyhwnas::proxy
