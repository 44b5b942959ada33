// Cells of the positive orthant by their lower bounds: which lie below a point, and what takes
// their place.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "simd/level.hpp"

namespace pyhwnas::moo {

// Points of D sides by number. The first D are not of any box: the k-th is where side k starts, and
// endless in all others.
template <std::size_t D>
class Points {
 public:
  static constexpr double kEndless = std::numeric_limits<double>::infinity();
  static constexpr std::size_t kStride = D == 3 ? 4 : D;

  void clear() {
    sides_.resize(D * kStride);
    for (std::size_t k = 0; k < D; ++k) {
      for (std::size_t j = 0; j < D; ++j) sides_[k * kStride + j] = j == k ? 0.0 : kEndless;
    }
  }

  // Returns its number.
  std::uint32_t add(const double* p) {
    const std::size_t end = sides_.size();
    sides_.resize(end + kStride);
    for (std::size_t j = 0; j < D; ++j) sides_[end + j] = p[j];
    return static_cast<std::uint32_t>(end / kStride);
  }

  const double* operator[](std::uint32_t id) const { return sides_.data() + id * kStride; }

 private:
  std::vector<double> sides_;
};

// Which point holds each side of a cell's lower bound: side k of the bound is side k of the point
// numbered holders[k].
template <std::size_t D>
using Holders = std::array<std::uint32_t, D>;

// Cell: whatever has holders.
template <std::size_t D, class Cell>
class CellSet {
 public:
  std::size_t size() const { return size_; }
  const Cell& operator[](std::size_t i) const { return cells_[i]; }

  void clear() {
    for (std::size_t j = 0; j < D; ++j) {
      std::fill_n(bounds_.data() + j * capacity_, size_, kNever);
    }
    size_ = 0;
    begin_new(0);
  }

  // Finds the cells whose bound is below p in every side; returns their number. below(i) is valid
  // until end_new().
  std::size_t find_below(const double* p) {
    n_below_ = simd::widest([this, p]() __attribute__((always_inline)) { return scan(p); });
    return n_below_;
  }
  const Cell& below(std::size_t i) const { return cells_[below_[i]]; }

  // Then the cells that were found are replaced: room for so many, one after the other written to
  // candidate() and kept or not.
  void begin_new(std::size_t most) {
    if (new_.size() < most + 1) [[unlikely]] {
      new_.resize(2 * most + 1);
    }
    n_new_ = 0;
  }
  Cell& candidate() { return new_[n_new_]; }
  void keep_if(bool kept) { n_new_ += kept; }
  void end_new(const Points<D>& points) {
    if (size_ + n_new_ > capacity_) [[unlikely]] {
      grow(size_ + n_new_);
    }
    const std::size_t n_kept = std::min(n_below_, n_new_);
    for (std::size_t i = 0; i < n_new_; ++i) {
      const std::size_t slot = i < n_kept ? below_[i] : size_++;
      cells_[slot] = new_[i];
      for (std::size_t j = 0; j < D; ++j) {
        bounds_[j * capacity_ + slot] = points[new_[i].holders[j]][j];
      }
    }
    for (std::size_t i = n_below_; i-- > n_kept;) remove(below_[i]);
    n_below_ = 0;
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

  [[gnu::always_inline]] std::size_t scan(const double* p) {
    std::uint32_t* out = below_.data();
    for (std::size_t start = 0; start < size_; start += kBlock) {
      const double* bounds = bounds_.data() + start;
      std::uint64_t found = 0;
      for (std::size_t i = 0; i < kBlock; ++i) {
        // As arithmetic: compilers take a condition for a jump, and do not vectorise it everywhere.
        std::uint64_t below = kBit[i];
        for (std::size_t j = 0; j < D; ++j) {
          below &= std::uint64_t{0} - static_cast<std::uint64_t>(bounds[j * capacity_ + i] < p[j]);
        }
        found |= below;
      }
      for (; found != 0; found &= found - 1) {
        *out++ =
            static_cast<std::uint32_t>(start + static_cast<std::size_t>(std::countr_zero(found)));
      }
    }
    return static_cast<std::size_t>(out - below_.data());
  }

  // The last cell takes its place.
  void remove(std::size_t slot) {
    --size_;
    cells_[slot] = cells_[size_];
    for (std::size_t j = 0; j < D; ++j) {
      bounds_[j * capacity_ + slot] = bounds_[j * capacity_ + size_];
      bounds_[j * capacity_ + size_] = kNever;
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
  // bounds_[j * capacity_ + i]: side j of the i-th bound; kNever from size_ on.
  std::vector<double> bounds_;
  std::vector<Cell> cells_;
  std::vector<std::uint32_t> below_;
  std::size_t n_below_ = 0;
  std::vector<Cell> new_;
  std::size_t n_new_ = 0;
};

}  // namespace pyhwnas::moo
