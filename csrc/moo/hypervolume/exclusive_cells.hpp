// What exactly one of a growing set of boxes covers, cut into disjoint cells with their owners.
//
// What a new box p has for itself is cut along the free cells that it reaches, each up to p. Those
// cells are bounds of the free region within p, and its holders with p itself as the limit; so when
// a later box q reaches one, it gives way to new bounds just as a free cell does (see
// free_cells.hpp). A new bound that q would hold beyond p stands for no cell. Every cell is
// independent of its neighbours.
//
// In three sides there are O(n) cells of either kind: the corners of the regions that no box, and
// at most one box covers (Clarkson, Shor 1989, doi:10.1007/BF02187740, bounds the second by the
// first).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "moo/hypervolume/free_cells.hpp"

namespace pyhwnas::moo {

template <std::size_t D>
class ExclusiveCells {
 public:
  // contributions: of the owners, to be added to.
  explicit ExclusiveCells(std::span<double> contributions) : contributions_(contributions) {
    points_.clear();
    free_.clear();
    for (std::uint32_t k = 0; k < D; ++k) free_.candidate().holders[k] = k;
    free_.keep_if(true);
    free_.end_new(points_);
    owned_.clear();
  }

  std::size_t size() const { return free_.size() + owned_.size(); }

  // Adds the box of p, which has D + 1 sides; the last is no longer than that of any box before.
  void insert(const double* p, std::uint32_t owner) {
    const std::size_t n_owned = owned_.find_below(p);
    const std::size_t n_free = free_.find_below(p);
    if (n_owned + n_free == 0) return;
    const std::uint32_t id = points_.add(p);

    owned_.begin_new(n_owned * D + n_free);
    for (std::size_t i = 0; i < n_owned; ++i) {
      const Owned cell = owned_.below(i);
      const double* own = points_[cell.point];
      const CutCell<D> cut(points_, cell.holders, own);
      contributions_[cell.owner] += cut.volume() * (cell.since - p[D]);
      for (std::size_t j = 0; j < D; ++j) {
        Owned& next = owned_.candidate();
        next = cell;
        next.holders[j] = id;
        next.since = p[D];
        owned_.keep_if(p[j] <= cut.nearest[j] && p[j] < own[j]);
      }
    }
    free_.begin_new(n_free * D);
    for (std::size_t i = 0; i < n_free; ++i) {
      const Free cell = free_.below(i);
      owned_.candidate() = {cell.holders, id, owner, p[D]};
      owned_.keep_if(true);
      const CutCell<D> cut(points_, cell.holders, p);
      for (std::size_t j = 0; j < D; ++j) {
        Free& next = free_.candidate();
        next = cell;
        next.holders[j] = id;
        free_.keep_if(p[j] <= cut.nearest[j]);
      }
    }
    owned_.end_new(points_);
    free_.end_new(points_);
  }

  void finish() {
    for (std::size_t i = 0; i < owned_.size(); ++i) {
      const Owned& cell = owned_[i];
      const CutCell<D> cut(points_, cell.holders, points_[cell.point]);
      contributions_[cell.owner] += cut.volume() * cell.since;
    }
  }

 private:
  struct Free {
    Holders<D> holders;
  };
  struct Owned {
    Holders<D> holders;
    std::uint32_t point;
    std::uint32_t owner;
    double since;  // the last side from which on it is as it is
  };

  Points<D> points_;
  CellSet<D, Free> free_;
  CellSet<D, Owned> owned_;
  std::span<double> contributions_;
};

}  // namespace pyhwnas::moo
