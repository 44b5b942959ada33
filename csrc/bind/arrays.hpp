// From numpy arrays to views, with every check that the kernels rely on. Messages name the
// argument, what was expected and what came.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "bind/threads.hpp"
#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"

namespace pyhwnas::bind {

namespace py = pybind11;

inline std::string shape_of(const py::array& array) {
  std::string text = "(";
  for (py::ssize_t k = 0; k < array.ndim(); ++k) {
    text += (k > 0 ? ", " : "") + std::to_string(array.shape(k));
  }
  return text + (array.ndim() == 1 ? ",)" : ")");
}

// A wrong dtype is the caller's mistake, never a silent conversion.
template <class T>
void check_layout(const py::array& array, const char* name, int ndim) {
  const py::dtype expected = py::dtype::of<T>();
  if (!array.dtype().equal(expected)) {
    throw py::type_error(std::string(name) + " must have dtype " +
                         py::str(expected).cast<std::string>() + ", got " +
                         py::str(array.dtype()).cast<std::string>());
  }
  if (array.ndim() != ndim) {
    throw py::value_error(std::string(name) + " must have " + std::to_string(ndim) +
                          (ndim == 1 ? " dimension" : " dimensions") + ", got shape " +
                          shape_of(array));
  }
  if ((array.flags() & py::array::c_style) == 0) {
    throw py::value_error(std::string(name) + " must be C-contiguous, got other strides");
  }
  if ((array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) == 0) {
    throw py::value_error(std::string(name) + " must be aligned, got an odd address");
  }
}

template <class T>
MatrixView<const T> matrix(const py::array& array, const char* name) {
  check_layout<T>(array, name, 2);
  return {static_cast<const T*>(array.data()), static_cast<std::size_t>(array.shape(0)),
          static_cast<std::size_t>(array.shape(1))};
}

template <class T>
std::span<const T> vector(const py::array& array, const char* name) {
  check_layout<T>(array, name, 1);
  return {static_cast<const T*>(array.data()), static_cast<std::size_t>(array.shape(0))};
}

template <class T>
std::span<T> output(py::array_t<T>& array) {
  return {array.mutable_data(), static_cast<std::size_t>(array.size())};
}

template <class T>
void check_size(std::span<const T> values, const char* name, std::size_t expected) {
  if (values.size() != expected) {
    throw py::value_error(std::string(name) + " must have " + std::to_string(expected) +
                          " entries, got " + std::to_string(values.size()));
  }
}

inline void check_shape(const py::array& array, const char* name,
                        const std::vector<py::ssize_t>& expected) {
  if (std::equal(expected.begin(), expected.end(), array.shape(), array.shape() + array.ndim())) {
    return;
  }
  std::string text;
  for (const py::ssize_t size : expected) {
    if (!text.empty()) text += ", ";
    text += std::to_string(size);
  }
  if (expected.size() == 1) text += ",";
  throw py::value_error(std::string(name) + " must have shape (" + text + "), got " +
                        shape_of(array));
}

// place(index) names an entry in the message.
template <class Place>
void check_no_nan(std::span<const double> values, const char* name, const Place& place) {
  // Without an exit inside, the loop over a block is vectorised: this check reads as fast as memory
  // is.
  constexpr std::size_t kBlock = 4096;
  for (std::size_t begin = 0; begin < values.size(); begin += kBlock) {
    const auto block = values.subspan(begin, std::min(kBlock, values.size() - begin));
    std::uint64_t n_nan = 0;
    for (const double x : block) n_nan += static_cast<std::uint64_t>(x != x);
    if (n_nan == 0) continue;
    const auto found =
        std::find_if(block.begin(), block.end(), [](double x) { return std::isnan(x); });
    throw py::value_error(std::string(name) + " must not hold NaN, got NaN " +
                          place(begin + static_cast<std::size_t>(found - block.begin())));
  }
}

inline void check_no_nan(MatrixView<const double> values, const char* name) {
  check_no_nan(std::span(values.data(), values.rows() * values.cols()), name, [&](std::size_t at) {
    return "in row " + std::to_string(at / values.cols()) + ", column " +
           std::to_string(at % values.cols());
  });
}

inline void check_no_nan(std::span<const double> values, const char* name) {
  check_no_nan(values, name, [](std::size_t at) { return "at index " + std::to_string(at); });
}

inline std::string text_of(double value) {
  return py::str(py::float_(value)).cast<std::string>();
}

// The first value for which `is_right` is false is named; `rule` says what all must be.
template <class IsRight>
void check_values(MatrixView<const double> values, const char* name, const char* rule,
                  const IsRight& is_right) {
  const std::span<const double> all(values.data(), values.rows() * values.cols());
  // Counting instead of searching: the loop has no early exit, so it is vectorised.
  std::size_t bad = 0;
  for (const double x : all) bad += !is_right(x);
  if (bad == 0) return;
  const auto found = std::find_if_not(all.begin(), all.end(), is_right);
  const auto at = static_cast<std::size_t>(found - all.begin());
  throw py::value_error(std::string(name) + " must " + rule + ", got " + text_of(*found) +
                        " in row " + std::to_string(at / values.cols()) + ", column " +
                        std::to_string(at % values.cols()));
}

inline void check_finite(std::span<const double> values, const char* name) {
  const auto found =
      std::find_if_not(values.begin(), values.end(), [](double x) { return std::isfinite(x); });
  if (found == values.end()) return;
  throw py::value_error(std::string(name) + " must be finite, got " + text_of(*found) +
                        " at index " + std::to_string(found - values.begin()));
}

// -1 says absent; anything else must be an index into a table of `size` entries.
inline void check_ids(MatrixView<const std::int32_t> ids, const char* name, std::size_t size) {
  const std::span<const std::int32_t> all(ids.data(), ids.rows() * ids.cols());
  const auto limit = static_cast<std::int64_t>(size);
  // Counting instead of searching: the loop has no early exit, so it is vectorised.
  std::size_t bad = 0;
  for (const std::int32_t id : all) bad += id < -1 || id >= limit;
  if (bad == 0) return;
  const auto found = std::find_if(all.begin(), all.end(),
                                  [limit](std::int32_t id) { return id < -1 || id >= limit; });
  const auto at = static_cast<std::size_t>(found - all.begin());
  throw py::value_error(std::string(name) + " must be -1 or less than " + std::to_string(limit) +
                        ", got " + std::to_string(*found) + " in row " +
                        std::to_string(at / ids.cols()) + ", column " +
                        std::to_string(at % ids.cols()));
}

// Row numbers are 32-bit integers in results and inside the kernels.
inline void check_row_count(std::size_t rows, const char* name) {
  if (rows > 0x7fffffffU) {
    throw py::value_error(std::string(name) + " must have fewer than 2^31 rows, got " +
                          std::to_string(rows));
  }
}

// Lets Ctrl-C through to a kernel that runs without the interpreter's lock. A few times a second is
// often enough, and keeps short blocks from queueing for the lock.
inline Checkpoint poll_signals() {
  using Clock = std::chrono::steady_clock;
  return [last = Clock::now()]() mutable {
    const Clock::time_point now = Clock::now();
    if (now - last < std::chrono::milliseconds(100)) return;
    last = now;
    const py::gil_scoped_acquire lock;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  };
}

}  // namespace pyhwnas::bind
