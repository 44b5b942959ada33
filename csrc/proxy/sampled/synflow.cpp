#include "pyhwnas/synflow.hpp"

#include <vector>

#include "proxy/distinct_rows.hpp"
#include "proxy/network_runner.hpp"
#include "proxy/sampled/dual_algebra.hpp"
#include "require.hpp"

namespace pyhwnas::proxy {
namespace {

template <class T>
void score_rows(const CheckedProgram& program, MatrixView<const std::int32_t> unit_ids,
                const SharedWeights& shared, std::span<double> scores, int threads,
                const Checkpoint& checkpoint) {
  const SlotWeights<T> weights(program, shared);
  weights.check_complete(unit_ids);
  const DistinctRows distinct(unit_ids);
  std::vector<double> found(distinct.count());
  std::vector<NetworkRunner<DualAlgebra<T>>> runners;
  const std::size_t n_runners = worker_count(distinct.count(), threads);
  runners.reserve(n_runners);
  for (std::size_t k = 0; k < n_runners; ++k) runners.emplace_back(program, weights);
  const auto score_row = [&](std::size_t k, int worker) {
    const std::size_t row = distinct.first(k);
    found[k] = runners[static_cast<std::size_t>(worker)].score(unit_ids[row], row);
  };
  parallel_for(distinct.count(), threads, score_row, checkpoint);
  distinct.spread(found, scores);
}

}  // namespace

void synflow(const PlanProgram& program, MatrixView<const std::int32_t> unit_ids,
             const SharedWeights& weights, Precision precision, std::span<double> scores,
             int threads, const Checkpoint& checkpoint) {
  require_size(scores.size(), "scores", unit_ids.rows());
  const CheckedProgram checked = check_program(program, Passing::dropped);
  check_unit_ids(unit_ids, checked);
  if (precision == Precision::float32) {
    score_rows<float>(checked, unit_ids, weights, scores, threads, checkpoint);
  } else {
    score_rows<double>(checked, unit_ids, weights, scores, threads, checkpoint);
  }
}

}  // namespace pyhwnas::proxy
