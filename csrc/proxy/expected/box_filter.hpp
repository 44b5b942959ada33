// Sliding windows over one map, zero-padded.
#pragma once

#include "networks/window.hpp"
#include "proxy/line_vector.hpp"

namespace pyhwnas::proxy {

enum class Boxed { sum, mean };

// The sum, or the mean over the taps that lie inside the map, of each window. Separable: the taps
// of a window are added down the columns, then along the rows. They are added rather than carried
// along as a running sum, which would save additions for wide kernels, but add, subtract and so
// leave rounding errors of large entries in the places of small ones.
void box_filter(const double* in, Extent in_extent, const Window& window, Boxed boxed, double* out,
                Extent out_extent, LineVector<double>& scratch);

// The largest entry of each window, and the entry of a second map in the same place: the first one
// in row order where several are largest. Both second maps may be null.
void max_filter(const double* in, const double* second, Extent in_extent, const Window& window,
                double* out, double* second_out, Extent out_extent);

}  // namespace pyhwnas::proxy
