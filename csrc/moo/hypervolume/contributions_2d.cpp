// Exclusive areas of rectangles by one sweep; see contribution_sweeps.hpp.
#include <cstdint>
#include <vector>

#include "moo/argsort.hpp"
#include "moo/hypervolume/contribution_sweeps.hpp"

namespace pyhwnas::moo {

// From the longest first side to the shortest: between two of them the tallest of the boxes so far
// has for itself what is above the second tallest.
void contributions_of_rectangles(const Boxes& boxes, std::span<double> contributions) {
  const std::size_t n = boxes.size();
  std::vector<std::uint32_t> order(n);
  Argsort(n).order(Column{boxes.sides.data(), 2, n}, order);
  double tallest = 0.0;
  double second = 0.0;
  std::uint32_t owner = 0;
  for (std::size_t k = n; k-- > 0;) {
    const double* box = boxes[order[k]];
    const double shorter = k > 0 ? boxes[order[k - 1]][0] : 0.0;
    if (box[1] > tallest) {
      second = tallest;
      tallest = box[1];
      owner = boxes.rows[order[k]];
    } else if (box[1] > second) {
      second = box[1];
    }
    contributions[owner] += (box[0] - shorter) * (tallest - second);
  }
}

}  // namespace pyhwnas::moo
