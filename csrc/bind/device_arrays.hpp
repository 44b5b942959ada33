// From arrays on the GPU to what kernels take, with every check that they rely on. Messages are
// those of arrays.hpp and of pyhwnas/_arrays.py, which check arrays of the CPU.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "bind/dlpack.hpp"
#include "cuda/buffer.hpp"
#include "cuda/numbers.hpp"

namespace pyhwnas::bind {

// Real numbers as C-contiguous doubles that keep a rule: the caller's own memory where it is just
// that, a converted copy elsewhere. Lives as long as the call.
class DeviceDoubles {
 public:
  // Queues the check, and the conversion if there is one; waits for the check's answer.
  // ndims: the numbers of dimensions that are allowed.
  DeviceDoubles(const py::object& array, const char* name, const std::vector<int>& ndims,
                const Stream& stream, cuda::Rule rule = cuda::Rule::kNotNan);

  const double* data() const { return data_; }
  const Shape& shape() const { return view_.shape(); }

 private:
  [[noreturn]] void refuse(const char* name, unsigned long long at, cuda::Rule rule,
                           const Stream& stream) const;

  ArrayView view_;
  cuda::Buffer<double> copy_;
  const double* data_ = nullptr;
};

// One problem or a batch of them, as Problems is on the CPU: F[n, m] or F[b, n, m].
struct DeviceProblems {
  DeviceProblems(const py::object& F, const char* name, const Stream& stream);

  const double* problem(std::size_t p) const { return F.data() + p * rows * cols; }
  Shape per_row() const;
  Shape per_problem() const;

  DeviceDoubles F;
  bool is_batch;
  std::size_t count;
  std::size_t rows;
  std::size_t cols;
};

// An array of exactly this type, C-contiguous, not converted; ranks and ids are such.
void check_exact_layout(const ArrayView& view, const char* name, DLDataType dtype, int ndim);
void check_shape(const ArrayView& view, const char* name, const Shape& expected);

}  // namespace pyhwnas::bind
