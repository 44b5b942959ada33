#include "proxy/tensor_algebra.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>

#include "proxy/activations.hpp"

namespace pyhwnas::proxy {
namespace {

// Maps whose values may exceed 2^kMaxBound are scaled down; far enough from overflow that products
// and window sums of such maps are safe, and rare enough to cost nothing.
constexpr int kMaxBound = 64;

int ceil_log2(std::int64_t n) {
  return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(n) - 1));
}

// Divides a map by a power of two where its largest value is far from 1, and returns the exponent:
// exact. The map must not be shared yet.
int normalise(const MapRef& map) {
  std::vector<double>& values = map->values;
  const double largest = *std::max_element(values.begin(), values.end());
  int exponent = 0;
  std::frexp(largest, &exponent);
  const int taken = std::abs(exponent) <= kMaxBound / 2 ? 0 : std::clamp(exponent, -1000, 1000);
  map->bound = exponent - taken;
  if (taken == 0) return 0;
  const double factor = power_of_two(-taken);
  for (double& value : values) value *= factor;
  return taken;
}

void normalise_value(ChannelGroup& group) {
  const int exponent = normalise(group.V);
  group.v = group.v.times_power_of_two(exponent);
  group.dv = group.dv.times_power_of_two(exponent);
}

void normalise_tangent(ChannelGroup& group) {
  if (!group.D) return;
  group.d = group.d.times_power_of_two(normalise(group.D));
}

// out (+)= sum of coefficients[k] * maps[k].
template <std::size_t N, bool accumulate>
void linear_combination(const std::array<const double*, 4>& maps,
                        const std::array<double, 4>& coefficients, double* __restrict out,
                        std::size_t area) {
  for (std::size_t i = 0; i < area; ++i) {
    double sum = accumulate ? out[i] : 0.0;
    for (std::size_t k = 0; k < N; ++k) sum += coefficients[k] * maps[k][i];
    out[i] = sum;
  }
}

template <bool accumulate>
void linear_combination(std::size_t count, const std::array<const double*, 4>& maps,
                        const std::array<double, 4>& coefficients, double* out, std::size_t area) {
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
}

// A linear operation whose weights are all w: v' = w v, d' = w (v + d).
void pass_weights(ChannelGroup& group, const Scaled& weight) {
  group.dv = weight * (group.v + group.dv);
  group.v = weight * group.v;
  group.d = weight * group.d;
}

void scale(ChannelGroup& group, const Scaled& factor) {
  group.v = factor * group.v;
  group.dv = factor * group.dv;
  group.d = factor * group.d;
}

double sum_of(const MapRef& map) {
  double sum = 0.0;
  for (const double value : map->values) sum += value;
  return sum;
}

// Walks through the groups of a tensor channel by channel.
class GroupCursor {
 public:
  explicit GroupCursor(const Tensor& tensor) : group_(tensor.groups.data()) {}

  const ChannelGroup& group() const { return *group_; }
  std::int64_t left() const { return group_->channels - used_; }
  void advance(std::int64_t channels) {
    used_ += channels;
    if (used_ < group_->channels) return;
    ++group_;
    used_ = 0;
  }

 private:
  const ChannelGroup* group_;
  std::int64_t used_ = 0;
};

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

MapRef TensorAlgebra::filter_map(const MapRef& map, const Window& window, Boxed boxed, Extent from,
                                 Extent to) {
  if (!map) return {};
  MapRef out = pool_.take(to.area());
  box_filter(map.data(), from, window, boxed, out.data(), to, row_);
  out->bound = map->bound;
  if (boxed == Boxed::sum) out->bound += 2 * ceil_log2(window.kernel);
  return out;
}

ChannelGroup TensorAlgebra::filter(const ChannelGroup& group, const Window& window, Boxed boxed,
                                   Extent from, Extent to) {
  if (window.keeps_every_pixel()) return group;
  ChannelGroup out = group;
  out.V = filter_map(group.V, window, boxed, from, to);
  out.D = filter_map(group.D, window, boxed, from, to);
  // A stride may step over the largest values, a sum may reach the bound.
  if (window.stride > 1 || out.V->bound > kMaxBound) normalise_value(out);
  if (out.D && (window.stride > 1 || out.D->bound > kMaxBound)) normalise_tangent(out);
  return out;
}

