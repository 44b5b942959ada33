// For a point, a row that is likely to lie below it in each of its two or three coordinates.
//
// A grid over all columns but the last holds, in each cell, the row with the least value in the
// last column among those in smaller cells of each column. What a row's cell says about its value
// is monotone and needs no exact edges, so rounding costs a near miss at most, and the caller
// checks the row that is proposed. O(n + cells) time to build, O(1) for a point.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "pyhwnas/matrix_view.hpp"

namespace pyhwnas::moo {

// Scale::place(x) is where a value stands on an axis of equal cells: monotone, finite.
template <class Scale>
class CoverGuide {
 public:
  static bool serves(std::size_t m) { return m == 2 || m == 3; }

  // At least one row, of two or three columns.
  explicit CoverGuide(MatrixView<const double> rows)
      : n_axes_(rows.cols() - 1),
        n_cells_(n_axes_ == 1 ? kCells : kCellsOfTwo),
        cells_(n_axes_ == 1 ? kCells + 1 : (kCellsOfTwo + 1) * (kCellsOfTwo + 1)) {
    for (std::size_t k = 0; k < n_axes_; ++k) {
      double low = Scale::place(rows(0, k));
      double high = low;
      for (std::size_t r = 1; r < rows.rows(); ++r) {
        const double place = Scale::place(rows(r, k));
        low = std::min(low, place);
        high = std::max(high, place);
      }
      low_[k] = low;
      const double per_cell = static_cast<double>(n_cells_) / (high - low);
      // No range, or one that overflows or vanishes: all rows share the first cell.
      per_cell_[k] = std::isfinite(per_cell) ? per_cell : 0.0;
    }
    for (std::size_t r = 0; r < rows.rows(); ++r) {
      // A row on the upper edge is of use in no cell but the last.
      const std::size_t i = std::min(cell(rows(r, 0), 0) + 1, n_cells_);
      const std::size_t j = n_axes_ == 2 ? std::min(cell(rows(r, 1), 1) + 1, n_cells_) : 0;
      lower(at(i, j), {rows(r, n_axes_), static_cast<std::uint32_t>(r)});
    }
    spread();
  }

  std::uint32_t propose(const double* point) const {
    const std::size_t j = n_axes_ == 2 ? cell(point[1], 1) : 0;
    return cells_[cell(point[0], 0) * (n_axes_ == 2 ? n_cells_ + 1 : 1) + j].row;
  }

 private:
  static constexpr std::size_t kCells = 4096;
  static constexpr std::size_t kCellsOfTwo = 96;

  struct Cell {
    double last = std::numeric_limits<double>::infinity();
    std::uint32_t row = 0;
  };

  static void lower(Cell& cell, const Cell& other) {
    if (other.last < cell.last) cell = other;
  }

  Cell& at(std::size_t i, std::size_t j) {
    return cells_[i * (n_axes_ == 2 ? n_cells_ + 1 : 1) + j];
  }

  std::size_t cell(double x, std::size_t k) const {
    const double place = (Scale::place(x) - low_[k]) * per_cell_[k];
    // The first is false for NaN, from an infinite difference and no cells per unit.
    if (!(place > 0.0)) return 0;
    return place < static_cast<double>(n_cells_) ? static_cast<std::size_t>(place) : n_cells_;
  }

  // Each cell learns the best of those before it.
  void spread() {
    if (n_axes_ == 1) {
      for (std::size_t i = 1; i <= n_cells_; ++i) lower(cells_[i], cells_[i - 1]);
      return;
    }
    for (std::size_t i = 0; i <= n_cells_; ++i) {
      for (std::size_t j = 0; j <= n_cells_; ++j) {
        if (j > 0) lower(at(i, j), at(i, j - 1));
        if (i > 0) lower(at(i, j), at(i - 1, j));
      }
    }
  }

  std::size_t n_axes_;
  std::size_t n_cells_;
  std::vector<Cell> cells_;
  std::array<double, 2> low_{};
  std::array<double, 2> per_cell_{};
};

// Cells of equal width.
struct LinearScale {
  static double place(double x) { return x; }
};

// Cells of about equal ratios, for positive values: the bits of a double rise like its logarithm.
struct RatioScale {
  static double place(double x) { return static_cast<double>(std::bit_cast<std::int64_t>(x)); }
};

}  // namespace pyhwnas::moo
