// Rows that say the same are scored once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pyhwnas/matrix_view.hpp"

namespace pyhwnas::proxy {

// The rows of a matrix by what they say; distinct ones are numbered in order of first appearance.
// O(entries) time.
class DistinctRows {
 public:
  explicit DistinctRows(MatrixView<const std::int32_t> rows) {
    std::unordered_map<std::string_view, std::size_t> numbers;
    numbers.reserve(rows.rows());
    numbers_.reserve(rows.rows());
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      const auto bytes = std::as_bytes(rows[i]);
      const std::string_view key(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      const auto [found, is_new] = numbers.try_emplace(key, firsts_.size());
      if (is_new) firsts_.push_back(i);
      numbers_.push_back(found->second);
    }
  }

  std::size_t count() const { return firsts_.size(); }
  // The first row with this number.
  std::size_t first(std::size_t number) const { return firsts_[number]; }

  // Gives each row the value of its number.
  void spread(std::span<const double> of_distinct, std::span<double> of_rows) const {
    for (std::size_t i = 0; i < numbers_.size(); ++i) of_rows[i] = of_distinct[numbers_[i]];
  }

 private:
  std::vector<std::size_t> firsts_;
  std::vector<std::size_t> numbers_;
};

}  // namespace pyhwnas::proxy
