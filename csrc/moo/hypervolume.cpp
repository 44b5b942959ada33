#include <cassert>
#include <cmath>
#include <limits>

#include "moo/rows.hpp"
#include "pyhwnas/moo/hypervolume.hpp"

namespace pyhwnas::moo {
namespace {

// Inside this file a point is the box between it and the reference: a row of positive side lengths,
// so that larger is better and the volume of a single point is the product of its sides.

// The outline of a growing union of rectangles at the origin, as its upper right corners: widths
// ascend, heights descend. One sorted array, because moving a few kilobytes beats any tree.
class Staircase {
 public:
  double area() const { return area_; }

  void clear() {
    corners_.clear();
    area_ = 0.0;
  }

  void add(double width, double height) {
    const auto after =
        std::upper_bound(corners_.begin(), corners_.end(), width,
                         [](double w, const Corner& corner) { return w < corner.width; });
    auto first = after;
    if (after != corners_.end() && after->height >= height) return;
    if (first != corners_.begin() && (first - 1)->width == width && (first - 1)->height >= height) {
      return;
    }
    // The new area, right to left: one strip above each corner that disappears, and one beside.
    double right = width;
    double floor = after != corners_.end() ? after->height : 0.0;
    while (first != corners_.begin() && (first - 1)->height <= height) {
      --first;
      area_ += (right - first->width) * (height - floor);
      right = first->width;
      floor = first->height;
    }
    const double left = first != corners_.begin() ? (first - 1)->width : 0.0;
    area_ += (right - left) * (height - floor);

    if (first == after) {
      corners_.insert(after, {width, height});
    } else {
      *first = {width, height};
      corners_.erase(first + 1, after);
    }
  }

 private:
  struct Corner {
    double width;
    double height;
  };
  std::vector<Corner> corners_;
  double area_ = 0.0;
};

// A set of boxes and, once sorted, their order.
struct BoxSet {
  std::vector<double> sides;
  std::vector<std::uint32_t> order;
  std::size_t size = 0;
  std::size_t m = 0;

  const double* operator[](std::size_t i) const { return sides.data() + i * m; }
  double last_side(std::size_t i) const { return sides[i * m + m - 1]; }

  void reset(std::size_t capacity, std::size_t n_sides) {
    sides.resize(capacity * n_sides);
    size = 0;
    m = n_sides;
  }

  double* next_row() { return sides.data() + size * m; }

  // Takes in the row written at next_row(), unless another box contains it; drops those it
  // contains.
  void keep_maximal() {
    const double* candidate = next_row();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size; ++i) {
      // Contained: stop. Nothing was dropped then, or this box would have been contained before.
      if (contains((*this)[i], candidate)) return;
      if (contains(candidate, (*this)[i])) continue;
      if (kept != i) std::copy_n((*this)[i], m, sides.data() + kept * m);
      ++kept;
    }
    if (kept != size) std::copy_n(candidate, m, sides.data() + kept * m);
    size = kept + 1;
  }

  void sort_by_last_side() {
    order.resize(size);
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [this](std::uint32_t i, std::uint32_t j) {
      return last_side(i) != last_side(j) ? last_side(i) < last_side(j) : i < j;
    });
  }

 private:
  bool contains(const double* outer, const double* inner) const {
    for (std::size_t k = 0; k < m; ++k) {
      if (outer[k] < inner[k]) return false;
    }
    return true;
  }
};

// One thread's recursion; levels[k] holds the set that is worked on at depth k.
class Slicer {
 public:
  explicit Slicer(std::size_t m) : levels_(m > 3 ? m - 3 : 0) {}

  double volume(BoxSet& boxes, std::size_t depth = 0) {
    if (boxes.size == 0) return 0.0;
    if (boxes.m <= 3) return sweep(boxes);
    boxes.sort_by_last_side();
    double sum = 0.0;
    for (std::size_t k = 0; k < boxes.size; ++k) sum += exclusive(boxes, k, depth);
    return sum;
  }

  // What the k-th box in order adds to those after it. Its last side is the shortest among them, so
  // whatever it shares with them spans all of that side: slice it off, and go on with one side
  // less.
  double exclusive(const BoxSet& boxes, std::size_t k, std::size_t depth) {
    const double* box = boxes[boxes.order[k]];
    const std::size_t m = boxes.m - 1;
    double own = 1.0;
    for (std::size_t side = 0; side < m; ++side) own *= box[side];

    BoxSet& shared = levels_[depth];
    shared.reset(boxes.size - k, m);
    for (std::size_t later = k + 1; later < boxes.size; ++later) {
      const double* other = boxes[boxes.order[later]];
      double* row = shared.next_row();
      for (std::size_t side = 0; side < m; ++side) row[side] = std::min(box[side], other[side]);
      shared.keep_maximal();
    }
    return box[m] * (own - volume(shared, depth + 1));
  }

