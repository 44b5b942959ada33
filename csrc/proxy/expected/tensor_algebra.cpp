// Sums of maps, and what they add up to.
#include "proxy/expected/tensor_algebra.hpp"

#include <algorithm>
#include <array>

#include "proxy/expected/channel_groups.hpp"
#include "simd/level.hpp"

namespace pyhwnas::proxy {
namespace {

// out (+)= sum of coefficients[k] * maps[k].
template <std::size_t N, bool accumulate>
[[gnu::always_inline]] inline void linear_combination(const std::array<const double*, 4>& maps,
                                                      const std::array<double, 4>& coefficients,
                                                      double* __restrict out, std::size_t area) {
  for (std::size_t i = 0; i < area; ++i) {
    double sum = accumulate ? out[i] : 0.0;
    for (std::size_t k = 0; k < N; ++k) sum += coefficients[k] * maps[k][i];
    out[i] = sum;
  }
}

template <bool accumulate>
void linear_combination(std::size_t count, const std::array<const double*, 4>& maps,
                        const std::array<double, 4>& coefficients, double* out, std::size_t area) {
  simd::widest([=]() __attribute__((always_inline)) {
    switch (count) {
      case 1:
        return linear_combination<1, accumulate>(maps, coefficients, out, area);
      case 2:
        return linear_combination<2, accumulate>(maps, coefficients, out, area);
      case 3:
        return linear_combination<3, accumulate>(maps, coefficients, out, area);
      default:
        return linear_combination<4, accumulate>(maps, coefficients, out, area);
    }
  });
}

}  // namespace

void TensorAlgebra::ones(Tensor& out) {
  ChannelGroup group;
  group.channels = out.shape.channels;
  group.V = pool_.ones(out.shape.extent());
  group.v = Scaled(1.0);
  out.groups.push_back(std::move(group));
}

MapRef TensorAlgebra::unfolded(const MapRef& map, std::int64_t height, std::int64_t width) {
  const CollapsedAxis rows = map->rows.resized(height);
  const CollapsedAxis columns = map->columns.resized(width);
  MapRef out = pool_.take({height, height, 0}, {width, width, 0});
  out->bound = map->bound;
  simd::widest([&]() __attribute__((always_inline)) {
    double* to = out.data();
    for (std::int64_t y = 0; y < height; ++y, to += width) {
      expand_row(map.data() + rows.index(y) * columns.stored, columns, to);
    }
  });
  return out;
}

MapRef TensorAlgebra::with_axes(const MapRef& map, const CollapsedAxis& rows,
                                const CollapsedAxis& columns) {
  if (!map || map->has_axes(rows, columns)) return map;
  MapRef out = unfolded(map, rows.stored, columns.stored);
  out->rows = rows;
  out->columns = columns;
  return out;
}

void TensorAlgebra::align(ChannelGroup& group) {
  if (!group.D) return;
  const CollapsedAxis rows = common(group.V->rows, group.D->rows);
  const CollapsedAxis columns = common(group.V->columns, group.D->columns);
  group.V = with_axes(group.V, rows, columns);
  group.D = with_axes(group.D, rows, columns);
}

void TensorAlgebra::merge_equal_maps() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    const auto end = terms_.begin() + static_cast<std::ptrdiff_t>(kept);
    const auto same = std::find_if(terms_.begin(), end, [&](const ChannelGroup& other) {
      return other.V == terms_[i].V && (other.D == terms_[i].D || !other.D || !terms_[i].D);
    });
    if (same == end) {
      if (kept != i) terms_[kept] = std::move(terms_[i]);
      ++kept;
      continue;
    }
    same->v = same->v + terms_[i].v;
    same->dv = same->dv + terms_[i].dv;
    same->d = same->d + terms_[i].d;
    if (!same->D) same->D = terms_[i].D;
  }
  terms_.resize(kept);
}

