// Synflow of a population on the GPU: one block of threads runs one network after the other.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "host_device.hpp"
#include "proxy/tape/packed_tape.hpp"

namespace pyhwnas::cuda {

// What is wrong with a row of unit ids; the first row of a population that has it is told.
enum class RowError : std::uint32_t { none, no_place, too_many_inputs, other_shape };

// A row in the upper, a slot in the next and a RowError in the lowest bits; all bits where no row
// is wrong.
inline constexpr unsigned long long kNoFailure = ~0ULL;
PYHWNAS_HOST_DEVICE constexpr unsigned long long failure_of(std::size_t row, std::int32_t slot,
                                                            RowError error) {
  return static_cast<unsigned long long>(row) << 32 |
         static_cast<unsigned long long>(static_cast<std::uint32_t>(slot)) << 2 |
         static_cast<unsigned long long>(error);
}

// Absolute weights of the tape's places; place k has those from offsets[k] on, for each convolution
// (group, input channel, row, column, output channel) and then its biases. Both null where every
// weight is its mean.
struct TapeWeights {
  const float* values;
  const std::int64_t* offsets;
};

// scores[i] = ln of the Synflow of row i of unit_ids, as pyhwnas::proxy::synflow_expected and
// synflow score it; agrees with them to rounding. A row's score depends on that row alone, to the
// bit: neither on the grid nor on other rows. All pointers are to memory of the device; *failure
// becomes the first row that is wrong, whose score is NaN. Fewer than 2^31 rows. O(numbers of all
// values x taps) operations per row; a network's memory is in shared memory where it fits.
cudaError_t synflow_of_means(const proxy::TapeView& tape, const std::int32_t* unit_ids,
                             std::size_t n_rows, double* scores, unsigned long long* failure,
                             cudaStream_t stream);
cudaError_t synflow_of_weights(const proxy::TapeView& tape, const TapeWeights& weights,
                               const std::int32_t* unit_ids, std::size_t n_rows,
                               bool double_precision, double* scores, unsigned long long* failure,
                               cudaStream_t stream);

}  // namespace pyhwnas::cuda
