#include "moo/lexicographic.hpp"

#include <algorithm>

#include "moo/argsort.hpp"
#include "moo/rows.hpp"

namespace pyhwnas::moo {

std::vector<std::uint32_t> sorted_rows(MatrixView<const double> F) {
  std::vector<std::uint32_t> order(F.rows());
  Argsort(F.rows()).order(column(F, 0), order);
  const auto is_before = [F](std::uint32_t i, std::uint32_t j) {
    for (std::size_t k = 1; k < F.cols(); ++k) {
      if (F(i, k) != F(j, k)) return F(i, k) < F(j, k);
    }
    return i < j;
  };
  auto begin = order.begin();
  for (auto end = begin; begin != order.end(); begin = end) {
    const double value = F(*begin, 0);
    while (end != order.end() && F(*end, 0) == value) ++end;
    if (end - begin > 1) std::sort(begin, end, is_before);
  }
  return order;
}

std::vector<std::uint32_t> first_of_equal(MatrixView<const double> F,
                                          std::span<const std::uint32_t> order) {
  std::vector<std::uint32_t> first;
  first.reserve(order.size());
  for (const std::uint32_t i : order) {
    if (first.empty() || !same_row(F[first.back()], F[i])) first.push_back(i);
  }
  return first;
}

}  // namespace pyhwnas::moo
