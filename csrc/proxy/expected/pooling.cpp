#include "proxy/expected/tensor_algebra.hpp"

#include "proxy/expected/channel_groups.hpp"

namespace pyhwnas::proxy {

void TensorAlgebra::average_pool(const Node& node, const Tensor& in, Tensor& out) {
  for (const ChannelGroup& group : in.groups) {
    out.groups.push_back(filter(group, node.window, Boxed::mean));
  }
}

void TensorAlgebra::global_average_pool(const Tensor& in, Tensor& out) {
  const auto area = static_cast<double>(in.shape.extent().area());
  const auto mean_of = [&](const MapRef& map) {
    if (!map) return MapRef();
    MapRef mean = pool_.take(CollapsedAxis::constant(1), CollapsedAxis::constant(1));
    *mean.data() = sum_of(map) / area;
    return mean;
  };
  for (const ChannelGroup& group : in.groups) {
    ChannelGroup result = group;
    result.V = mean_of(group.V);
    result.D = mean_of(group.D);
    normalise_value(result);
    normalise_tangent(result);
    out.groups.push_back(std::move(result));
  }
}

void TensorAlgebra::max_pool(const Node& node, const Tensor& in, Tensor& out) {
  for (const ChannelGroup& group : in.groups) {
    ChannelGroup result = group;
    align(result);
    const CollapsedSweep down = sweep(result.V->rows, node.window);
    const CollapsedSweep across = sweep(result.V->columns, node.window);
    const auto seen = [&](const MapRef& map) {
      return map ? unfolded(map, down.in_size, across.in_size) : MapRef();
    };
    const MapRef values = seen(result.V);
    const MapRef tangents = seen(result.D);
    result.V = pool_.take(down.out, across.out);
    result.V->bound = group.V->bound;
    if (group.D) {
      result.D = pool_.take(down.out, across.out);
      result.D->bound = group.D->bound;
    }
    max_filter(values.data(), tangents.data(), {down.in_size, across.in_size}, node.window,
               result.V.data(), result.D.data(), result.V->stored());
    normalise_value(result);
    normalise_tangent(result);
    out.groups.push_back(std::move(result));
  }
}

}  // namespace pyhwnas::proxy
