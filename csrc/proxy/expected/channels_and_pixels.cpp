// Operations that only choose and order channels or pixels.
#include "proxy/expected/tensor_algebra.hpp"

#include <algorithm>

#include "proxy/expected/channel_groups.hpp"

namespace pyhwnas::proxy {

void TensorAlgebra::concatenate(std::span<const Tensor* const> inputs, Tensor& out) {
  for (const Tensor* input : inputs) {
    out.groups.insert(out.groups.end(), input->groups.begin(), input->groups.end());
  }
}

void TensorAlgebra::first_channels(const Tensor& in, Tensor& out) {
  std::int64_t todo = out.shape.channels;
  for (const ChannelGroup& group : in.groups) {
    if (todo <= 0) return;
    out.groups.push_back(group);
    out.groups.back().channels = std::min(todo, group.channels);
    todo -= group.channels;
  }
}

void TensorAlgebra::last_pixels(const Tensor& in, Tensor& out) {
  const Extent from = in.shape.extent();
  const Extent to = out.shape.extent();
  const auto cropped = [&](const MapRef& map) {
    if (!map) return MapRef();
    if (map == pool_.ones(from)) return pool_.ones(to);
    const CollapsedAxis rows = last_of(map->rows, to.height);
    const CollapsedAxis columns = last_of(map->columns, to.width);
    MapRef rest = pool_.take(rows, columns);
    rest->bound = map->bound;
    double* at = rest.data();
    for (std::int64_t y = 0; y < rows.stored; ++y) {
      const std::int64_t row = map->rows.index(rows.position(y) + from.height - to.height);
      for (std::int64_t x = 0; x < columns.stored; ++x) {
        const std::int64_t column = columns.position(x) + from.width - to.width;
        *at++ = map.data()[row * map->columns.stored + map->columns.index(column)];
      }
    }
    return rest;
  };
  for (const ChannelGroup& group : in.groups) {
    ChannelGroup result = group;
    result.V = cropped(group.V);
    result.D = cropped(group.D);
    // The largest values may be gone.
    normalise_value(result);
    normalise_tangent(result);
    out.groups.push_back(std::move(result));
  }
}

void TensorAlgebra::shuffle(std::int64_t parts, const Tensor& in, Tensor& out) {
  if (in.groups.size() == 1) {
    out.groups = in.groups;
    return;
  }
  const std::int64_t part_channels = in.shape.channels / parts;
  std::vector<GroupCursor> cursors(static_cast<std::size_t>(parts), GroupCursor(in));
  for (std::size_t part = 0; part < cursors.size(); ++part) {
    for (std::int64_t skip = static_cast<std::int64_t>(part) * part_channels; skip > 0;) {
      const std::int64_t step = std::min(skip, cursors[part].left());
      cursors[part].advance(step);
      skip -= step;
    }
  }
  for (std::int64_t channel = 0; channel < part_channels; ++channel) {
    for (GroupCursor& cursor : cursors) {
      out.groups.push_back(cursor.group());
      out.groups.back().channels = 1;
      cursor.advance(1);
    }
  }
}

}  // namespace pyhwnas::proxy
