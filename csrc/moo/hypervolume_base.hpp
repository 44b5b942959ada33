// The volume of a few boxes with few sides: what the recursions over more sides end in.
//
// A box is the set of all x with 0 <= x <= p, for a point p of positive sides, so that larger is
// better and the volume of a single box is the product of its sides.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "moo/free_cells.hpp"

namespace pyhwnas::moo {

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

// One thread's scratch memory for it; after the first calls nothing is allocated any more.
class BaseVolume {
 public:
  // The most sides that it is meant for.
  static constexpr std::size_t kMaxSides = 6;

  // Volume of the union of n boxes, each a row of m sides, m from 1 to kMaxSides. The boxes may
  // come in any order; they may contain each other, and be equal.
  double operator()(const double* sides, std::size_t n, std::size_t m) {
    if (n == 0) return 0.0;
    order_.resize(n);
    std::iota(order_.begin(), order_.end(), 0U);
    std::sort(order_.begin(), order_.end(), [&](std::uint32_t i, std::uint32_t j) {
      const double a = sides[i * m + m - 1];
      const double b = sides[j * m + m - 1];
      return a != b ? a > b : i < j;
    });
    switch (m) {
      case 1:
        return sides[order_[0]];
      case 2:
      case 3:
        return by_staircase(sides, m);
      case 4:
        return by_cells(cells_3_, sides, m);
      case 5:
        return by_cells(cells_4_, sides, m);
      default:
        return by_cells(cells_5_, sides, m);
    }
  }

 private:
  // From the longest last side to the shortest, with the area of what is still as long.
  double by_staircase(const double* sides, std::size_t m) {
    staircase_.clear();
    double sum = 0.0;
    for (std::size_t k = 0; k < order_.size(); ++k) {
      const double* box = sides + order_[k] * m;
      staircase_.add(box[0], box[1]);
      if (m == 2) continue;
      const double shorter = k + 1 < order_.size() ? sides[order_[k + 1] * m + 2] : 0.0;
      sum += staircase_.area() * (box[2] - shorter);
    }
    return m == 2 ? staircase_.area() : sum;
  }

  template <std::size_t D>
  double by_cells(FreeCells<D>& cells, const double* sides, std::size_t m) {
    cells.clear();
    double sum = 0.0;
    for (const std::uint32_t i : order_) sum += cells.insert(sides + i * m) * sides[i * m + D];
    return sum;
  }

  std::vector<std::uint32_t> order_;
  Staircase staircase_;
  FreeCells<3> cells_3_;
  FreeCells<4> cells_4_;
  FreeCells<5> cells_5_;
};

}  // namespace pyhwnas::moo
