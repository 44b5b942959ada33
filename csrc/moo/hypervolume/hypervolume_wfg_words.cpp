// Exclusive volumes of limited sets with slicing (While, Bradstreet, Barone 2012,
// doi:10.1109/TEVC.2010.2077298) on ranks.
//
// Boxes are sorted by their first side. What a box adds to those after it is its own volume less
// that of what it shares with them; all of that is as long as the box itself in the first side, so
// this side is sliced off. What is shared is mostly contained in other shared boxes: after these
// are dropped, a front of a hundred rows with eight objectives leaves sets of about twenty, nine,
// four and two boxes, level by level. So nearly all of the time goes into sets of less than ten
// boxes, which fill a register or two; those of up to six end the recursion, in one product for
// each of their subsets. With three sides left, a sweep ends it.
//
// Each level is one factor n in the worst case, O(n^(m - 2)) with the sweep; memory O(m) words a
// box.
#include "moo/hypervolume/hypervolume_wfg_words.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <numeric>

#include "moo/hypervolume/hypervolume_wfg_few.hpp"
#include "moo/hypervolume/hypervolume_wfg_lanes.hpp"
#include "moo/hypervolume/hypervolume_wfg_rows.hpp"
#include "moo/hypervolume/hypervolume_wfg_sets.hpp"

namespace pyhwnas::moo {

// Ranks count the lesser ones, so they skip numbers where sides are equal, and never pass n.
void RankedBoxes::assign(const double* all_sides, std::size_t n_rows, std::size_t n_sides) {
  assert(fits(n_rows, n_sides));
  n = n_rows;
  m = n_sides;
  lengths.assign(m * kRanks, 0.0);
  std::array<std::uint64_t, kRanks> unsorted{};
  std::array<std::uint64_t, kRanks> ranks;
  std::array<double, kRanks> column{};
  for (std::size_t side = 0; side < m; ++side) {
    for (std::size_t i = 0; i < n; ++i) column[i] = all_sides[i * m + side];
    at_width([&]<int width>() __attribute__((always_inline)) {
      BoxRows<width>::ranks(column.data(), n, ranks.data());
    });
    for (std::size_t i = 0; i < n; ++i) {
      lengths[side * kRanks + ranks[i]] = column[i];
      unsorted[i] |= ranks[i] << (56 - 8 * side);
    }
  }
  rows.resize(n);
  std::iota(rows.begin(), rows.end(), 0U);
  std::sort(rows.begin(), rows.end(), [&](std::uint32_t i, std::uint32_t j) {
    return unsorted[i] != unsorted[j] ? unsorted[i] < unsorted[j] : i < j;
  });
  words.assign(n + 8, 0);
  for (std::size_t i = 0; i < n; ++i) words[i] = unsorted[rows[i]];
}

template <int width>
struct WordSlicer::Recursion {
  using L = EightLanes<width>;
  using Sets = WordSets<width>;
  using Few = FewBoxes<width>;
  using EightDoubles = typename L::EightDoubles;
  static constexpr int parts = L::parts;
  static constexpr std::size_t kCapacity = RankedBoxes::kMaxBoxes + 17;

  WordSlicer& slicer;
  const RankedBoxes& boxes;

  // Volume that the others have within the box, in all sides but the first.
  [[gnu::always_inline]] double shared(std::uint64_t box, const std::uint64_t* others,
                                       std::size_t n) {
    alignas(64) std::uint64_t limited[kCapacity];
    alignas(64) std::uint64_t kept[kCapacity];
    Sets::limit(box, others, n, limited);
    Frame& frame = slicer.frames_[0];
    frame.n = Sets::maximal(limited, n, kept);
    Sets::sort(kept, frame.n, frame.words.data());
    return volume_of_frame(boxes.m - 1);
  }

  // Volume of the set in the first frame, in the last `sides` sides.
  [[gnu::always_inline]] double volume_of_frame(std::size_t sides) {
    alignas(64) std::uint64_t limited[kCapacity];
    alignas(64) std::uint64_t kept[kCapacity];
    Frame* frame = slicer.frames_.data();
    frame->next = 0;
    frame->sum = 0.0;
    std::size_t d = sides;
    const double* lengths = &boxes.lengths[(boxes.m - d) * RankedBoxes::kRanks];
    if (d <= 3 && frame->n > Few::kMost) return sweep(lengths, frame->words.data(), frame->n, d);
    for (;;) {
      const std::size_t left = frame->n - frame->next;
      const std::uint64_t* words = &frame->words[frame->next];
      if (left <= Few::kMost) {
        const double volume = frame->sum + Few::volume(lengths, words, left, d);
        if (d == sides) return volume;
        --frame;
        ++d;
        lengths -= RankedBoxes::kRanks;
        frame->sum += frame->side * (frame->own - volume);
        continue;
      }
      slicer.poll();
      ++frame->next;
      Sets::limit(words[0], words + 1, left - 1, limited);
      const std::size_t n = Sets::maximal(limited, left - 1, kept);
      const double* rest = lengths + RankedBoxes::kRanks;
      const double side = length_at(lengths, words[0], 0);
      const double own = product_of(rest, words[0] << 8, d - 1);
      if (n <= Few::kMost) {
        frame->sum += side * (own - Few::volume(rest, kept, n, d - 1));
      } else if (d == 4) {
        Sets::sort(kept, n, limited);
        frame->sum += side * (own - sweep(rest, limited, n, 3));
      } else {
        frame->side = side;
        frame->own = own;
        ++frame;
        --d;
        lengths = rest;
        frame->n = n;
        frame->next = 0;
        frame->sum = 0.0;
        Sets::sort(kept, n, frame->words.data());
      }
    }
  }

