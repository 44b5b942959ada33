// Which algorithm computes exclusive volumes, and what infinite sides mean for them: sweeps in few
// objectives (contribution_sweeps.hpp), limited sets in many (hypervolume_contributions_wfg.hpp).
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "moo/hypervolume/boxes.hpp"
#include "moo/hypervolume/contribution_sweeps.hpp"
#include "moo/hypervolume/hypervolume_contributions_wfg.hpp"
#include "pyhwnas/moo/hypervolume.hpp"
#include "require.hpp"

namespace pyhwnas::moo {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What the longest side has for itself.
void contribution_of_longest(const Boxes& boxes, std::span<double> contributions) {
  const auto longest = std::max_element(boxes.sides.begin(), boxes.sides.end());
  double second = 0.0;
  for (auto side = boxes.sides.begin(); side != boxes.sides.end(); ++side) {
    if (side != longest) second = std::max(second, *side);
  }
  const auto owner = static_cast<std::size_t>(longest - boxes.sides.begin());
  contributions[boxes.rows[owner]] = *longest - second;
}

// No infinite sides; contributions hold zeros.
void add_contributions(Boxes& boxes, std::span<double> contributions, int threads,
                       const Checkpoint& checkpoint) {
  if (boxes.size() == 0) return;
  const int exponent = scale(boxes);
  switch (boxes.m) {
    case 1:
      contribution_of_longest(boxes, contributions);
      break;
    case 2:
      contributions_of_rectangles(boxes, contributions);
      break;
    case 3:
      contributions_in_three(boxes, contributions, checkpoint);
      break;
    case 4:
    case 5:
      contributions_by_cells(boxes, contributions, checkpoint);
      break;
    default:
      contributions_by_limited_sets(boxes, contributions, threads, checkpoint);
  }
  for (const std::uint32_t row : boxes.rows) {
    contributions[row] = std::ldexp(contributions[row], exponent);
  }
}

void add_all_contributions(Boxes& boxes, std::span<double> contributions, int threads,
                           const Checkpoint& checkpoint);

// The rows whose own region reaches to infinity along side k: those that have something for
// themselves, in the other sides, among the boxes that are infinite in that one.
void mark_endless(const Boxes& boxes, std::size_t k, std::span<double> contributions, int threads,
                  const Checkpoint& checkpoint) {
  Boxes section;
  section.m = boxes.m - 1;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    if (boxes[i][k] != kInfinity) continue;
    section.rows.push_back(boxes.rows[i]);
    for (std::size_t j = 0; j < boxes.m; ++j) {
      if (j == k) continue;
      section.sides.push_back(boxes[i][j]);
      section.has_infinite_side |= boxes[i][j] == kInfinity;
    }
  }
  if (section.m == 0) {
    if (section.size() == 1) contributions[section.rows[0]] = kInfinity;
    return;
  }
  std::vector<double> own(contributions.size());
  add_all_contributions(section, own, threads, checkpoint);
  for (const std::uint32_t row : section.rows) {
    if (own[row] > 0.0) contributions[row] = kInfinity;
  }
}

// All others end where the longest finite side does.
void add_all_contributions(Boxes& boxes, std::span<double> contributions, int threads,
                           const Checkpoint& checkpoint) {
  if (!boxes.has_infinite_side) {
    return add_contributions(boxes, contributions, threads, checkpoint);
  }
  std::vector<double> endless(contributions.size());
  for (std::size_t k = 0; k < boxes.m; ++k) {
    double longest = 0.0;
    bool infinite = false;
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      if (boxes[i][k] == kInfinity) {
        infinite = true;
      } else {
        longest = std::max(longest, boxes[i][k]);
      }
    }
    if (!infinite) continue;
    mark_endless(boxes, k, endless, threads, checkpoint);
    if (longest == 0.0) longest = 1.0;
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      double& side = boxes.sides[i * boxes.m + k];
      if (side == kInfinity) side = longest;
    }
  }
  boxes.has_infinite_side = false;
  add_contributions(boxes, contributions, threads, checkpoint);
  for (const std::uint32_t row : boxes.rows) {
    if (endless[row] == kInfinity) contributions[row] = kInfinity;
  }
}

}  // namespace

void hypervolume_contributions(MatrixView<const double> F, std::span<const double> ref_point,
                               std::span<double> contributions, int threads,
                               const Checkpoint& checkpoint) {
  require_size(contributions.size(), "contributions", F.rows());
  require(F.cols() >= 1, "F must have at least one column, got none");
  require_size(ref_point.size(), "ref_point", F.cols());
  std::fill(contributions.begin(), contributions.end(), 0.0);
  Boxes boxes = boxes_below(F, ref_point);
  add_all_contributions(boxes, contributions, threads, checkpoint);
}

}  // namespace pyhwnas::moo
