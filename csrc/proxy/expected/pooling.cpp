#include "proxy/expected/tensor_algebra.hpp"

#include "proxy/expected/channel_groups.hpp"

namespace pyhwnas::proxy {

void TensorAlgebra::average_pool(const Node& node, const Tensor& in, Tensor& out) {
  for (const ChannelGroup& group : in.groups) {
    out.groups.push_back(
        filter(group, node.window, Boxed::mean, in.shape.extent(), out.shape.extent()));
  }
}

void TensorAlgebra::global_average_pool(const Tensor& in, Tensor& out) {
  const auto area = static_cast<double>(in.shape.extent().area());
  const auto mean_of = [&](const MapRef& map) {
    if (!map) return MapRef();
    MapRef mean = pool_.take(1);
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
  const Extent to = out.shape.extent();
  for (const ChannelGroup& group : in.groups) {
    ChannelGroup result = group;
    result.V = pool_.take(to.area());
    result.V->bound = group.V->bound;
    if (group.D) {
      result.D = pool_.take(to.area());
      result.D->bound = group.D->bound;
    }
    max_filter(group.V.data(), group.D.data(), in.shape.extent(), node.window, result.V.data(),
               result.D.data(), to);
    normalise_value(result);
    normalise_tangent(result);
    out.groups.push_back(std::move(result));
  }
}

}  // namespace pyhwnas::proxy
