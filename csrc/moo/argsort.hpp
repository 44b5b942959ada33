// Orders and dense ranks of a column of values, by radix.
//
// A double becomes a 64-bit key that orders as the values do (-0.0 equals 0.0, infinities are the
// extreme values, NaN is not expected). The bits in which no two keys differ are dropped, at either
// end; whole numbers become integers first, as their bits spread over all exponents. At most 32
// leading bits of what is left are sorted together with the row number, in one word, by two or
// three counting passes from the least significant digit up. Runs that agree in them are few, and
// put in order by whole keys; where all bits fit, there is nothing to compare. Fewer than a hundred
// values are sorted by insertion.
//
// O(n) time for values without long runs, O(n log n) at worst; 16 bytes of scratch a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "pyhwnas/matrix_view.hpp"

namespace pyhwnas::moo {

// Every stride-th double of an array.
struct Column {
  const double* first;
  std::size_t stride;
  std::size_t size;

  double operator[](std::size_t i) const { return first[i * stride]; }
};

inline Column column(MatrixView<const double> F, std::size_t k) {
  return {F.data() + k, F.cols(), F.rows()};
}

// Scratch for columns of up to `capacity` values (fewer than 2^32), to be used for one after the
// other. One thread uses it at a time.
class Argsort {
 public:
  explicit Argsort(std::size_t capacity);

  // Indices by ascending value; equal values by index.
  void order(Column values, std::span<std::uint32_t> order);
  // The same of 64-bit keys.
  void order(std::span<const std::uint64_t> keys, std::span<std::uint32_t> order);

  // ranks[i]: how many distinct values are smaller than values[i], so that equal values share a
  // rank and none is left out. Returns the number of distinct values. Where few are, they are
  // counted and not sorted.
  std::uint32_t ranks(Column values, std::span<std::uint32_t> ranks);
  // Ranks and order at once.
  std::uint32_t ranks(Column values, std::span<std::uint32_t> ranks,
                      std::span<std::uint32_t> order);

 private:
  template <class KeyOf>
  struct Sorter;

  std::size_t capacity_;
  std::unique_ptr<std::uint64_t[]> words_;  // two buffers of capacity_ words
};

}  // namespace pyhwnas::moo
