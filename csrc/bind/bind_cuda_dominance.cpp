#include "bind/cuda_modules.hpp"
#include "bind/device_arrays.hpp"
#include "cuda/dominance.hpp"
#include "cuda/small_problems.hpp"

namespace pyhwnas::bind {
namespace {

// Problems of a batch that one launch takes at once.
bool are_small(const DeviceProblems& F) {
  return F.is_batch && F.rows <= cuda::kMostSmallRows;
}

cuda::SmallProblems small_problems(const DeviceProblems& F) {
  return {F.F.data(), F.count, F.rows, F.cols};
}

// A kernel that gives each row an integer.
using RowKernel = cudaError_t (*)(const double*, std::size_t, std::size_t, std::int32_t*,
                                  cudaStream_t);

// The same for many small problems.
using SmallKernel = cudaError_t (*)(const cuda::SmallProblems&, std::int32_t*, cudaStream_t);

// Sums of ranks are 32-bit integers in the kernels.
void check_rank_sums(const DeviceProblems& F) {
  if (F.rows * F.cols <= 0xffffffffU) return;
  throw py::value_error("F must have fewer than 2^32 entries a problem, got " +
                        std::to_string(F.rows * F.cols));
}

template <RowKernel kernel, SmallKernel small_kernel>
Result integer_per_row(const py::object& F, const Stream& stream) {
  const OnDevice device(stream);
  const DeviceProblems view(F, "F", stream);
  check_rank_sums(view);
  cuda::Buffer<std::int32_t> out;
  check(out.allocate(view.count * view.rows, stream.handle));
  if (are_small(view)) {
    check(small_kernel(small_problems(view), out.data(), stream.handle));
    return Result(std::move(out), view.per_row(), stream);
  }
  for (std::size_t p = 0; p < view.count; ++p) {
    check(kernel(view.problem(p), view.rows, view.cols, out.data() + p * view.rows, stream.handle));
  }
  return Result(std::move(out), view.per_row(), stream);
}

Result nondominated_mask(const py::object& F, bool keep_equal, const Stream& stream) {
  const OnDevice device(stream);
  const DeviceProblems view(F, "F", stream);
  check_rank_sums(view);
  cuda::Buffer<std::uint8_t> out;
  check(out.allocate(view.count * view.rows, stream.handle));
  if (are_small(view)) {
    check(cuda::nondominated_mask(small_problems(view), keep_equal, out.data(), stream.handle));
    return Result::mask(std::move(out), view.per_row(), stream);
  }
  for (std::size_t p = 0; p < view.count; ++p) {
    check(cuda::nondominated_mask(view.problem(p), view.rows, view.cols, keep_equal,
                                  out.data() + p * view.rows, stream.handle));
  }
  return Result::mask(std::move(out), view.per_row(), stream);
}

}  // namespace

void bind_cuda_dominance(py::module_& m) {
  using py::arg;
  m.def("nondominated_sort", &integer_per_row<&cuda::nondominated_sort, &cuda::nondominated_sort>,
        arg("F"), arg("stream"), "Front index of each row.");
  m.def("dominance_degree_sort",
        &integer_per_row<&cuda::dominance_degree_sort, &cuda::nondominated_sort>, arg("F"),
        arg("stream"), "Front index of each row, by dominance degrees.");
  m.def("nondominated_mask", &nondominated_mask, arg("F"), arg("keep_equal"), arg("stream"),
        "Which rows no other row dominates.");
  m.def("dominance_counts", &integer_per_row<&cuda::dominance_counts, &cuda::dominance_counts>,
        arg("F"), arg("stream"), "How many rows dominate each row.");
}

}  // namespace pyhwnas::bind
