// Many small problems at once, as vectorised searches have them: one block a problem, which keeps
// all that it needs in shared memory. The values are those of pyhwnas/moo/dominance.hpp and
// pyhwnas/moo/crowding_distance.hpp, bit by bit. F has `count` problems of n <= kMostSmallRows rows
// of m doubles without NaN; all work is queued on the stream.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace pyhwnas::cuda {

inline constexpr std::size_t kMostSmallRows = 1024;

struct SmallProblems {
  const double* F;
  std::size_t count;
  std::size_t n;
  std::size_t m;
};

cudaError_t nondominated_sort(const SmallProblems& problems, std::int32_t* ranks,
                              cudaStream_t stream);
cudaError_t dominance_counts(const SmallProblems& problems, std::int32_t* counts,
                             cudaStream_t stream);
cudaError_t nondominated_mask(const SmallProblems& problems, bool keep_equal, std::uint8_t* mask,
                              cudaStream_t stream);

// ranks may be null: each problem is one front.
cudaError_t crowding_distance(const SmallProblems& problems, const std::int32_t* ranks,
                              double* distances, cudaStream_t stream);

}  // namespace pyhwnas::cuda