void TensorAlgebra::convolve(const Node& node, const Tensor& in, Tensor& out) {
  const std::int64_t group_in = in.shape.channels / node.groups;
  const std::int64_t group_out = node.shape.channels / node.groups;
  const double fan_in = static_cast<double>(group_in) * static_cast<double>(node.window.kernel) *
                        static_cast<double>(node.window.kernel);
  const Scaled mean(weight_gain_ / std::sqrt(fan_in));
  const Extent from = in.shape.extent();
  const Extent to = out.shape.extent();

  const auto emit = [&](const ChannelGroup& source, const Scaled& weight, std::int64_t channels) {
    ChannelGroup result = filter(source, node.window, Boxed::sum, from, to);
    pass_weights(result, weight);
    if (node.bias) {  // a constant here: its own weight counts in the value, not in the tangent
      terms_.push_back(std::move(result));
      terms_.push_back({0, pool_.ones(to.area()), {}, mean, {}, {}});
      result = combine(to.area());
    }
    result.channels = channels;
    out.groups.push_back(std::move(result));
  };

  GroupCursor cursor(in);
  for (std::int64_t todo = node.groups; todo > 0;) {
    if (cursor.left() >= group_in) {
      // So many convolution groups see equal channels only: they are equal too.
      const std::int64_t count = cursor.left() / group_in;
      emit(cursor.group(), mean * Scaled(static_cast<double>(group_in)), count * group_out);
      cursor.advance(count * group_in);
      todo -= count;
      continue;
    }
    for (std::int64_t missing = group_in; missing > 0;) {
      const std::int64_t count = std::min(missing, cursor.left());
      terms_.push_back(cursor.group());
      scale(terms_.back(), Scaled(static_cast<double>(count)));
      cursor.advance(count);
      missing -= count;
    }
    emit(combine(from.area()), mean, group_out);
    --todo;
  }
}

void TensorAlgebra::convolve_channels(const Node& node, const Tensor& in, Tensor& out) {
  const std::int64_t half = node.window.kernel / 2;
  const Scaled mean(weight_gain_ / std::sqrt(static_cast<double>(node.window.kernel)));
  const std::int64_t channels = in.shape.channels;
  GroupCursor first(in);  // at the first channel that the window sees
  for (std::int64_t channel = 0; channel < channels;) {
    const std::int64_t begin = std::max<std::int64_t>(channel - half, 0);
    const std::int64_t end = std::min(channel + half + 1, channels);
    GroupCursor cursor = first;
    for (std::int64_t missing = end - begin; missing > 0;) {
      const std::int64_t count = std::min(missing, cursor.left());
      terms_.push_back(cursor.group());
      scale(terms_.back(), Scaled(static_cast<double>(count)));
      cursor.advance(count);
      missing -= count;
    }
    // A whole window within a group sees the same until it reaches the group's end.
    const bool inside = end - begin == node.window.kernel && terms_.size() == 1;
    const std::int64_t same = inside ? first.left() - node.window.kernel + 1 : 1;
    ChannelGroup result = combine(1);
    pass_weights(result, mean);
    result.channels = same;
    out.groups.push_back(std::move(result));
    channel += same;
    first.advance(std::max<std::int64_t>(channel - half, 0) - begin);
  }
}

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

ChannelGroup TensorAlgebra::product(const ChannelGroup& a, const ChannelGroup& b,
                                    std::size_t area) {
  // (v V)(w W), with tangent (dv V + d D) w W + v V (dw W + e E).
  const auto times = [&](const MapRef& left, const MapRef& right) {
    MapRef map = pool_.take(area);
    map->bound = left->bound + right->bound;
    for (std::size_t i = 0; i < area; ++i) map.data()[i] = left.data()[i] * right.data()[i];
    return map;
  };
  ChannelGroup result;
  result.V = times(a.V, b.V);
  result.v = a.v * b.v;
  result.dv = a.dv * b.v + a.v * b.dv;
  if (a.D) sources_.push_back({times(a.D, b.V), a.d * b.v});
  if (b.D) sources_.push_back({times(a.V, b.D), a.v * b.d});
  Source tangent = sum_sources(area);
  result.D = std::move(tangent.map);
  result.d = tangent.scale;
  normalise_value(result);
  normalise_tangent(result);
  return result;
}

