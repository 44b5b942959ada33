// Which rows cover which, as bits, for one pair of blocks of rows after another.
//
// For one objective, walk through a block's rows by ascending value, and beside them through the
// other block's: the rows of the other block that were passed are those with a value no larger.
// They form a bitmap that only gains bits, and it is each row's comparison with all of the other
// block in this objective. The conjunction over objectives is who covers whom. This is how the
// comparison matrices of Zhou, Chen, Zhang 2017 (doi:10.1109/TEVC.2016.2567648) are built, with
// bits for their integers: what they sum up to is asked for only where it is the full degree m, and
// there a conjunction says the same.
//
// O(m n (log n + b)) time and O(m n) memory to prepare n rows for blocks of b; O(m b^2 / 512) word
// operations and b^2 bits for each pair of blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

class CoverBlocks {
 public:
  static constexpr std::size_t kRows = 2048;
  static constexpr std::size_t kWords = kRows / 64;

  // The rows of F that `order` names, at most once each, are cut into blocks in that order.
  CoverBlocks(MatrixView<const double> F, std::span<const std::uint32_t> order, int threads,
              const Checkpoint& checkpoint);

  std::size_t n_blocks() const { return (n_ + kRows - 1) / kRows; }
  std::size_t begin(std::size_t block) const { return block * kRows; }
  std::size_t size(std::size_t block) const {
    return block + 1 < n_blocks() ? kRows : n_ - begin(block);
  }

  // Sets bit j of covers[i * kWords ...] where row j of block `others` covers row i of `block`.
  // Takes kRows * kWords words.
  void find(std::size_t block, std::size_t others, std::span<std::uint64_t> covers) const;

 private:
  std::size_t n_;
  std::size_t m_;
  // Per objective, block by block, the rows' numbers in the block by ascending rank; and the ranks.
  std::vector<std::uint16_t> rows_;
  std::vector<std::uint32_t> ranks_;
};

}  // namespace pyhwnas::moo
