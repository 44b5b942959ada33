// Does any of a few thousand rows cover a given one?
//
// For each objective the range of the rows' values is cut into at most 128 bins, and for each bin
// there is a bitmap of the rows whose value lies in it or in one below. A query takes one bitmap
// per objective, that of its own bin: only the rows whose bits are set in all of them can cover it.
// They are few and are compared one by one, so the answer is exact. One instruction settles 512
// rows in an objective, and rows that look alike in the first objectives cost no more than others.
//
// Values are dense ranks. They are spread evenly, so bins of equal widths hold about equal counts,
// and a bin is found by a shift.
//
// Building: O(m (t + 128 t / 512)) for t rows; a query: O(m t / 512 + m candidates). Memory: 128 t
// bits for each objective, half a megabyte for the most rows and eight objectives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pyhwnas/matrix_view.hpp"

namespace pyhwnas::moo {

class CoverTile {
 public:
  static constexpr std::size_t kMaxRows = 4096;

  // Queries and the tile's rows are rows of `ranks`.
  explicit CoverTile(MatrixView<const std::uint32_t> ranks);

  // Takes in some rows, at least one, and the objectives that count. `rows` must outlive it.
  void build(std::span<const std::uint32_t> rows, std::span<const std::uint32_t> objectives);

  // Sets dead[q] = 1 for each query q that a row of the tile covers in the objectives.
  void mark_covered(std::span<const std::uint32_t> queries, std::span<std::uint8_t> dead);

  // The same for the tile's own rows: they must be distinct, and none covered by a later one.
  void mark_own(std::span<std::uint8_t> dead);

 private:
  // How an objective's ranks become bins.
  struct Scale {
    std::uint32_t low;
    std::uint32_t high;
    std::uint32_t shift;
    std::uint32_t n_bins;
    std::size_t first_word;  // of an empty bitmap, which the bins' bitmaps follow
  };

  void scale(std::size_t k);
  template <class IsOther>
  void mark(std::span<const std::uint32_t> queries, std::span<std::uint8_t> dead,
            const IsOther& is_other);

  MatrixView<const std::uint32_t> ranks_;
  std::span<const std::uint32_t> rows_;
  std::vector<std::uint32_t> objectives_;
  std::size_t n_words_ = 0;  // of one bitmap, a multiple of 8
  std::vector<Scale> scales_;
  std::vector<std::uint64_t> bits_;
  std::vector<std::uint32_t> offsets_;  // of bitmaps: per objective those of a block of rows
};

}  // namespace pyhwnas::moo
