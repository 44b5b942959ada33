// A linear operation along one axis, on classes instead of positions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "proxy/tape/classes.hpp"

namespace pyhwnas::proxy {

// Result i is the sum over its taps, from offsets[i] to offsets[i + 1], of weight * input. An input
// of -1 is padding.
struct AxisOperator {
  std::vector<std::int32_t> offsets{0};
  std::vector<std::int32_t> inputs;
  std::vector<double> weights;

  bool operator<(const AxisOperator& other) const {
    return std::tie(offsets, inputs, weights) <
           std::tie(other.offsets, other.inputs, other.weights);
  }

  // The number by which all entries are multiplied, if that is all.
  std::optional<double> multiple_of_identity(std::int32_t n_in) const {
    const auto n_out = static_cast<std::int32_t>(offsets.size()) - 1;
    if (n_out != n_in || inputs.size() != static_cast<std::size_t>(n_in)) return {};
    for (std::int32_t i = 0; i < n_in; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (offsets[at] != i || inputs[at] != i || weights[at] != weights.front()) return {};
    }
    return weights.front();
  }
};

struct Tap {
  std::int64_t position;
  double weight;
};

// taps(position) lists what a result adds up; equal inputs are added once, with their weights'
// sum. Results of a class are alike, so its first position speaks for it.
template <class TapsAt>
AxisOperator summing(const Classes& in, const Classes& out, const TapsAt& taps) {
  AxisOperator made;
  for (std::int32_t i = 0; i < out.count(); ++i) {
    std::map<std::int32_t, double> weights;
    for (const Tap& tap : taps(out.first(i))) weights[in[tap.position]] += tap.weight;
    for (const auto& [input, weight] : weights) {
      made.inputs.push_back(input);
      made.weights.push_back(weight);
    }
    made.offsets.push_back(static_cast<std::int32_t>(made.inputs.size()));
  }
  return made;
}

// Each tap by itself, in order, and padding among them.
inline AxisOperator listing(const Classes& in, const Classes& out, const Window& window) {
  AxisOperator made;
  for (std::int32_t i = 0; i < out.count(); ++i) {
    for (const std::int64_t position : taps_of(window, out.first(i), in.size())) {
      made.inputs.push_back(position < 0 ? -1 : in[position]);
      made.weights.push_back(1.0);
    }
    made.offsets.push_back(static_cast<std::int32_t>(made.inputs.size()));
  }
  return made;
}

}  // namespace pyhwnas::proxy
