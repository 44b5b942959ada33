// Volume of the union of a few boxes by inclusion and exclusion, one lane for each subset.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "moo/hypervolume/hypervolume_wfg_lanes.hpp"
#include "moo/hypervolume/hypervolume_wfg_words.hpp"

namespace pyhwnas::moo {

// The length of a word's side at a position, 0 being the highest byte.
[[gnu::always_inline]] inline double length_at(const double* lengths, std::uint64_t word,
                                               std::size_t position) {
  return lengths[position * RankedBoxes::kRanks + ((word >> (56 - 8 * position)) & 255)];
}

[[gnu::always_inline]] inline double product_of(const double* lengths, std::uint64_t word,
                                                std::size_t d) {
  double product = length_at(lengths, word, 0);
  for (std::size_t side = 1; side < d; ++side) product *= length_at(lengths, word, side);
  return product;
}

template <int width>
[[gnu::always_inline]] inline double sum_of_lanes(
    const typename EightLanes<width>::EightDoubles& lanes) {
  double sum[8];
  EightLanes<width>::store(sum, lanes);
  return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

template <int width>
struct FewBoxes {
  using L = EightLanes<width>;
  using EightDoubles = typename L::EightDoubles;
  static constexpr int parts = L::parts;

  // More would take more registers than there are, and terms that cancel.
  static constexpr std::size_t kMost = 6;

  // Volume of the union of n <= kMost boxes of d sides; zeros follow them.
  [[gnu::always_inline]] static double volume(const double* lengths, const std::uint64_t* words,
                                              std::size_t n, std::size_t d) {
    switch (n) {
      case 6:
        return of<6>(lengths, words, d);
      case 5:
        return of<5>(lengths, words, d);
      case 4:
        return of<4>(lengths, words, d);
      default:
        return of<3>(lengths, words, d);
    }
  }

 private:
  // Lane l of group g stands for the subset of those of the first three boxes that are bits of l
  // and those of the others that are bits of g: the shortest side in it, and the product of these.
  template <int n>
  [[gnu::always_inline]] static double of(const double* lengths, const std::uint64_t* words,
                                          std::size_t d) {
    constexpr int groups = 1 << (n - 3);
    EightDoubles products[groups];
    for (EightDoubles& product : products) fill(product, 1.0);
    for (std::size_t side = 0; side < d; ++side) {
      EightDoubles shortest[groups];
      of_three(shortest[0], lengths, words, side);
      for (int b = 3; b < n; ++b) {
        const auto length = L::all(length_at(lengths, words[b], side));
        const int half = 1 << (b - 3);
        for (int g = 0; g < half; ++g) {
          for (int p = 0; p < parts; ++p) {
            shortest[half + g].part[p] = L::lesser(shortest[g].part[p], length);
          }
        }
      }
      for (int g = 0; g < groups; ++g) {
        for (int p = 0; p < parts; ++p) products[g].part[p] *= shortest[g].part[p];
      }
    }
    return signed_sum(products);
  }

  // Sides are at most 1: that of a box which is not in the subset changes nothing.
  [[gnu::always_inline]] static void of_three(EightDoubles& shortest, const double* lengths,
                                              const std::uint64_t* words, std::size_t side) {
    alignas(64) static constexpr double absent[3][8] = {
        {1, 0, 1, 0, 1, 0, 1, 0}, {1, 1, 0, 0, 1, 1, 0, 0}, {1, 1, 1, 1, 0, 0, 0, 0}};
    fill(shortest, 1.0);
    for (int b = 0; b < 3; ++b) {
      EightDoubles least;
      L::load(least, absent[b]);
      const auto length = L::all(length_at(lengths, words[b], side));
      for (int p = 0; p < parts; ++p) {
        shortest.part[p] = L::lesser(shortest.part[p], L::larger(length, least.part[p]));
      }
    }
  }

  // Odd subsets count positive, even ones negative, the empty one not at all.
  template <int groups>
  [[gnu::always_inline]] static double signed_sum(const EightDoubles (&products)[groups]) {
    alignas(64) static constexpr double odd[2][8] = {{0, 1, 1, -1, 1, -1, -1, 1},
                                                     {-1, 1, 1, -1, 1, -1, -1, 1}};
    EightDoubles sum;
    EightDoubles sign;
    L::load(sign, odd[0]);
    for (int p = 0; p < parts; ++p) sum.part[p] = products[0].part[p] * sign.part[p];
    if constexpr (groups > 1) {
      L::load(sign, odd[1]);
      for (int p = 0; p < parts; ++p) {
        auto rest = -products[1].part[p];
        for (int g = 2; g < groups; ++g) {
          if (std::popcount(static_cast<unsigned>(g)) % 2 == 0) {
            rest += products[g].part[p];
          } else {
            rest -= products[g].part[p];
          }
        }
        sum.part[p] += rest * sign.part[p];
      }
    }
    return sum_of_lanes<width>(sum);
  }

  [[gnu::always_inline]] static void fill(EightDoubles& lanes, double value) {
    for (auto& part : lanes.part) part = L::all(value);
  }
};

}  // namespace pyhwnas::moo
