// A row-major matrix that somebody else owns.
#pragma once

#include <cassert>
#include <cstddef>
#include <span>

namespace pyhwnas {

// std::mdspan would say the same, but no released libstdc++ before 15 has it.
template <class T>
class MatrixView {
 public:
  constexpr MatrixView() = default;
  constexpr MatrixView(T* data, std::size_t rows, std::size_t cols)
      : data_(data), rows_(rows), cols_(cols) {}

  constexpr std::size_t rows() const { return rows_; }
  constexpr std::size_t cols() const { return cols_; }
  constexpr T* data() const { return data_; }

  constexpr std::span<T> operator[](std::size_t row) const {
    assert(row < rows_);
    return {data_ + row * cols_, cols_};
  }
  constexpr T& operator()(std::size_t row, std::size_t col) const {
    assert(row < rows_ && col < cols_);
    return data_[row * cols_ + col];
  }

 private:
  T* data_ = nullptr;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
};

}  // namespace pyhwnas
