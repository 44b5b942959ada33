// Tensors whose channels are equal in groups, and the maps behind them.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "networks/plan_program.hpp"
#include "proxy/collapsed_axis.hpp"
#include "proxy/expected/box_filter.hpp"
#include "proxy/line_vector.hpp"
#include "proxy/lines.hpp"
#include "proxy/scaled.hpp"

namespace pyhwnas::proxy {

struct Map;

// One of several references to a map. Not atomic: a pool belongs to one thread.
class MapRef {
 public:
  MapRef() = default;
  inline explicit MapRef(Map* map);
  inline MapRef(const MapRef& other);
  MapRef(MapRef&& other) noexcept : map_(std::exchange(other.map_, nullptr)) {}
  MapRef& operator=(MapRef other) noexcept {
    std::swap(map_, other.map_);
    return *this;
  }
  ~MapRef() {
    if (map_ != nullptr) release();
  }

  explicit operator bool() const { return map_ != nullptr; }
  bool operator==(const MapRef& other) const { return map_ == other.map_; }
  Map* operator->() const { return map_; }
  inline double* data() const;

 private:
  inline void release();

  Map* map_ = nullptr;
};

// What a window makes of a map: another one, times 2^exponent.
struct FilteredMap {
  Window window;
  Boxed boxed;
  MapRef map;
  int exponent;
};

// Nonnegative values of one map: of its collapsed rows and columns, row by row. Written once, by
// whoever made it, then shared.
struct Map {
  LineVector<double> values;  // and room for a line more
  CollapsedAxis rows;
  CollapsedAxis columns;
  std::vector<Map*>* home = nullptr;  // where it waits when nobody refers to it
  std::uint32_t references = 0;
  // The largest value is below 2^bound. Known without looking at the values.
  int bound = 0;
  // Several operations often filter one map alike, and terms in the same map add up without it.
  std::vector<FilteredMap> filtered;

  Extent stored() const { return {rows.stored, columns.stored}; }
  bool has_axes(const CollapsedAxis& other_rows, const CollapsedAxis& other_columns) const {
    return rows == other_rows && columns == other_columns;
  }
};

inline MapRef::MapRef(Map* map) : map_(map) {
  ++map_->references;
}

inline MapRef::MapRef(const MapRef& other) : map_(other.map_) {
  if (map_ != nullptr) ++map_->references;
}

inline double* MapRef::data() const {
  return map_ != nullptr ? map_->values.data() : nullptr;
}

inline void MapRef::release() {
  if (--map_->references > 0) return;
  map_->filtered.clear();
  map_->home->push_back(map_);
}

// Hands out maps with arbitrary contents and takes them back: after the first networks of a
// population nothing is allocated any more.
class MapPool {
 public:
  MapRef take(const CollapsedAxis& rows, const CollapsedAxis& columns) {
    const Extent stored{rows.stored, columns.stored};
    MapRef map(idle_map(stored.area()));
    map->rows = rows;
    map->columns = columns;
    return map;
  }

  // The map of ones; always the same, so that terms in it are recognised.
  MapRef ones(const Extent& extent) {
    const auto found = std::find_if(ones_.begin(), ones_.end(), [&](const auto& map) {
      return map->rows.size == extent.height && map->columns.size == extent.width;
    });
    if (found != ones_.end()) return MapRef(found->get());
    ones_.push_back(std::make_unique<Map>());
    Map& map = *ones_.back();
    map.values.assign(1 + kLineBytes / sizeof(double), 1.0);
    map.rows = CollapsedAxis::constant(extent.height);
    map.columns = CollapsedAxis::constant(extent.width);
    map.references = 1;  // never given back
    map.bound = 1;
    return MapRef(&map);
  }

 private:
  struct Shelf {
    std::vector<std::unique_ptr<Map>> maps;
    std::vector<Map*> free;
  };

  Map* idle_map(std::size_t area) {
    const auto size = static_cast<std::size_t>(std::bit_width(area - 1));
    Shelf& shelf = shelves_[size];
    if (shelf.free.empty()) {
      shelf.maps.push_back(std::make_unique<Map>());
      shelf.maps.back()->values.resize((std::size_t{1} << size) + kLineBytes / sizeof(double));
      shelf.maps.back()->home = &shelf.free;
      shelf.free.reserve(shelf.maps.size());  // giving back must not throw
      return shelf.maps.back().get();
    }
    Map* const map = shelf.free.back();
    shelf.free.pop_back();
    return map;
  }

  // Shelf k holds maps of up to 2^k values.
  std::vector<Shelf> shelves_ = std::vector<Shelf>(64);
  std::vector<std::unique_ptr<Map>> ones_;  // a handful
};

// Channels with the same value and tangent, as multiples of two maps V and D:
// value = v V, tangent = dv V + d D. Most operations change the three scales alone.
// Without D, d is zero.
struct ChannelGroup {
  std::int64_t channels = 0;
  MapRef V;
  MapRef D;
  Scaled v;
  Scaled dv;
  Scaled d;

  bool same_maps(const ChannelGroup& other) const { return V == other.V && D == other.D; }
};

struct Tensor {
  Shape shape;
  std::vector<ChannelGroup> groups;

  void clear() { groups.clear(); }
};

}  // namespace pyhwnas::proxy
