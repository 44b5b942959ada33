// The operations of a network on pairs (value, tangent) of grouped tensors.
#pragma once

#include <span>
#include <vector>

#include "proxy/expected/box_filter.hpp"
#include "proxy/expected/maps.hpp"

namespace pyhwnas::proxy {

// One thread's workshop: its maps are reused from network to network. Every operation reads its
// inputs and fills an output that is another tensor, with its shape set and no groups in it.
class TensorAlgebra {
 public:
  using Tensor = proxy::Tensor;

  // Weights have the mean weight_gain / sqrt(fan_in).
  explicit TensorAlgebra(double weight_gain) : weight_gain_(weight_gain) {}

  // Means depend on the shape of a weight alone, not on its place.
  static void enter(std::size_t /*slot*/, std::int32_t /*unit*/) {}

  // The network's input: ones, with tangent zero.
  void ones(Tensor& out);

  // Convolution or linear map with all weights at their mean.
  void convolve(const Node& node, const Tensor& in, Tensor& out);
  // Convolution along the channels of a vector, with all weights at their mean.
  void convolve_channels(const Node& node, const Tensor& in, Tensor& out);
  void activate(Opcode op, const Tensor& in, Tensor& out);
  void max_pool(const Node& node, const Tensor& in, Tensor& out);
  void average_pool(const Node& node, const Tensor& in, Tensor& out);
  void global_average_pool(const Tensor& in, Tensor& out);
  void add(std::span<const Tensor* const> inputs, Tensor& out);
  void multiply(const Tensor& first, const Tensor& second, Tensor& out);
  static void concatenate(std::span<const Tensor* const> inputs, Tensor& out);
  static void first_channels(const Tensor& in, Tensor& out);
  void last_pixels(const Tensor& in, Tensor& out);
  static void shuffle(std::int64_t parts, const Tensor& in, Tensor& out);

  // Sum over all channels and pixels.
  static Scaled tangent_sum(const Tensor& tensor);

 private:
  struct Source {
    MapRef map;
    Scaled scale;
  };

  // The sum of terms_, which is used up.
  ChannelGroup combine();
  void merge_equal_maps();
  // The sum of sources_ as a map times a scale; without a map where it is zero.
  Source sum_sources();
  ChannelGroup filter(const ChannelGroup& group, const Window& window, Boxed boxed);
  const FilteredMap& filtered(const MapRef& map, const Window& window, Boxed boxed);
  ChannelGroup product(const ChannelGroup& a, const ChannelGroup& b);
  template <class Activation>
  ChannelGroup apply(const ChannelGroup& of, const Activation& activation);

  // The same map with fewer rows and columns left out; no map stays none.
  MapRef with_axes(const MapRef& map, const CollapsedAxis& rows, const CollapsedAxis& columns);
  // The same map as if it had so many rows and columns, none left out.
  MapRef unfolded(const MapRef& map, std::int64_t height, std::int64_t width);
  // Brings both maps of a group to axes that they have in common.
  void align(ChannelGroup& group);

  double weight_gain_;
  MapPool pool_;
  std::vector<ChannelGroup> terms_;
  std::vector<Source> sources_;
  LineVector<double> row_;
};

}  // namespace pyhwnas::proxy