void TensorAlgebra::multiply(const Tensor& first, const Tensor& second, Tensor& out) {
  const std::size_t area = out.shape.extent().area();
  const bool is_gate = second.shape.extent() != first.shape.extent();
  GroupCursor left(first);
  GroupCursor right(second);
  for (std::int64_t todo = out.shape.channels; todo > 0;) {
    const std::int64_t count = std::min(left.left(), right.left());
    const ChannelGroup& a = left.group();
    const ChannelGroup& b = right.group();
    if (is_gate) {  // one number per channel: scales change, maps stay
      const Scaled gate = b.v * Scaled(*b.V.data());
      Scaled slope = b.dv * Scaled(*b.V.data());
      if (b.D) slope = slope + b.d * Scaled(*b.D.data());
      ChannelGroup result = a;
      scale(result, gate);
      result.dv = result.dv + a.v * slope;
      out.groups.push_back(std::move(result));
    } else {
      out.groups.push_back(product(a, b, area));
    }
    out.groups.back().channels = count;
    left.advance(count);
    right.advance(count);
    todo -= count;
  }
}

template <class Activation>
ChannelGroup TensorAlgebra::apply(const ChannelGroup& group, std::size_t area,
                                  const Activation& activation) {
  // The true magnitude, as far as a double can hold it: past 2^900 every activation is at its
  // limit, and below 2^-900 it is linear or constant.
  const std::int64_t exponent = std::clamp<std::int64_t>(group.v.exponent(), -900, 900);
  const double magnitude = group.v.times_power_of_two(exponent - group.v.exponent()).relative_to(0);
  const std::int64_t tangent_exponent = std::max(group.dv.exponent(), group.d.exponent());
  const double from_value = group.dv.relative_to(tangent_exponent);
  const double from_tangent = group.d.relative_to(tangent_exponent);

  ChannelGroup result;
  result.channels = group.channels;
  result.V = pool_.take(area);
  result.v = Activation::is_ratio ? group.v : Scaled(1.0);
  result.D = pool_.take(area);
  result.d = Scaled(1.0).times_power_of_two(tangent_exponent);
  for (std::size_t i = 0; i < area; ++i) {
    const double value = group.V.data()[i];
    const auto [height, slope] = activation(magnitude * value);
    double tangent = from_value * value;
    if (group.D) tangent += from_tangent * group.D.data()[i];
    result.V.data()[i] = Activation::is_ratio ? height * value : height;
    result.D.data()[i] = slope * tangent;
  }
  normalise_value(result);
  normalise_tangent(result);
  return result;
}

void TensorAlgebra::activate(Opcode op, const Tensor& in, Tensor& out) {
  const std::size_t area = in.shape.extent().area();
  for (const ChannelGroup& group : in.groups) {
    switch (op) {
      case Opcode::relu6:
        // Values below 4 pass unchanged, however small they are.
        out.groups.push_back(
            group.v.exponent() + group.V->bound <= 2 ? group : apply(group, area, Relu6{}));
        break;
      case Opcode::hswish:
        out.groups.push_back(apply(group, area, HardSwish{}));
        break;
      case Opcode::hsigmoid:
        out.groups.push_back(apply(group, area, HardSigmoid{}));
        break;
      case Opcode::sigmoid:
        out.groups.push_back(apply(group, area, Sigmoid{}));
        break;
      case Opcode::silu:
        out.groups.push_back(apply(group, area, Silu{}));
        break;
      case Opcode::gelu:
        out.groups.push_back(apply(group, area, Gelu{}));
        break;
      default:  // relu: values are never negative
        out.groups.push_back(group);
    }
  }
}

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
    if (map == pool_.ones(from.area())) return pool_.ones(to.area());
    MapRef rest = pool_.take(to.area());
    const double* row = map.data() + (from.height - to.height) * from.width + from.width - to.width;
    for (std::int64_t y = 0; y < to.height; ++y, row += from.width) {
      std::copy_n(row, to.width, rest.data() + y * to.width);
    }
    rest->bound = map->bound;
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
