// The outline of a growing union of rectangles at the origin, and what one more would add to it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace pyhwnas::moo {

// Upper right corners in one sorted array, because moving a few kilobytes beats any tree: adding
// takes O(n), asking O(log n) and a step for each corner that would disappear.
class Outline {
 public:
  double added_by(double width, double height) const {
    std::size_t i = first_not_narrower(width);
    double floor = i < corners_.size() ? corners_[i].height : 0.0;
    double right = width;
    double area = 0.0;
    // Right to left: above the floor that the next corner to the right leaves, down to each corner
    // that is at least as high as the rectangle.
    while (floor < height) {
      const double left = i > 0 ? corners_[i - 1].width : 0.0;
      area += (right - left) * (height - floor);
      if (i == 0) break;
      right = left;
      floor = corners_[--i].height;
    }
    return area;
  }

  void add(double width, double height) {
    const std::size_t i = first_not_narrower(width);
    if (i < corners_.size() && corners_[i].height >= height) return;
    // An equally wide one is lower then.
    const std::size_t last = i + (i < corners_.size() && corners_[i].width == width ? 1 : 0);
    std::size_t first = i;
    while (first > 0 && corners_[first - 1].height <= height) --first;
    const auto at = corners_.begin();
    if (first == last) {
      corners_.insert(at + static_cast<std::ptrdiff_t>(first), {width, height});
    } else {
      corners_[first] = {width, height};
      corners_.erase(at + static_cast<std::ptrdiff_t>(first) + 1,
                     at + static_cast<std::ptrdiff_t>(last));
    }
  }

 private:
  // Widths ascend, heights descend.
  struct Corner {
    double width;
    double height;
  };

  std::size_t first_not_narrower(double width) const {
    const auto corner = std::lower_bound(corners_.begin(), corners_.end(), width,
                                         [](const Corner& c, double w) { return c.width < w; });
    return static_cast<std::size_t>(corner - corners_.begin());
  }

  std::vector<Corner> corners_;
};

}  // namespace pyhwnas::moo
