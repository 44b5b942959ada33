#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "proxy/tensor_algebra.hpp"
#include "require.hpp"

namespace pyhwnas::proxy {
namespace {

constexpr double kNoPath = -std::numeric_limits<double>::infinity();
constexpr std::size_t kRowsPerBlock = 16;

void run_node(TensorAlgebra& algebra, const Node& node, std::span<const Tensor* const> inputs,
              Tensor& out) {
  const Tensor& first = *inputs.front();
  out.clear();
  out.shape = node.shape;
  switch (node.op) {
    case Opcode::conv:
    case Opcode::linear:
      return algebra.convolve(node, first, out);
    case Opcode::channel_conv:
      return algebra.convolve_channels(node, first, out);
    case Opcode::batchnorm:
      out.groups = first.groups;
      return;
    case Opcode::maxpool:
      return algebra.max_pool(node, first, out);
    case Opcode::avgpool:
      return algebra.average_pool(node, first, out);
    case Opcode::global_avgpool:
      return algebra.global_average_pool(first, out);
    case Opcode::add:
      return algebra.add(inputs, out);
    case Opcode::mul:
      return algebra.multiply(first, *inputs[1], out);
    case Opcode::concat:
      return TensorAlgebra::concatenate(inputs, out);
    case Opcode::slice:
      return TensorAlgebra::first_channels(first, out);
    case Opcode::crop:
      return algebra.last_pixels(first, out);
    case Opcode::shuffle:
      return TensorAlgebra::shuffle(node.groups, first, out);
    default:
      return algebra.activate(node.op, first, out);
  }
}

// Runs one network after the other, on one thread.
class Runner {
 public:
  Runner(const CheckedProgram& program, double weight_gain)
      : program_(program), algebra_(weight_gain), slots_(program.slots.size()) {}

  double score(std::span<const std::int32_t> ids, std::size_t row) {
    for (Tensor& tensor : slots_) tensor.clear();
    for (std::size_t s = 0; s < ids.size(); ++s) {
      if (ids[s] >= 0) {
        const Unit& unit = program_.units[static_cast<std::size_t>(ids[s])];
        gather_inputs(s, ids, unit, row);
        if (inputs_.size() < unit.inputs.size()) return kNoPath;
        run_unit(unit, slots_[s]);
      }
      for (const std::int32_t done : program_.slots[s].done) {
        slots_[static_cast<std::size_t>(done)].clear();
      }
    }
    if (ids.back() < 0) return kNoPath;
    const Scaled sum = TensorAlgebra::tangent_sum(slots_.back());
    return sum.is_zero() ? kNoPath : sum.log();
  }

 private:
  void gather_inputs(std::size_t s, std::span<const std::int32_t> ids, const Unit& unit,
                     std::size_t row) {
    inputs_.clear();
    network_inputs_.resize(std::max(network_inputs_.size(), unit.inputs.size()));
    for (const std::int32_t source : program_.slots[s].inputs) {
      if (source >= 0 && ids[static_cast<std::size_t>(source)] < 0) continue;
      const std::size_t k = inputs_.size();
      if (k == unit.inputs.size()) {
        throw std::invalid_argument("unit_ids row " + std::to_string(row) + ": slot " +
                                    std::to_string(s) + " gets more inputs than the " +
                                    std::to_string(k) + " its unit takes");
      }
      inputs_.push_back(source < 0 ? network_input(k, unit.inputs[k])
                                   : &slots_[static_cast<std::size_t>(source)]);
      if (inputs_[k]->shape != unit.inputs[k]) {
        throw std::invalid_argument("unit_ids row " + std::to_string(row) + ": input " +
                                    std::to_string(k) + " of slot " + std::to_string(s) +
                                    " must have shape " + to_string(unit.inputs[k]) + ", got " +
                                    to_string(inputs_[k]->shape));
      }
    }
  }