 private:
  // From the longest last side to the shortest, with the area of what is still as long.
  double sweep(BoxSet& boxes) {
    boxes.sort_by_last_side();
    if (boxes.m == 1) return boxes.last_side(boxes.order.back());
    staircase_.clear();
    double sum = 0.0;
    for (std::size_t k = boxes.size; k-- > 0;) {
      const double* box = boxes[boxes.order[k]];
      const double shorter = k > 0 ? boxes.last_side(boxes.order[k - 1]) : 0.0;
      if (boxes.m == 2) {
        staircase_.add(box[0], box[1]);
      } else {
        staircase_.add(box[0], box[1]);
        sum += staircase_.area() * (box[2] - shorter);
      }
    }
    return boxes.m == 2 ? staircase_.area() : sum;
  }

  std::vector<BoxSet> levels_;
  Staircase staircase_;
};

// The boxes of all rows that are better than the reference in every objective, each objective
// scaled by a power of two so that the longest side is in [1/2, 1): exact, and no product of sides
// overflows. Returns the exponent taken out.
int scaled_boxes(MatrixView<const double> F, std::span<const double> ref_point, BoxSet& boxes) {
  const std::size_t m = F.cols();
  std::vector<double> longest(m, 0.0);
  std::vector<std::uint32_t> inside;
  for (std::size_t i = 0; i < F.rows(); ++i) {
    bool better = true;
    for (std::size_t k = 0; k < m; ++k) better = better && F(i, k) < ref_point[k];
    if (!better) continue;
    inside.push_back(static_cast<std::uint32_t>(i));
    for (std::size_t k = 0; k < m; ++k) longest[k] = std::max(longest[k], ref_point[k] - F(i, k));
  }
  std::vector<int> exponents(m, 0);
  for (std::size_t k = 0; k < m; ++k) std::frexp(longest[k], &exponents[k]);

  boxes.reset(inside.size(), m);
  for (const std::uint32_t i : inside) {
    double* row = boxes.next_row();
    for (std::size_t k = 0; k < m; ++k) row[k] = std::ldexp(ref_point[k] - F(i, k), -exponents[k]);
    // The sweeps drop contained boxes on their way.
    if (m <= 3) {
      ++boxes.size;
    } else {
      boxes.keep_maximal();
    }
  }
  return std::accumulate(exponents.begin(), exponents.end(), 0);
}

bool has_infinite_side(MatrixView<const double> F, std::span<const double> ref_point) {
  for (std::size_t i = 0; i < F.rows(); ++i) {
    bool better = true;
    bool infinite = false;
    for (std::size_t k = 0; k < F.cols(); ++k) {
      better = better && F(i, k) < ref_point[k];
      infinite = infinite || std::isinf(ref_point[k] - F(i, k));
    }
    if (better && infinite) return true;
  }
  return false;
}

}  // namespace

double hypervolume(MatrixView<const double> F, std::span<const double> ref_point, int threads,
                   const Checkpoint& checkpoint) {
  assert(F.cols() >= 1 && ref_point.size() == F.cols());
  if (has_infinite_side(F, ref_point)) return std::numeric_limits<double>::infinity();
  BoxSet boxes;
  const int exponent = scaled_boxes(F, ref_point, boxes);
  if (boxes.m <= 3) return std::ldexp(Slicer(boxes.m).volume(boxes), exponent);

  // The topmost sum over threads; its terms are added in order, whoever computed them.
  boxes.sort_by_last_side();
  std::vector<double> exclusive(boxes.size);
  std::vector<Slicer> slicers(static_cast<std::size_t>(std::max(threads, 1)), Slicer(boxes.m));
  parallel_for(
      boxes.size, threads,
      [&](std::size_t k, int worker) {
        exclusive[k] = slicers[static_cast<std::size_t>(worker)].exclusive(boxes, k, 0);
      },
      checkpoint);
  return std::ldexp(std::accumulate(exclusive.begin(), exclusive.end(), 0.0), exponent);
}

}  // namespace pyhwnas::moo
