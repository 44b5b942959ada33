#include "pyhwnas/synflow.hpp"

#include <cmath>
#include <stdexcept>
#include <string>

#include "proxy/distinct_rows.hpp"
#include "proxy/expected/tensor_algebra.hpp"
#include "proxy/network_runner.hpp"
#include "require.hpp"

namespace pyhwnas::proxy {
namespace {

constexpr std::size_t kRowsPerBlock = 16;

}  // namespace

void synflow_expected(const PlanProgram& program, MatrixView<const std::int32_t> unit_ids,
                      double weight_gain, std::span<double> scores, int threads,
                      const Checkpoint& checkpoint) {
  require_size(scores.size(), "scores", unit_ids.rows());
  if (!(weight_gain > 0.0) || !std::isfinite(weight_gain)) {
    throw std::invalid_argument("weight_gain must be positive and finite, got " +
                                std::to_string(weight_gain));
  }
  const CheckedProgram checked = check_program(program, Passing::dropped);
  check_unit_ids(unit_ids, checked);

  const DistinctRows distinct(unit_ids);
  const std::size_t n = distinct.count();
  std::vector<double> found(n);
  const std::size_t n_blocks = (n + kRowsPerBlock - 1) / kRowsPerBlock;
  std::vector<NetworkRunner<TensorAlgebra>> runners;
  const std::size_t n_runners = worker_count(n_blocks, threads);
  runners.reserve(n_runners);
  for (std::size_t k = 0; k < n_runners; ++k) runners.emplace_back(checked, weight_gain);
  const auto score_block = [&](std::size_t block, int worker) {
    auto& runner = runners[static_cast<std::size_t>(worker)];
    const std::size_t end = std::min(n, (block + 1) * kRowsPerBlock);
    for (std::size_t k = block * kRowsPerBlock; k < end; ++k) {
      const std::size_t row = distinct.first(k);
      found[k] = runner.score(unit_ids[row], row);
    }
  };
  parallel_for(n_blocks, threads, score_block, checkpoint);
  distinct.spread(found, scores);
}

}  // namespace pyhwnas::proxy
