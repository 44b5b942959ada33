// Volume of boxes with many sides, by exclusive volumes of limited sets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "moo/hypervolume/boxes.hpp"
#include "moo/hypervolume/hypervolume_wfg_words.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::moo {

// Volume of the union of the boxes, without their exponent. They may contain each other, and be
// equal. More than four sides.
double volume_by_limited_sets(const Boxes& boxes, int threads, const Checkpoint& checkpoint);

// Rows of sides, and their order by the last side.
struct BoxSet {
  std::vector<double> sides;
  std::vector<std::uint32_t> order;
  std::size_t size = 0;
  std::size_t m = 0;

  const double* operator[](std::size_t i) const { return sides.data() + i * m; }
  double last_side(std::size_t i) const { return sides[i * m + m - 1]; }

  void reset(std::size_t capacity, std::size_t n_sides);
  void sort_by_last_side();
};

// One thread's recursion over sets of any size. Those that fit into words go on as these, and
// those of many boxes with few sides by a sweep.
class Slicer {
 public:
  Slicer(std::size_t m, const Checkpoint& poll) : levels_(m) { poll_with(poll); }

  // What to call now and then, until told otherwise: that of the thread that works.
  void poll_with(const Checkpoint& poll) {
    poll_ = &poll;
    words_.poll_with(poll);
  }

  // Volume of the union.
  double volume(BoxSet& boxes, std::size_t depth = 0);

  // What the k-th box in order adds to those after it.
  double added_to_later(const BoxSet& boxes, std::size_t k, std::size_t depth = 0);

  // What a box of m sides adds to others: begin(), share() for each of them, at most n, added().
  void begin(const double* box, std::size_t m, std::size_t n);
  void share(const double* other);
  double added();

  // Drops boxes that are contained in others.
  void keep_maximal(BoxSet& boxes);

  // To be told of work, in comparisons of boxes, so that it polls now and then.
  void told(std::size_t comparisons);

  WordSlicer& words() { return words_; }

 private:
  double sweep(const BoxSet& boxes);
  static void append_shared(const double* box, const double* other, BoxSet& shared);

  std::vector<BoxSet> levels_;
  RankedBoxes ranked_;
  WordSlicer words_;
  Boxes swept_;
  const Checkpoint* poll_;
  std::vector<double> box_;
  std::vector<double> group_;
  std::size_t work_ = 0;
};

}  // namespace pyhwnas::moo
