// Boxes as rows of sides: dropping those that are contained in others, and ranking sides.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "moo/hypervolume/hypervolume_wfg_lanes.hpp"

namespace pyhwnas::moo {

template <int width>
struct BoxRows {
  using L = EightLanes<width>;
  using Words = typename L::Words;
  using EightDoubles = typename L::EightDoubles;
  using EightWords = typename L::EightWords;
  static constexpr int parts = L::parts;

  // Moves the rows that are contained in no other to the front, of equal ones the first, and
  // returns how many they are. Eight rows at a time, transposed into `group`, which holds 8 m
  // numbers: first against those kept so far and against themselves, then those kept against later
  // ones. After each group, told(comparisons) hears of the work that was done.
  template <class Told>
  [[gnu::always_inline]] static std::size_t maximal(double* rows, std::size_t n, std::size_t m,
                                                    double* group, const Told& told) {
    std::size_t n_kept = 0;
    for (std::size_t start = 0; start < n; start += 8) {
      const std::size_t size = std::min<std::size_t>(8, n - start);
      transpose(rows + start * m, size, m, group);
      EightWords contained = absent(size);
      mark_inside(contained, group, rows, n_kept, m);
      mark_inside_or_later_equal(contained, group, rows + start * m, size, m);
      n_kept = compact(rows, start, size, contained, n_kept, m);
      told(n_kept);
    }
    if (n <= 8) return n_kept;
    const std::size_t n_first = n_kept;
    n_kept = 0;
    for (std::size_t start = 0; start < n_first; start += 8) {
      const std::size_t size = std::min<std::size_t>(8, n_first - start);
      transpose(rows + start * m, size, m, group);
      EightWords contained = absent(size);
      mark_inside_or_later_equal(contained, group, rows + start * m, size, m);
      if (start + 8 < n_first) {
        mark_inside(contained, group, rows + (start + 8) * m, n_first - start - 8, m);
      }
      n_kept = compact(rows, start, size, contained, n_kept, m);
      told(n_first - start);
    }
    return n_kept;
  }

  // One more than the number of lesser ones, for each of n values. Both arrays have room up to a
  // multiple of eight.
  [[gnu::always_inline]] static void ranks(const double* values, std::size_t n,
                                           std::uint64_t* result) {
    for (std::size_t start = 0; start < n; start += 8) {
      EightDoubles group;
      L::load(group, values + start);
      EightWords rank;
      for (Words& part : rank.part) part = L::all(std::uint64_t{1});
      for (std::size_t j = 0; j < n; ++j) {
        const auto other = L::all(values[j]);
        for (int p = 0; p < parts; ++p) rank.part[p] -= (Words)(other < group.part[p]);
      }
      L::store(result + start, rank);
    }
  }

 private:
  [[gnu::always_inline]] static void transpose(const double* rows, std::size_t size, std::size_t m,
                                               double* group) {
    for (std::size_t side = 0; side < m; ++side) {
      for (std::size_t lane = 0; lane < 8; ++lane) {
        group[8 * side + lane] = rows[std::min(lane, size - 1) * m + side];
      }
    }
  }

  [[gnu::always_inline]] static EightWords absent(std::size_t size) {
    alignas(64) static constexpr std::uint64_t kLane[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    EightWords lane;
    L::load(lane, kLane);
    const Words end = L::all(static_cast<std::uint64_t>(size));
    for (Words& part : lane.part) part = (Words)(part >= end);
    return lane;
  }

  [[gnu::always_inline]] static void mark_inside(EightWords& marks, const double* group,
                                                 const double* rows, std::size_t n, std::size_t m) {
    for (std::size_t j = 0; j < n; ++j) {
      EightWords inside = all_inside(group, rows + j * m, m);
      for (int p = 0; p < parts; ++p) marks.part[p] |= inside.part[p];
    }
  }

  // The rows are those of the lanes.
  [[gnu::always_inline]] static void mark_inside_or_later_equal(EightWords& marks,
                                                                const double* group,
                                                                const double* rows,
                                                                std::size_t size, std::size_t m) {
    for (std::size_t lane = 0; lane < size; ++lane) {
      const EightWords inside = all_inside(group, rows + lane * m, m);
      EightWords other = absent(lane + 1);
      for (std::size_t side = 0; side < m; ++side) {
        EightDoubles length;
        L::load(length, group + 8 * side);
        const auto outer = L::all(rows[lane * m + side]);
        for (int p = 0; p < parts; ++p) other.part[p] |= (Words)(length.part[p] != outer);
      }
      for (int p = 0; p < parts; ++p) marks.part[p] |= inside.part[p] & other.part[p];
    }
  }

  [[gnu::always_inline]] static EightWords all_inside(const double* group, const double* row,
                                                      std::size_t m) {
    EightWords inside;
    for (Words& part : inside.part) part = ~Words{};
    for (std::size_t side = 0; side < m; ++side) {
      EightDoubles length;
      L::load(length, group + 8 * side);
      const auto outer = L::all(row[side]);
      for (int p = 0; p < parts; ++p) inside.part[p] &= (Words)(length.part[p] <= outer);
    }
    return inside;
  }

  [[gnu::always_inline]] static std::size_t compact(double* rows, std::size_t start,
                                                    std::size_t size, const EightWords& marks,
                                                    std::size_t n, std::size_t m) {
    std::uint64_t flags[8];
    L::store(flags, marks);
    for (std::size_t lane = 0; lane < size; ++lane) {
      if (flags[lane] != 0) continue;
      if (n != start + lane) std::copy_n(rows + (start + lane) * m, m, rows + n * m);
      ++n;
    }
    return n;
  }
};

}  // namespace pyhwnas::moo
