#include "bind/device_arrays.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace pyhwnas::bind {
namespace {

std::optional<cuda::NumberType> number_type(DLDataType dtype) {
  using cuda::NumberType;
  struct Known {
    DLDataType dtype;
    NumberType type;
  };
  static constexpr Known kKnown[] = {
      {dtype_of<double>(), NumberType::kFloat64},
      {dtype_of<float>(), NumberType::kFloat32},
      {dtype_of<std::int64_t>(), NumberType::kInt64},
      {dtype_of<std::int32_t>(), NumberType::kInt32},
      {dtype_of<std::int16_t>(), NumberType::kInt16},
      {dtype_of<std::int8_t>(), NumberType::kInt8},
      {dtype_of<std::uint64_t>(), NumberType::kUint64},
      {dtype_of<std::uint32_t>(), NumberType::kUint32},
      {dtype_of<std::uint16_t>(), NumberType::kUint16},
      {dtype_of<std::uint8_t>(), NumberType::kUint8},
  };
  for (const Known& known : kKnown) {
    if (known.dtype == dtype) return known.type;
  }
  return std::nullopt;
}

void check_dimensions(const Shape& shape, const char* name, const std::vector<int>& ndims) {
  const auto ndim = static_cast<int>(shape.size());
  if (std::find(ndims.begin(), ndims.end(), ndim) != ndims.end()) return;
  const std::string more = ndims.size() > 1 ? ", or 3 for a batch" : "";
  throw py::value_error(std::string(name) + " must have " + std::to_string(ndims.front()) +
                        " dimensions" + more + ", got shape " + text_of(shape));
}

std::string place_of(unsigned long long at, const Shape& shape) {
  if (shape.size() == 1) return "at index " + std::to_string(at);
  const auto cols = static_cast<unsigned long long>(shape.back());
  const auto rows = static_cast<unsigned long long>(shape[shape.size() - 2]);
  const unsigned long long row = at / cols;
  return "in " + (shape.size() == 3 ? "problem " + std::to_string(row / rows) + ", " : "") +
         "row " + std::to_string(row % rows) + ", column " + std::to_string(at % cols);
}

}  // namespace

DeviceDoubles::DeviceDoubles(const py::object& array, const char* name,
                             const std::vector<int>& ndims, const Stream& stream, cuda::Rule rule)
    : view_(array, name, stream) {
  check_dimensions(view_.shape(), name, ndims);
  const std::optional<cuda::NumberType> type = number_type(view_.dtype());
  if (!type) {
    throw py::type_error(std::string(name) + " must hold real numbers, got dtype " +
                         name_of(view_.dtype()));
  }
  const std::size_t size = view_.size();
  if (size == 0) return;
  if (*type == cuda::NumberType::kFloat64 && view_.is_contiguous()) {
    data_ = static_cast<const double*>(view_.data());
  } else {
    check(copy_.allocate(size, stream.handle));
    data_ = copy_.data();
  }
  cuda::Numbers numbers{view_.data(), *type, {1, 1, 1}, {0, 0, 0}, rule};
  const std::size_t skipped = 3 - view_.shape().size();
  std::copy(view_.shape().begin(), view_.shape().end(), numbers.shape + skipped);
  std::copy(view_.strides().begin(), view_.strides().end(), numbers.strides + skipped);
  cuda::Buffer<unsigned long long> first_bad;
  check(first_bad.allocate(1, stream.handle));
  unsigned long long found = 0;
  {
    const py::gil_scoped_release release;
    check(cuda::to_doubles(numbers, copy_.data(), first_bad.data(), stream.handle));
    check(cudaMemcpyAsync(&found, first_bad.data(), sizeof found, cudaMemcpyDeviceToHost,
                          stream.handle));
    check(cudaStreamSynchronize(stream.handle));
  }
  if (found != cuda::kNoneIsBad) refuse(name, found, rule, stream);
}

void DeviceDoubles::refuse(const char* name, unsigned long long at, cuda::Rule rule,
                           const Stream& stream) const {
  const std::string text(name);
  const std::string place = place_of(at, view_.shape());
  double value = 0.0;
  check(cudaMemcpyAsync(&value, data_ + at, sizeof value, cudaMemcpyDeviceToHost, stream.handle));
  check(cudaStreamSynchronize(stream.handle));
  if (view_.dtype().code != DLCode::kFloat && std::abs(value) >= 0x1p53) {
    throw py::value_error(text + " must hold integers up to 2**53, got a larger one " + place);
  }
  if (rule == cuda::Rule::kNotNan) {
    throw py::value_error(text + " must not hold NaN, got NaN " + place);
  }
  const std::string wish = std::isfinite(value) ? "positive" : "finite";
  const std::string found = py::str(py::float_(value)).cast<std::string>();
  throw py::value_error(text + " must be " + wish + ", got " + found + " " + place);
}

DeviceProblems::DeviceProblems(const py::object& array, const char* name, const Stream& stream)
    : F(array, name, {2, 3}, stream), is_batch(F.shape().size() == 3) {
  const auto size = [&](std::size_t axis) { return static_cast<std::size_t>(F.shape()[axis]); };
  count = is_batch ? size(0) : 1;
  rows = size(is_batch ? 1 : 0);
  cols = size(is_batch ? 2 : 1);
  if (rows > 0x7fffffffU) {
    throw py::value_error(std::string(name) + " must have fewer than 2^31 rows, got " +
                          std::to_string(rows));
  }
}

Shape DeviceProblems::per_row() const {
  Shape shape = per_problem();
  shape.push_back(static_cast<std::int64_t>(rows));
  return shape;
}

Shape DeviceProblems::per_problem() const {
  if (!is_batch) return {};
  return {static_cast<std::int64_t>(count)};
}

void check_exact_layout(const ArrayView& view, const char* name, DLDataType dtype, int ndim) {
  if (view.dtype() != dtype) {
    throw py::type_error(std::string(name) + " must have dtype " + name_of(dtype) + ", got " +
                         name_of(view.dtype()));
  }
  if (static_cast<int>(view.shape().size()) != ndim) {
    throw py::value_error(std::string(name) + " must have " + std::to_string(ndim) +
                          (ndim == 1 ? " dimension" : " dimensions") + ", got shape " +
                          text_of(view.shape()));
  }
  if (!view.is_contiguous()) {
    throw py::value_error(std::string(name) + " must be C-contiguous, got other strides");
  }
}

void check_shape(const ArrayView& view, const char* name, const Shape& expected) {
  if (view.shape() == expected) return;
  throw py::value_error(std::string(name) + " must have shape " + text_of(expected) + ", got " +
                        text_of(view.shape()));
}

}  // namespace pyhwnas::bind
