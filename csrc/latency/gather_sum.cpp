#include "pyhwnas/gather_sum.hpp"

#include <cassert>
#include <vector>

#include "require.hpp"

namespace pyhwnas {
namespace {

constexpr std::size_t kRowsPerBlock = 1024;

}  // namespace

void gather_sum(std::span<const double> cost, MatrixView<const std::int32_t> ids,
                std::span<double> sums, int threads, const Checkpoint& checkpoint) {
  require_size(sums.size(), "sums", ids.rows());
  // One place in front for the absent ones, so that the inner loop has no branch.
  std::vector<double> padded(cost.size() + 1, 0.0);
  std::copy(cost.begin(), cost.end(), padded.begin() + 1);
  const double* const origin = padded.data() + 1;

  const std::size_t n_blocks = (ids.rows() + kRowsPerBlock - 1) / kRowsPerBlock;
  const auto sum_block = [&](std::size_t block, int) {
    const std::size_t end = std::min(ids.rows(), (block + 1) * kRowsPerBlock);
    for (std::size_t i = block * kRowsPerBlock; i < end; ++i) {
      double sum = 0.0;
      for (const std::int32_t id : ids[i]) {
        assert(id >= -1 && id < static_cast<std::int64_t>(cost.size()));
        sum += origin[id];
      }
      sums[i] = sum;
    }
  };
  parallel_for(n_blocks, threads, sum_block, checkpoint);
}

}  // namespace pyhwnas
