// Sets of boxes as words: limiting them, dropping what is contained in others, sorting.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "moo/hypervolume/hypervolume_wfg_lanes.hpp"

namespace pyhwnas::moo {

// Arrays of n words are followed by eight zeros. So groups of eight may run past the end: a zero is
// contained in every box.
template <int width>
struct WordSets {
  using L = EightLanes<width>;
  using Words = typename L::Words;
  using EightWords = typename L::EightWords;
  static constexpr int parts = L::parts;

  // What each of n words shares with the box, without the first side.
  [[gnu::always_inline]] static void limit(std::uint64_t box, const std::uint64_t* words,
                                           std::size_t n, std::uint64_t* limited) {
    const Words outer = L::all(box);
    for (std::size_t i = 0; i <= n; i += 8) {
      EightWords group;
      L::load(group, words + i);
      for (Words& part : group.part) part = L::lesser_bytes(part, outer) << 8;
      L::store(limited + i, group);
    }
  }

  // Copies the words that are contained in no other, and of equal ones the first; returns how many.
  // First each group of eight against those kept so far and against itself; then those kept against
  // later ones.
  [[gnu::always_inline]] static std::size_t maximal(const std::uint64_t* words, std::size_t n,
                                                    std::uint64_t* kept) {
    std::size_t n_kept = 0;
    for (std::size_t i = 0; i < n; i += 8) {
      EightWords group;
      L::load(group, words + i);
      EightWords contained{};
      for (std::size_t j = 0; j < n_kept; ++j) mark_inside(contained, group, kept[j]);
      const std::size_t end = std::min<std::size_t>(8, n - i);
      for (std::size_t lane = 0; lane < end; ++lane) {
        mark_inside_or_later_equal(contained, group, words[i + lane], lane);
      }
      n_kept = compact(words + i, contained, kept, n_kept);
    }
    std::fill_n(kept + n_kept, 8, 0);
    if (n <= 8) return n_kept;

    const std::size_t n_first = n_kept;
    n_kept = 0;
    for (std::size_t i = 0; i < n_first; i += 8) {
      EightWords group;
      L::load(group, kept + i);
      EightWords contained{};
      for (int p = 0; p < parts; ++p) contained.part[p] = (Words)(group.part[p] == 0);
      const std::size_t end = std::min<std::size_t>(8, n_first - i);
      for (std::size_t lane = 0; lane < end; ++lane) {
        mark_inside_or_later_equal(contained, group, kept[i + lane], lane);
      }
      for (std::size_t j = i + 8; j < n_first; ++j) mark_inside(contained, group, kept[j]);
      std::uint64_t copy[8];
      L::store(copy, group);
      n_kept = compact(copy, contained, kept, n_kept);
    }
    std::fill_n(kept + n_kept, 8, 0);
    return n_kept;
  }

  // Ascending; n distinct words. The place of each is the number of lesser ones.
  [[gnu::always_inline]] static void sort(const std::uint64_t* words, std::size_t n,
                                          std::uint64_t* sorted) {
    for (std::size_t i = 0; i < n; i += 8) {
      EightWords group;
      L::load(group, words + i);
      EightWords place{};
      for (std::size_t j = 0; j < n; ++j) {
        const Words other = L::all(words[j]);
        for (int p = 0; p < parts; ++p) place.part[p] -= (Words)(other < group.part[p]);
      }
      std::uint64_t places[8];
      L::store(places, place);
      const std::size_t end = std::min<std::size_t>(8, n - i);
      for (std::size_t lane = 0; lane < end; ++lane) sorted[places[lane]] = words[i + lane];
    }
    std::fill_n(sorted + n, 8, 0);
  }

 private:
  [[gnu::always_inline]] static void mark_inside(EightWords& marks, const EightWords& group,
                                                 std::uint64_t box) {
    const Words outer = L::all(box);
    for (int p = 0; p < parts; ++p) {
      const auto inside = L::larger_bytes(group.part[p], outer) == outer;
      if constexpr (width == 64) {
        marks.part[p] = inside ? ~Words{} : marks.part[p];
      } else {
        marks.part[p] |= (Words)inside;
      }
    }
  }

  // The box is that of the lane.
  [[gnu::always_inline]] static void mark_inside_or_later_equal(EightWords& marks,
                                                                const EightWords& group,
                                                                std::uint64_t box,
                                                                std::size_t lane) {
    // From entry 8 - lane on: which lanes are later.
    alignas(64) static constexpr std::uint64_t kLater[16] = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL};
    EightWords later;
    L::load(later, kLater + 8 - lane);
    const Words outer = L::all(box);
    for (int p = 0; p < parts; ++p) {
      marks.part[p] |= (Words)(L::larger_bytes(group.part[p], outer) == outer) &
                       ((Words)(group.part[p] != outer) | later.part[p]);
    }
  }

  // Appends those of eight words that are not marked, without a branch.
  [[gnu::always_inline]] static std::size_t compact(const std::uint64_t* words,
                                                    const EightWords& marks, std::uint64_t* to,
                                                    std::size_t n) {
    std::uint64_t flags[8];
    L::store(flags, marks);
    for (std::size_t lane = 0; lane < 8; ++lane) {
      to[n] = words[lane];
      n += 1 + flags[lane];
    }
    return n;
  }
};

}  // namespace pyhwnas::moo
