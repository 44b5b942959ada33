// What a growing union of boxes leaves free of the positive orthant, cut into disjoint cells.
//
// A box is the set of all x with 0 <= x <= p, for a point p of positive sides. The free region of
// the points so far is the union of the orthants above its local lower bounds u: corners that no
// box reaches, and that cannot be moved down in any side. Each u is held in place by one point a
// side: z[j] is the point whose j-th side is u[j], while its other sides are beyond u. In general
// position the cells
//
//   u[j] <= x[j] < min over k < j of z[k][j]    for each side j
//
// are disjoint and fill the free region (Lacour, Klamroth, Fonseca 2017,
// doi:10.1016/j.cor.2016.06.021; the bounds themselves: Klamroth, Lacour, Vanderpooten 2015,
// doi:10.1016/j.ejor.2015.03.031). So the volume that a new box adds is a sum of products of
// positive differences, nothing is ever subtracted, over those cells alone whose bound is below p.
// Then each of these bounds gives way to at most D new ones, in which one side is held by p.
//
// Finding the bounds below p is a scan over all of them, D comparisons each, many at a time. There
// are at most 2 n + 1 in three sides. In more there can be about n^floor(D / 2); for points of a
// smooth front it is some constant times n.
//
// Equal sides: the point that came later counts as the shorter one, by less than any number. That
// is general position, and volumes are continuous, so they stay exact.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "moo/hypervolume/cell_set.hpp"

namespace pyhwnas::moo {

// What is known of a cell when a box reaches its lower bound.
template <std::size_t D>
struct CutCell {
  // For each side: where the cell starts and ends, and the nearest of the points that hold other
  // sides.
  double start[D];
  double end[D];
  double nearest[D];

  // `cap` bounds the cell from above.
  CutCell(const Points<D>& points, const Holders<D>& holders, const double* cap) {
    for (std::size_t j = 0; j < D; ++j) {
      start[j] = points[holders[j]][j];
      double least = points[holders[j == 0 ? 1 : 0]][j];
      for (std::size_t k = 1; k < j; ++k) least = std::min(least, points[holders[k]][j]);
      end[j] = j == 0 ? cap[j] : std::min(cap[j], least);
      for (std::size_t k = j == 0 ? 2 : j + 1; k < D; ++k) {
        least = std::min(least, points[holders[k]][j]);
      }
      nearest[j] = least;
    }
  }

  double volume() const {
    double product = end[0] - start[0];
    for (std::size_t j = 1; j < D; ++j) product *= end[j] - start[j];
    return product;
  }
};

template <std::size_t D>
class FreeCells {
 public:
  // Back to the empty union. Memory is kept.
  void clear() {
    points_.clear();
    cells_.clear();
    for (std::uint32_t k = 0; k < D; ++k) cells_.candidate().holders[k] = k;
    cells_.keep_if(true);
    cells_.end_new(points_);
  }

  std::size_t size() const { return cells_.size(); }

  // Adds the box of p and returns the volume that is new.
  double insert(const double* p) {
    const std::size_t n_below = cells_.find_below(p);
    if (n_below == 0) return 0.0;
    const std::uint32_t id = points_.add(p);
    cells_.begin_new(n_below * D);
    double gain = 0.0;
    for (std::size_t i = 0; i < n_below; ++i) {
      const Cell cell = cells_.below(i);
      const CutCell<D> cut(points_, cell.holders, p);
      gain += cut.volume();
      for (std::size_t j = 0; j < D; ++j) {
        Cell& next = cells_.candidate();
        next = cell;
        next.holders[j] = id;
        cells_.keep_if(p[j] <= cut.nearest[j]);
      }
    }
    cells_.end_new(points_);
    return gain;
  }

 private:
  struct Cell {
    Holders<D> holders;
  };

  Points<D> points_;
  CellSet<D, Cell> cells_;
};

}  // namespace pyhwnas::moo
