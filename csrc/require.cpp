#include "require.hpp"

#include <stdexcept>
#include <string>

namespace pyhwnas {
namespace {

std::string shape(std::size_t rows, std::size_t cols) {
  std::string text = "(";
  text += std::to_string(rows);
  text += ", ";
  text += std::to_string(cols);
  return text += ")";
}

}  // namespace

void require(bool condition, const char* sentence) {
  if (!condition) throw std::invalid_argument(sentence);
}

void require_size(std::size_t size, const char* name, std::size_t expected) {
  if (size == expected) return;
  throw std::invalid_argument(std::string(name) + " must have " + std::to_string(expected) +
                              " entries, got " + std::to_string(size));
}

void require_shape(std::size_t rows, std::size_t cols, const char* name, std::size_t expected_rows,
                   std::size_t expected_cols) {
  if (rows == expected_rows && cols == expected_cols) return;
  throw std::invalid_argument(std::string(name) + " must have shape " +
                              shape(expected_rows, expected_cols) + ", got " + shape(rows, cols));
}

}  // namespace pyhwnas
