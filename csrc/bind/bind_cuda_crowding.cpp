#include <optional>

#include "bind/cuda_modules.hpp"
#include "bind/device_arrays.hpp"
#include "cuda/crowding_distance.hpp"
#include "cuda/small_problems.hpp"

namespace pyhwnas::bind {
namespace {

// ranks: as F, less the last axis; None: each problem is one front.
Result crowding_distance(const py::object& F, const py::object& ranks, const Stream& stream) {
  const OnDevice device(stream);
  const DeviceProblems view(F, "F", stream);
  std::optional<ArrayView> fronts;
  if (!ranks.is_none()) {
    fronts.emplace(ranks, "ranks", stream);
    check_exact_layout(*fronts, "ranks", dtype_of<std::int32_t>(), view.is_batch ? 2 : 1);
    check_shape(*fronts, "ranks", view.per_row());
  }
  const auto* const numbers = fronts ? static_cast<const std::int32_t*>(fronts->data()) : nullptr;
  cuda::Buffer<double> distances;
  check(distances.allocate(view.count * view.rows, stream.handle));
  if (view.rows <= cuda::kMostSmallRows) {
    check(cuda::crowding_distance({view.F.data(), view.count, view.rows, view.cols}, numbers,
                                  distances.data(), stream.handle));
  } else {
    for (std::size_t p = 0; p < view.count; ++p) {
      const auto* const own = numbers == nullptr ? nullptr : numbers + p * view.rows;
      check(cuda::crowding_distance(view.problem(p), own, view.rows, view.cols,
                                    distances.data() + p * view.rows, stream.handle));
    }
  }
  return Result(std::move(distances), view.per_row(), stream);
}

}  // namespace

void bind_cuda_crowding(py::module_& m) {
  using py::arg;
  m.def("crowding_distance", &crowding_distance, arg("F"), arg("ranks").none(true), arg("stream"),
        "Crowding distance of each row within its front.");
}

}  // namespace pyhwnas::bind
