// The curve is described in curve_order.hpp.
#include "moo/indicators/curve_order.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace pyhwnas::moo {
namespace {

constexpr std::size_t kBits = 30;
constexpr std::size_t kBitsPerPass = 10;

struct Coded {
  std::uint32_t code;
  std::uint32_t row;
};

// What the grid spans in a column: the values of a sample without its extremes, so that a few rows
// far out do not leave all others in one cell.
std::pair<double, double> span_of(MatrixView<const double> rows, std::size_t column) {
  constexpr std::size_t kSample = 64;
  constexpr std::size_t kExtreme = 2;
  std::array<double, kSample> sample;
  for (std::size_t i = 0; i < kSample; ++i) {
    sample[i] = rows(i * (rows.rows() - 1) / (kSample - 1), column);
  }
  std::sort(sample.begin(), sample.end());
  return {sample[kExtreme], sample[kSample - 1 - kExtreme]};
}

// The bits of a number, n - 1 zeros between each and the next.
std::uint32_t spread(std::uint32_t cell, std::size_t n) {
  std::uint32_t code = 0;
  for (std::size_t bit = 0; bit * n < kBits; ++bit) code |= (cell >> bit & 1U) << (bit * n);
  return code;
}

// Columns after the thirtieth have no bit of their own.
std::vector<Coded> codes_of(MatrixView<const double> rows) {
  std::vector<Coded> codes(rows.rows());
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = {0, static_cast<std::uint32_t>(i)};
  const std::size_t n_columns = std::min(rows.cols(), kBits);
  const std::size_t bits = std::min<std::size_t>(kBits / n_columns, 8);
  std::array<std::uint32_t, 256> spread_cells{};
  for (std::uint32_t cell = 0; cell < 1U << bits; ++cell) {
    spread_cells[cell] = spread(cell, n_columns);
  }
  for (std::size_t k = 0; k < n_columns; ++k) {
    const auto [low, high] = span_of(rows, k);
    const double width = high / 2 - low / 2;
    if (!(width > 0.0)) continue;
    const double top = static_cast<double>((1U << bits) - 1);
    const double factor = (top + 1) / 2 / width;
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const double place = (rows(i, k) - low) * factor;
      // Written so that a NaN of an overflow becomes 0.
      const double clipped = place > 0.0 ? std::min(place, top) : 0.0;
      codes[i].code |= spread_cells[static_cast<std::uint32_t>(clipped)] << k;
    }
  }
  return codes;
}

}  // namespace

std::vector<std::uint32_t> curve_order(MatrixView<const double> rows) {
  std::vector<Coded> from = codes_of(rows);
  std::vector<Coded> to(from.size());
  for (std::size_t shift = 0; shift < kBits; shift += kBitsPerPass) {
    std::array<std::uint32_t, (1U << kBitsPerPass) + 1> start{};
    const auto digit = [shift](Coded x) { return x.code >> shift & ((1U << kBitsPerPass) - 1); };
    for (const Coded x : from) ++start[digit(x) + 1];
    std::partial_sum(start.begin(), start.end(), start.begin());
    for (const Coded x : from) to[start[digit(x)]++] = x;
    from.swap(to);
  }
  std::vector<std::uint32_t> order(from.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = from[i].row;
  return order;
}

}  // namespace pyhwnas::moo
