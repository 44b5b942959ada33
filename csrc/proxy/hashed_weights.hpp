// Initial weights as pyhwnas.networks.weights makes them: each element is a hash of its tensor's
// key and its index alone. The same function on the CPU and on a GPU.
#pragma once

#include <cmath>
#include <cstdint>

#include "host_device.hpp"

namespace pyhwnas::proxy {

// Columns of integers, since descriptions travel as a matrix.
struct HashedTensor {
  std::int32_t n_axes;
  std::int32_t shape[4];  // as in a state dict; axes that are not there have size 1
  std::int32_t groups;    // of the output channels, the first axis
};
inline constexpr std::size_t kHashedTensorColumns = sizeof(HashedTensor) / sizeof(std::int32_t);

// SplitMix64's finaliser (Steele et al., 2014, https://doi.org/10.1145/2714064.2660195).
PYHWNAS_HOST_DEVICE inline std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

PYHWNAS_HOST_DEVICE inline std::uint64_t hash_of(std::uint64_t key, const std::int32_t* index,
                                                 std::int32_t n_axes) {
  for (std::int32_t axis = 0; axis < n_axes; ++axis) {
    key = mixed(key + static_cast<std::uint64_t>(index[axis]) * 0x9E3779B97F4A7C15U);
  }
  return key;
}

// |w| for w uniform within `bound`; to the bit what Python makes.
PYHWNAS_HOST_DEVICE inline float absolute_uniform(std::uint64_t hash, double bound) {
  const double unit = static_cast<double>(hash >> 11) * 0x1p-53;
  return static_cast<float>(std::fabs(2.0 * unit - 1.0) * bound);
}

// |w| for a normal w, by Box and Muller from the two halves of the hash; within a few units in the
// last place of what Python makes, whose logarithm and cosine are numpy's.
PYHWNAS_HOST_DEVICE inline float absolute_normal(std::uint64_t hash, double deviation) {
  const auto radius = static_cast<float>(static_cast<double>((hash >> 32) + 1) * 0x1p-32);
  const auto angle =
      static_cast<float>(static_cast<double>(hash & 0xFFFFFFFFU) * (6.283185307179586 * 0x1p-32));
  const double normal = std::sqrt(-2.0 * std::log(static_cast<double>(radius))) *
                        std::cos(static_cast<double>(angle));
  return static_cast<float>(std::fabs(normal)) * static_cast<float>(deviation);
}

// Where in a tensor element `at` lies, counted as convolutions read them: by group, input channel,
// tap and, last, output channel.
PYHWNAS_HOST_DEVICE inline void index_of(const HashedTensor& tensor, std::int64_t at,
                                         std::int32_t* index) {
  const std::int64_t group_out = tensor.shape[0] / tensor.groups;
  const auto channel = static_cast<std::int32_t>(at % group_out);
  at /= group_out;
  for (int axis = 3; axis >= 1; --axis) {
    index[axis] = static_cast<std::int32_t>(at % tensor.shape[axis]);
    at /= tensor.shape[axis];
  }
  index[0] = static_cast<std::int32_t>(at * group_out) + channel;
}

}  // namespace pyhwnas::proxy
