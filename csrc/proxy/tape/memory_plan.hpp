// Where values lie in a network's memory: first fit among those that live at the same time.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace pyhwnas::proxy {

class MemoryPlan {
 public:
  struct Block {
    std::int64_t begin;
    std::int64_t end;
  };

  // Blocks of all sizes leave gaps; rounded up to powers of two they take more each, and often less
  // together.
  enum class Rounding { none, powers_of_two };
  explicit MemoryPlan(Rounding rounding) : rounding_(rounding) {}

  // The lowest free block of this size; it is taken from now on.
  std::int64_t take(std::int64_t size) {
    if (rounding_ == Rounding::powers_of_two) {
      size = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(size)));
    }
    std::int64_t begin = 0;
    auto at = taken_.begin();
    for (; at != taken_.end() && begin + size > at->begin; ++at) begin = std::max(begin, at->end);
    taken_.insert(at, {begin, begin + size});
    most_ = std::max(most_, begin + size);
    return begin;
  }
  void give_back(std::int64_t begin) {
    const auto is_it = [begin](const Block& block) { return block.begin == begin; };
    const auto found = std::find_if(taken_.begin(), taken_.end(), is_it);
    if (found != taken_.end()) taken_.erase(found);
  }
  // One past the last number ever taken.
  std::int64_t most() const { return most_; }

 private:
  Rounding rounding_;
  std::vector<Block> taken_;  // by place; none is empty
  std::int64_t most_ = 0;
};

}  // namespace pyhwnas::proxy