  // Volume of boxes of d <= 3 sides, sorted: from the longest first side to the shortest, with the
  // heights of their union over all their widths. Each step adds what a box rises above that.
  [[gnu::always_inline]] static double sweep(const double* lengths, const std::uint64_t* words,
                                             std::size_t n, std::size_t d) {
    if (d == 1) return length_at(lengths, words[n - 1], 0);
    Widths widths(lengths + RankedBoxes::kRanks, words, n);
    alignas(64) static constexpr double kLane[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    EightDoubles lane;
    L::load(lane, kLane);
    EightDoubles sum{};
    for (std::size_t i = n; i-- > 0;) {
      const double place = widths.place_of(words[i]);
      const auto first = L::all(length_at(lengths, words[i], 0));
      const auto height = L::all(d == 3 ? length_at(lengths, words[i], 2) : 1.0);
      for (std::size_t start = 0; static_cast<double>(start) <= place; start += 8) {
        EightDoubles before;
        EightDoubles difference;
        L::load(before, widths.heights + start);
        L::load(difference, widths.differences + start);
        const auto last = L::all(place - static_cast<double>(start));
        for (int p = 0; p < parts; ++p) {
          const auto mine = lane.part[p] <= last ? height : typename L::Doubles{};
          const auto now = L::larger(mine, before.part[p]);
          sum.part[p] += (now - before.part[p]) * (difference.part[p] * first);
          before.part[p] = now;
        }
        L::store(widths.heights + start, before);
      }
    }
    return sum_of_lanes<width>(sum);
  }

  // The distinct second sides of a set, ascending, as differences to the next shorter one.
  struct Widths {
    [[gnu::always_inline]] Widths(const double* lengths, const std::uint64_t* words,
                                  std::size_t n) {
      for (std::size_t i = 0; i < n; ++i) {
        const auto rank = (words[i] >> 48) & 255;
        present[rank / 64] |= std::uint64_t{1} << (rank % 64);
      }
      std::size_t n_widths = 0;
      double last = 0.0;
      for (std::size_t q = 0; q < 4; ++q) {
        before[q] = n_widths;
        for (std::uint64_t left = present[q]; left != 0; left &= left - 1) {
          const double length = lengths[q * 64 + static_cast<std::size_t>(std::countr_zero(left))];
          heights[n_widths] = 0.0;
          differences[n_widths++] = length - last;
          last = length;
        }
      }
      std::fill_n(heights + n_widths, 8, 0.0);
      std::fill_n(differences + n_widths, 8, 0.0);
    }

    [[gnu::always_inline]] double place_of(std::uint64_t word) const {
      const auto rank = (word >> 48) & 255;
      const auto lesser = present[rank / 64] & ((std::uint64_t{1} << (rank % 64)) - 1);
      return static_cast<double>(before[rank / 64] +
                                 static_cast<std::size_t>(std::popcount(lesser)));
    }

    std::uint64_t present[4] = {};
    std::size_t before[4];
    alignas(64) double heights[kCapacity];
    alignas(64) double differences[kCapacity];
  };
};

void WordSlicer::poll() {
  // A step takes from a tenth of a microsecond to ten.
  if (++steps_ % 1024 == 0 && *poll_) (*poll_)();
}

double WordSlicer::volume(const RankedBoxes& boxes) {
  frames_[0].n = boxes.n;
  std::copy_n(boxes.words.begin(), boxes.n + 8, frames_[0].words.begin());
  return at_width([&]<int width>() __attribute__((always_inline)) {
    return Recursion<width>{*this, boxes}.volume_of_frame(boxes.m);
  });
}

double WordSlicer::added_to_later(const RankedBoxes& boxes, std::size_t k) {
  const std::uint64_t* words = &boxes.words[k];
  const double* lengths = boxes.lengths.data();
  const double own = product_of(lengths + RankedBoxes::kRanks, words[0] << 8, boxes.m - 1);
  const double shared = at_width([&]<int width>() __attribute__((always_inline)) {
    return Recursion<width>{*this, boxes}.shared(words[0], words + 1, boxes.n - k - 1);
  });
  return length_at(lengths, words[0], 0) * (own - shared);
}

}  // namespace pyhwnas::moo