  const Tensor* network_input(std::size_t k, const Shape& shape) {
    Tensor& tensor = network_inputs_[k];
    tensor.clear();
    tensor.shape = shape;
    algebra_.ones(tensor);
    return &tensor;
  }

  // inputs_ grows into the list of all values of the unit.
  void run_unit(const Unit& unit, Tensor& out) {
    if (unit.nodes.empty()) {
      out = *inputs_.front();
      return;
    }
    // Sized first: values are pointed at.
    if (node_values_.size() < unit.nodes.size()) node_values_.resize(unit.nodes.size());
    for (std::size_t j = 0; j < unit.nodes.size(); ++j) {
      const Node& node = unit.nodes[j];
      operands_.clear();
      for (const std::int32_t value : node.inputs) {
        operands_.push_back(inputs_[static_cast<std::size_t>(value)]);
      }
      const bool is_output = j + 1 == unit.nodes.size();
      Tensor& result = is_output ? out : node_values_[j];
      run_node(algebra_, node, operands_, result);
      inputs_.push_back(&result);
    }
    for (std::size_t j = 0; j + 1 < unit.nodes.size(); ++j) node_values_[j].clear();
  }

  const CheckedProgram& program_;
  TensorAlgebra algebra_;  // owns the maps, so it comes before the tensors that refer to them
  std::vector<Tensor> slots_;
  std::vector<Tensor> network_inputs_;
  std::vector<Tensor> node_values_;
  std::vector<const Tensor*> inputs_;
  std::vector<const Tensor*> operands_;
};

void check_unit_ids(MatrixView<const std::int32_t> unit_ids, const CheckedProgram& program) {
  if (unit_ids.cols() != program.slots.size()) {
    throw std::invalid_argument("unit_ids must have one column per slot, " +
                                std::to_string(program.slots.size()) + ", got " +
                                std::to_string(unit_ids.cols()));
  }
  const auto n_units = static_cast<std::int64_t>(program.units.size());
  for (std::size_t i = 0; i < unit_ids.rows(); ++i) {
    for (std::size_t s = 0; s < unit_ids.cols(); ++s) {
      const std::int32_t id = unit_ids(i, s);
      if (id >= -1 && id < n_units) continue;
      throw std::invalid_argument("unit_ids must be -1 or less than " + std::to_string(n_units) +
                                  ", got " + std::to_string(id) + " in row " + std::to_string(i) +
                                  ", column " + std::to_string(s));
    }
  }
}

}  // namespace

void synflow_expected(const PlanProgram& program, MatrixView<const std::int32_t> unit_ids,
                      double weight_gain, std::span<double> scores, int threads,
                      const Checkpoint& checkpoint) {
  require_size(scores.size(), "scores", unit_ids.rows());
  if (!(weight_gain > 0.0) || !std::isfinite(weight_gain)) {
    throw std::invalid_argument("weight_gain must be positive and finite, got " +
                                std::to_string(weight_gain));
  }
  const CheckedProgram checked = check_program(program);
  check_unit_ids(unit_ids, checked);

  const std::size_t n = unit_ids.rows();
  const std::size_t n_blocks = (n + kRowsPerBlock - 1) / kRowsPerBlock;
  std::vector<Runner> runners;
  const std::size_t n_runners = worker_count(n_blocks, threads);
  runners.reserve(n_runners);
  for (std::size_t k = 0; k < n_runners; ++k) runners.emplace_back(checked, weight_gain);
  const auto score_block = [&](std::size_t block, int worker) {
    Runner& runner = runners[static_cast<std::size_t>(worker)];
    const std::size_t end = std::min(n, (block + 1) * kRowsPerBlock);
    for (std::size_t i = block * kRowsPerBlock; i < end; ++i) {
      scores[i] = runner.score(unit_ids[i], i);
    }
  };
  parallel_for(n_blocks, threads, score_block, checkpoint);
}

}  // namespace pyhwnas::proxy
