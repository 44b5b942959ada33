// Tensors whose channels are equal in groups, and the maps behind them.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "proxy/line_vector.hpp"
#include "proxy/plan_program.hpp"
#include "proxy/scaled.hpp"

namespace pyhwnas::proxy {

// Nonnegative values of one H x W map. Written once, by whoever made it, then shared.
struct Map {
  LineVector<double> values;
  std::vector<Map*>* home = nullptr;  // where it waits when nobody refers to it
  std::uint32_t references = 0;
  // The largest value is below 2^bound. Known without looking at the values.
  int bound = 0;
};

// One of several references to a map. Not atomic: a pool belongs to one thread.
class MapRef {
 public:
  MapRef() = default;
  explicit MapRef(Map* map) : map_(map) { ++map_->references; }
  MapRef(const MapRef& other) : map_(other.map_) {
    if (map_ != nullptr) ++map_->references;
  }
  MapRef(MapRef&& other) noexcept : map_(std::exchange(other.map_, nullptr)) {}
  MapRef& operator=(MapRef other) noexcept {
    std::swap(map_, other.map_);
    return *this;
  }
  ~MapRef() {
    if (map_ != nullptr && --map_->references == 0) map_->home->push_back(map_);
  }

  explicit operator bool() const { return map_ != nullptr; }
  bool operator==(const MapRef& other) const { return map_ == other.map_; }
  Map* operator->() const { return map_; }
  double* data() const { return map_ != nullptr ? map_->values.data() : nullptr; }

 private:
  Map* map_ = nullptr;
};

// Hands out maps with arbitrary contents and takes them back: after the first networks of a
// population nothing is allocated any more.
class MapPool {
 public:
  MapRef take(std::size_t area) {
    Shelf& shelf = shelf_for(area);
    if (shelf.free.empty()) {
      shelf.maps.push_back(std::make_unique<Map>());
      shelf.maps.back()->values.resize(area);
      shelf.maps.back()->home = &shelf.free;
      shelf.free.reserve(shelf.maps.size());  // giving back must not throw
      return MapRef(shelf.maps.back().get());
    }
    Map* const map = shelf.free.back();
    shelf.free.pop_back();
    return MapRef(map);
  }

  // The map of ones; always the same, so that terms in it are recognised.
  MapRef ones(std::size_t area) {
    Shelf& shelf = shelf_for(area);
    if (shelf.ones == nullptr) {
      shelf.ones = std::make_unique<Map>();
      shelf.ones->values.assign(area, 1.0);
      shelf.ones->references = 1;  // never given back
      shelf.ones->bound = 1;
    }
    return MapRef(shelf.ones.get());
  }

 private:
  struct Shelf {
    std::size_t area = 0;
    std::vector<std::unique_ptr<Map>> maps;
    std::vector<Map*> free;
    std::unique_ptr<Map> ones;
  };

  Shelf& shelf_for(std::size_t area) {
    for (const auto& shelf : shelves_) {
      if (shelf->area == area) return *shelf;
    }
    shelves_.push_back(std::make_unique<Shelf>());
    shelves_.back()->area = area;
    return *shelves_.back();
  }

  std::vector<std::unique_ptr<Shelf>> shelves_;  // a handful
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