TensorAlgebra::Source TensorAlgebra::sum_sources() {
  std::erase_if(sources_, [](const Source& source) { return source.scale.is_zero(); });
  if (sources_.empty()) return {};
  if (sources_.size() == 1) {
    Source only = sources_.front();
    sources_.clear();
    return only;
  }
  std::int64_t exponent = sources_.front().scale.exponent();
  int bound = 0;
  CollapsedAxis rows = sources_.front().map->rows;
  CollapsedAxis columns = sources_.front().map->columns;
  for (const Source& source : sources_) {
    exponent = std::max(exponent, source.scale.exponent());
    bound = std::max(bound, source.map->bound);
    rows = common(rows, source.map->rows);
    columns = common(columns, source.map->columns);
  }
  for (Source& source : sources_) source.map = with_axes(source.map, rows, columns);
  Source sum{pool_.take(rows, columns), Scaled(1.0)};
  const std::size_t area = sum.map->stored().area();
  std::array<const double*, 4> maps{};
  std::array<double, 4> coefficients{};
  for (std::size_t begin = 0; begin < sources_.size(); begin += maps.size()) {
    const std::size_t count = std::min(sources_.size() - begin, maps.size());
    for (std::size_t k = 0; k < count; ++k) {
      maps[k] = sources_[begin + k].map.data();
      coefficients[k] = sources_[begin + k].scale.relative_to(exponent);
    }
    if (begin == 0) {
      linear_combination<false>(count, maps, coefficients, sum.map.data(), area);
    } else {
      linear_combination<true>(count, maps, coefficients, sum.map.data(), area);
    }
  }
  sum.scale = Scaled(1.0).times_power_of_two(exponent);
  sum.map->bound = bound + ceil_log2(static_cast<std::int64_t>(sources_.size()));
  sources_.clear();
  return sum;
}

ChannelGroup TensorAlgebra::combine() {
  merge_equal_maps();
  if (terms_.size() == 1) {
    ChannelGroup only = std::move(terms_.front());
    terms_.clear();
    return only;
  }
  // Part of the tangent is a multiple of the value, for which no map is needed: take out the
  // largest multiple that leaves nothing negative, so that nothing cancels later.
  bool has_zero = false;
  for (const ChannelGroup& term : terms_) has_zero = has_zero || term.v.is_zero();
  Scaled ratio;
  if (!has_zero) {
    ratio = terms_.front().dv / terms_.front().v;
    for (const ChannelGroup& term : terms_) ratio = std::min(ratio, term.dv / term.v);
  }

  ChannelGroup result;
  for (const ChannelGroup& term : terms_) sources_.push_back({term.V, term.v});
  Source value = sum_sources();
  result.V = value.map ? std::move(value.map) : terms_.front().V;
  result.v = value.scale;
  result.dv = ratio * result.v;

  // What is left of equal ratios is rounding.
  const Scaled rounding(0x1p-50);
  for (const ChannelGroup& term : terms_) {
    const Scaled rest = excess(term.dv, ratio * term.v);
    if (rounding * term.dv < rest) sources_.push_back({term.V, rest});
    if (term.D) sources_.push_back({term.D, term.d});
  }
  Source tangent = sum_sources();
  result.D = std::move(tangent.map);
  result.d = tangent.scale;
  terms_.clear();
  if (result.V->bound > kMaxBound) normalise_value(result);
  if (result.D && result.D->bound > kMaxBound) normalise_tangent(result);
  return result;
}

void TensorAlgebra::add(std::span<const Tensor* const> inputs, Tensor& out) {
  std::vector<GroupCursor> cursors;
  cursors.reserve(inputs.size());
  for (const Tensor* input : inputs) cursors.emplace_back(*input);
  for (std::int64_t todo = out.shape.channels; todo > 0;) {
    std::int64_t count = todo;
    for (const GroupCursor& cursor : cursors) count = std::min(count, cursor.left());
    for (GroupCursor& cursor : cursors) {
      terms_.push_back(cursor.group());
      cursor.advance(count);
    }
    out.groups.push_back(combine());
    out.groups.back().channels = count;
    todo -= count;
  }
}

Scaled TensorAlgebra::tangent_sum(const Tensor& tensor) {
  Scaled total;
  for (const ChannelGroup& group : tensor.groups) {
    Scaled sum = group.dv * Scaled(sum_of(group.V));
    if (group.D) sum = sum + group.d * Scaled(sum_of(group.D));
    total = total + sum * Scaled(static_cast<double>(group.channels));
  }
  return total;
}

}  // namespace pyhwnas::proxy
