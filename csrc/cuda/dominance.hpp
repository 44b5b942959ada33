// Who dominates whom, on the GPU: the same values as pyhwnas/moo/dominance.hpp promises, bit for
// bit. F has n rows of m doubles without NaN; n < 2^31 and n m < 2^32. All work is queued on the
// stream; nothing waits for it.
//
// Memory is O(n m), whatever the rows are like: rows are sorted once (ordered_rows.hpp), pairs of
// tiles of 128 rows are compared by their boxes, and 128 x 128 rows as bits where boxes say
// nothing.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace pyhwnas::cuda {

// Front index of each row.
cudaError_t nondominated_sort(const double* F, std::size_t n, std::size_t m, std::int32_t* ranks,
                              cudaStream_t stream);

// The same ranks; every row is compared with every row before it, so that the time does not depend
// on how the rows lie.
cudaError_t dominance_degree_sort(const double* F, std::size_t n, std::size_t m,
                                  std::int32_t* ranks, cudaStream_t stream);

// How many rows dominate each row.
cudaError_t dominance_counts(const double* F, std::size_t n, std::size_t m, std::int32_t* counts,
                             cudaStream_t stream);

// mask[i] = 1 where no row dominates row i, else 0. Of equal rows all are kept, or only the first.
cudaError_t nondominated_mask(const double* F, std::size_t n, std::size_t m, bool keep_equal,
                              std::uint8_t* mask, cudaStream_t stream);

}  // namespace pyhwnas::cuda
