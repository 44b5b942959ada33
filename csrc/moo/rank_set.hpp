// A set of small integers with neighbours: which members lie next to a number.
//
// One bit a number; above each word of 64 bits stands one bit that says whether it is empty, and so
// on up to a single word (van Emde Boas 1977 with a fixed width, doi:10.1016/0020-0190(77)90031-X).
// All operations are O(log_64 n): three words for 2^18 numbers.
#pragma once

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pyhwnas::moo {

class RankSet {
 public:
  // Empty, for the numbers below `size`.
  explicit RankSet(std::size_t size) {
    do {
      size = (size + 63) / 64;
      starts_[n_levels_++] = words_.size();
      words_.resize(words_.size() + size);
    } while (size > 1);
  }

  void insert(std::uint32_t rank) {
    for (std::size_t level = 0; level < n_levels_; ++level, rank >>= 6) {
      std::uint64_t& word = at(level, rank >> 6);
      const bool known = word != 0;
      word |= std::uint64_t{1} << (rank & 63);
      if (known) return;
    }
  }

  void erase(std::uint32_t rank) {
    for (std::size_t level = 0; level < n_levels_; ++level, rank >>= 6) {
      std::uint64_t& word = at(level, rank >> 6);
      word &= ~(std::uint64_t{1} << (rank & 63));
      if (word != 0) return;
    }
  }

  // The smallest member above `rank`: there must be one.
  std::uint32_t after(std::uint32_t rank) const {
    for (std::size_t level = 0;; ++level) {
      assert(level < n_levels_);
      // Shifting in two steps: by 64 at once is undefined.
      const std::uint64_t above = at(level, rank >> 6) & (~std::uint64_t{1} << (rank & 63));
      if (above != 0) return lowest(level, (rank & ~63U) + bit(std::countr_zero(above)));
      rank >>= 6;
    }
  }

  // The largest member below `rank`: there must be one.
  std::uint32_t before(std::uint32_t rank) const {
    for (std::size_t level = 0;; ++level) {
      assert(level < n_levels_);
      const std::uint64_t below = at(level, rank >> 6) & ((std::uint64_t{1} << (rank & 63)) - 1);
      if (below != 0) return highest(level, (rank & ~63U) + bit(63 - std::countl_zero(below)));
      rank >>= 6;
    }
  }

  // The largest member that is at most `rank`: there must be one.
  std::uint32_t at_most(std::uint32_t rank) const {
    const std::uint64_t word = at(0, rank >> 6) & (~std::uint64_t{0} >> (63 - (rank & 63)));
    if (word != 0) return (rank & ~63U) + bit(63 - std::countl_zero(word));
    return before(rank);
  }

 private:
  static std::uint32_t bit(int position) { return static_cast<std::uint32_t>(position); }

  // The members at the ends of what a bit of some level stands for.
  std::uint32_t lowest(std::size_t level, std::uint32_t rank) const {
    while (level-- > 0) rank = rank * 64 + bit(std::countr_zero(at(level, rank)));
    return rank;
  }
  std::uint32_t highest(std::size_t level, std::uint32_t rank) const {
    while (level-- > 0) rank = rank * 64 + bit(63 - std::countl_zero(at(level, rank)));
    return rank;
  }

  std::uint64_t& at(std::size_t level, std::uint32_t word) { return words_[starts_[level] + word]; }
  std::uint64_t at(std::size_t level, std::uint32_t word) const {
    return words_[starts_[level] + word];
  }

  std::vector<std::uint64_t> words_;
  std::size_t starts_[6] = {};
  std::size_t n_levels_ = 0;
};

}  // namespace pyhwnas::moo
