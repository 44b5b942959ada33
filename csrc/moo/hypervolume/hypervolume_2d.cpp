// The area of rectangles: what each adds to those that are longer, from bottom to top.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "moo/argsort.hpp"
#include "moo/hypervolume/hypervolume_sweeps.hpp"

namespace pyhwnas::moo {

double volume_of_rectangles(const Boxes& boxes) {
  const std::size_t n = boxes.size();
  std::vector<std::uint32_t> order(n);
  Argsort(n).order(Column{boxes.sides.data(), 2, n}, order);
  double area = 0.0;
  double height = 0.0;
  for (std::size_t k = n; k-- > 0;) {
    const double* box = boxes[order[k]];
    if (box[1] <= height) continue;
    area += box[0] * (box[1] - height);
    height = box[1];
  }
  return area;
}

}  // namespace pyhwnas::moo
