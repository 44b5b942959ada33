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
  group.V = pool_.ones(out.shape.extent().area());
  group.v = Scaled(1.0);
  out.groups.push_back(std::move(group));
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

TensorAlgebra::Source TensorAlgebra::sum_sources(std::size_t area) {
  std::erase_if(sources_, [](const Source& source) { return source.scale.is_zero(); });
  if (sources_.empty()) return {};
  if (sources_.size() == 1) {
    Source only = sources_.front();
    sources_.clear();
    return only;
  }
  Source sum{pool_.take(area), Scaled(1.0)};
  std::int64_t exponent = sources_.front().scale.exponent();
  int bound = 0;
  for (const Source& source : sources_) {
    exponent = std::max(exponent, source.scale.exponent());
    bound = std::max(bound, source.map->bound);
  }
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

ChannelGroup TensorAlgebra::combine(std::size_t area) {
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
  Source value = sum_sources(area);
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
  Source tangent = sum_sources(area);
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
    out.groups.push_back(combine(out.shape.extent().area()));
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
