// The window of a convolution or a pooling, and the maps that it slides over.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pyhwnas {

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

  bool operator==(const Window&) const = default;

  // Distance from the first to the last tap, both included.
  std::int64_t reach() const { return (kernel - 1) * dilation + 1; }
  bool keeps_every_pixel() const { return kernel == 1 && stride == 1 && padding == 0; }
};

}  // namespace pyhwnas
