#include <cassert>
#include <cmath>
#include <limits>

#include "moo/rows.hpp"
#include "pyhwnas/moo/crowding_distance.hpp"

namespace pyhwnas::moo {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Adds one objective's gaps for the members of one front; `front` is reordered by the objective.
void add_gaps(MatrixView<const double> F, std::size_t objective, std::span<std::uint32_t> front,
              std::span<double> distances) {
  const auto value = [&](std::uint32_t i) { return F(i, objective); };
  std::sort(front.begin(), front.end(), [&](std::uint32_t i, std::uint32_t j) {
    return value(i) != value(j) ? value(i) < value(j) : i < j;
  });
  if (value(front.front()) == value(front.back())) return;

  double low = kInfinity;
  double high = -kInfinity;
  for (const std::uint32_t i : front) {
    if (std::isinf(value(i))) continue;
    low = std::min(low, value(i));
    high = std::max(high, value(i));
  }
  // Halves, so that a range of twice the largest double does not overflow.
  const double half_range = high * 0.5 - low * 0.5;
  if (half_range > 0.0) {
    for (std::size_t k = 1; k + 1 < front.size(); ++k) {
      const double next = std::clamp(value(front[k + 1]), low, high);
      const double previous = std::clamp(value(front[k - 1]), low, high);
      distances[front[k]] += (next * 0.5 - previous * 0.5) / half_range;
    }
  }
  distances[front.front()] = kInfinity;
  distances[front.back()] = kInfinity;
}

}  // namespace

void crowding_distance(MatrixView<const double> F, std::span<const std::int32_t> ranks,
                       std::span<double> distances, int threads, const Checkpoint& checkpoint) {
  assert(ranks.size() == F.rows() && distances.size() == F.rows());
  std::vector<std::uint32_t> order(F.rows());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [ranks](std::uint32_t i, std::uint32_t j) {
    return ranks[i] != ranks[j] ? ranks[i] < ranks[j] : i < j;
  });
  std::vector<std::span<std::uint32_t>> fronts;
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && ranks[order[end]] == ranks[order[begin]]) ++end;
    fronts.push_back(std::span(order).subspan(begin, end - begin));
    begin = end;
  }
  // A front's rows are its own, so fronts can be worked on independently.
  const auto measure_front = [&](std::size_t index, int) {
    const std::span<std::uint32_t> front = fronts[index];
    for (const std::uint32_t i : front) distances[i] = front.size() <= 2 ? kInfinity : 0.0;
    if (front.size() <= 2) return;
    for (std::size_t k = 0; k < F.cols(); ++k) add_gaps(F, k, front, distances);
  };
  parallel_for(fronts.size(), threads, measure_front, checkpoint);
}

}  // namespace pyhwnas::moo
