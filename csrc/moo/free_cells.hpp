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
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

namespace pyhwnas::moo {

// Everything but grow() is inlined into its caller, so that a body under simd::widest has wide
// instructions throughout.
template <std::size_t D>
class FreeCells {
  static_assert(D >= 2 && D <= 8);

 public:
  // Back to the empty union. Memory is kept.
  [[gnu::always_inline]] void clear() {
    for (std::size_t j = 0; j < D; ++j) {
      std::fill_n(bounds_.data() + j * capacity_, size_, kNever);
    }
    size_ = 0;
    reserve(1);
    Cell& all = cells_[0];
    for (std::size_t k = 0; k < D; ++k) {
      for (std::size_t j = 0; j < D; ++j) all.z[k][j] = j == k ? 0.0 : kNever;
    }
    write_bounds(0);
    size_ = 1;
  }

  std::size_t size() const { return size_; }

  // Adds the box of p and returns the volume that is new.
  [[gnu::always_inline]] double insert(const double* p) {
    const std::size_t n_below = find_below(p);
    reserve(size_ + n_below * (D - 1));
    if (new_.size() < n_below * D + 1) new_.resize(2 * n_below * D + 1);
    double gain = 0.0;
    std::size_t n_new = 0;
    for (std::size_t i = 0; i < n_below; ++i) {
      const Cell& cell = cells_[below_[i]];
      double volume = 1.0;
      for (std::size_t j = 0; j < D; ++j) {
        double end = p[j];
        for (std::size_t k = 0; k < j; ++k) end = std::min(end, cell.z[k][j]);
        volume *= end - cell.z[j][j];
      }
      gain += volume;

      for (std::size_t j = 0; j < D; ++j) {
        double nearest = kNever;
        for (std::size_t k = 0; k < D; ++k)
          nearest = k == j ? nearest : std::min(nearest, cell.z[k][j]);
        Cell& next = new_[n_new];
        next = cell;
        for (std::size_t k = 0; k < D; ++k) next.z[j][k] = p[k];
        n_new += p[j] <= nearest;
      }
    }

    const std::size_t n_kept = std::min(n_below, n_new);
    for (std::size_t i = 0; i < n_new; ++i) {
      const std::size_t slot = i < n_kept ? below_[i] : size_++;
      cells_[slot] = new_[i];
      write_bounds(slot);
    }
    for (std::size_t i = n_below; i-- > n_kept;) remove(below_[i]);
    return gain;
  }

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();
  static constexpr std::size_t kBlock = 64;

  // A table, because a shift by the loop's counter is not vectorised everywhere.
  static constexpr auto kBit = [] {
    std::array<std::uint64_t, kBlock> bit{};
    for (std::size_t i = 0; i < kBlock; ++i) bit[i] = std::uint64_t{1} << i;
    return bit;
  }();

  // z[k]: the sides of the point that holds side k, so z[k][k] is side k of the bound.
  struct Cell {
    double z[D][D];
  };

  // Indices of the bounds that are below p in every side, into below_; returns their number.
  [[gnu::always_inline]] std::size_t find_below(const double* p) {
    std::uint32_t* out = below_.data();
    for (std::size_t start = 0; start < size_; start += kBlock) {
      const double* bounds = bounds_.data() + start;
      std::uint64_t found = 0;
      for (std::size_t i = 0; i < kBlock; ++i) {
        bool below = bounds[i] < p[0];
        for (std::size_t j = 1; j < D; ++j) below &= bounds[j * capacity_ + i] < p[j];
        found |= below ? kBit[i] : 0;
      }
      for (; found != 0; found &= found - 1) {
        *out++ =
            static_cast<std::uint32_t>(start + static_cast<std::size_t>(std::countr_zero(found)));
      }
    }
    return static_cast<std::size_t>(out - below_.data());
  }

  [[gnu::always_inline]] void write_bounds(std::size_t slot) {
    for (std::size_t j = 0; j < D; ++j) bounds_[j * capacity_ + slot] = cells_[slot].z[j][j];
  }

  [[gnu::always_inline]] void remove(std::size_t slot) {
    --size_;
    cells_[slot] = cells_[size_];
    write_bounds(slot);
    for (std::size_t j = 0; j < D; ++j) bounds_[j * capacity_ + size_] = kNever;
  }

  [[gnu::always_inline]] void reserve(std::size_t needed) {
    if (needed > capacity_) [[unlikely]] {
      grow(needed);
    }
  }

  [[gnu::noinline]] void grow(std::size_t needed) {
    const std::size_t capacity = (std::max(needed, 2 * capacity_) + 2 * kBlock) / kBlock * kBlock;
    std::vector<double> bounds(capacity * D, kNever);
    for (std::size_t j = 0; j < D; ++j) {
      std::copy_n(bounds_.data() + j * capacity_, size_, bounds.data() + j * capacity);
    }
    bounds_.swap(bounds);
    cells_.resize(capacity);
    below_.resize(capacity);
    capacity_ = capacity;
  }

  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  // bounds_[j * capacity_ + i]: side j of the i-th local lower bound; kNever from size_ on.
  std::vector<double> bounds_;
  std::vector<Cell> cells_;
  std::vector<Cell> new_;
  std::vector<std::uint32_t> below_;
};

}  // namespace pyhwnas::moo
