// Boxes as words: each side replaced by its rank among the sides of the set, one byte a side. The
// recursion over limited sets only ever takes the lesser of two sides, so it never leaves the
// ranks: a box is limited, compared or moved in one instruction, eight boxes in a register.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// At most 255 boxes of at most eight sides; read by all threads.
struct RankedBoxes {
  static constexpr std::size_t kMaxBoxes = 255;
  static constexpr std::size_t kMaxSides = 8;
  static constexpr std::size_t kRanks = 256;

  static bool fits(std::size_t n, std::size_t m) { return n <= kMaxBoxes && m <= kMaxSides; }

  // From n rows of m positive sides.
  void assign(const double* rows, std::size_t n_rows, std::size_t n_sides);

  std::size_t n = 0;
  std::size_t m = 0;
  // Side 0 in the highest byte; ascending, equal ones by row. Eight zeros follow: a zero is an
  // empty box, and bytes beyond side m are zero.
  std::vector<std::uint64_t> words;
  std::vector<std::uint32_t> rows;
  // Lengths by side and rank; rank 0 is 0.
  std::vector<double> lengths;
};

// One thread's recursion; all its memory lies in it.
class WordSlicer {
 public:
  // What to call now and then, until told otherwise.
  void poll_with(const Checkpoint& poll) { poll_ = &poll; }

  // Volume of the union.
  double volume(const RankedBoxes& boxes);

  // What box k adds to those after it.
  double added_to_later(const RankedBoxes& boxes, std::size_t k);

 private:
  template <int width>
  struct Recursion;

  // A set of maximal boxes, sorted, and how far its volume is summed up.
  struct Frame {
    std::size_t n;
    std::size_t next;
    double sum;
    // The box whose limited set the next frame holds: its first side, and its volume in the others.
    double side;
    double own;
    alignas(64) std::array<std::uint64_t, RankedBoxes::kMaxBoxes + 9> words;
  };

  void poll();

  const Checkpoint* poll_ = nullptr;
  std::uint32_t steps_ = 0;
  std::array<Frame, RankedBoxes::kMaxSides> frames_;
};

}  // namespace pyhwnas::moo
