// One problem, or a batch of problems of the same shape: F[n, m] or F[b, n, m].
#pragma once

#include <vector>

#include "bind/arrays.hpp"

namespace pyhwnas::bind {

struct Problems {
  const double* data;
  std::size_t count;
  std::size_t rows;
  std::size_t cols;
  bool is_batch;

  MatrixView<const double> operator[](std::size_t problem) const {
    return {data + problem * rows * cols, rows, cols};
  }

  // The shape of a result with one entry a row, or one a problem.
  std::vector<py::ssize_t> per_row() const {
    std::vector<py::ssize_t> shape = per_problem();
    shape.push_back(static_cast<py::ssize_t>(rows));
    return shape;
  }
  std::vector<py::ssize_t> per_problem() const {
    if (!is_batch) return {};
    return {static_cast<py::ssize_t>(count)};
  }
};

inline Problems problems(const py::array& F, const char* name) {
  const bool is_batch = F.ndim() == 3;
  check_layout<double>(F, name, is_batch ? 3 : 2);
  const auto size = [&](int axis) { return static_cast<std::size_t>(F.shape(axis)); };
  const Problems found{static_cast<const double*>(F.data()), is_batch ? size(0) : 1,
                       size(is_batch ? 1 : 0), size(is_batch ? 2 : 1), is_batch};
  check_row_count(found.rows, name);
  check_no_nan(
      std::span(found.data, found.count * found.rows * found.cols), name, [&](std::size_t at) {
        const std::size_t row = at / found.cols;
        return "in " + (is_batch ? "problem " + std::to_string(row / found.rows) + ", " : "") +
               "row " + std::to_string(is_batch ? row % found.rows : row) + ", column " +
               std::to_string(at % found.cols);
      });
  return found;
}

// kernel(F[p], p, threads, checkpoint) for every problem p. The threads share one problem, or take
// the problems of a batch among them.
template <class Kernel>
void for_each_problem(const Problems& F, int threads, const Kernel& kernel) {
  const Checkpoint checkpoint = poll_signals();
  if (F.count == 1) return kernel(F[0], std::size_t{0}, threads, checkpoint);
  parallel_for(
      F.count, threads,
      [&](std::size_t problem, int, const Checkpoint& poll) {
        kernel(F[problem], problem, 1, poll);
      },
      checkpoint);
}

}  // namespace pyhwnas::bind
