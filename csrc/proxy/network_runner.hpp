// One interpreter of plans for several algebras: what a tensor is, and what an operation does to
// it, is the algebra's.
#pragma once

#include <algorithm>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "networks/plan_program.hpp"
#include "proxy/scaled.hpp"

namespace pyhwnas::proxy {

inline constexpr double kNoPath = -std::numeric_limits<double>::infinity();

// Runs one network after the other, on one thread.
//
// An algebra has a type Tensor with a `shape` and `clear()`. Each of its operations reads its
// inputs and fills an output that is another tensor, cleared and with its shape set. `enter(slot,
// unit)` says whose nodes follow, `tangent_sum` is what a network is scored by.
template <class Algebra>
class NetworkRunner {
 public:
  using Tensor = typename Algebra::Tensor;

  template <class... Arguments>
  explicit NetworkRunner(const CheckedProgram& program, Arguments&&... arguments)
      : program_(program),
        algebra_(std::forward<Arguments>(arguments)...),
        slots_(program.slots.size()) {}

  // ln of the tangent's sum over the network's output; the network is a row of unit ids.
  double score(std::span<const std::int32_t> ids, std::size_t row) {
    for (Tensor& tensor : slots_) tensor.clear();
    for (std::size_t s = 0; s < ids.size(); ++s) {
      if (ids[s] >= 0) {
        const Unit& unit = program_.units[static_cast<std::size_t>(ids[s])];
        gather_inputs(s, ids, unit, row);
        if (inputs_.size() < unit.inputs.size()) return kNoPath;
        algebra_.enter(s, ids[s]);
        run_unit(unit, slots_[s]);
      }
      for (const std::int32_t done : program_.slots[s].done) {
        slots_[static_cast<std::size_t>(done)].clear();
      }
    }
    if (ids.back() < 0) return kNoPath;
    const Scaled sum = algebra_.tangent_sum(slots_.back());
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
    const auto output = static_cast<std::size_t>(unit.output);
    if (output < unit.inputs.size()) {
      out = *inputs_[output];
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
      Tensor& result = inputs_.size() == output ? out : node_values_[j];
      result.clear();
      result.shape = node.shape;
      run_node(node, result);
      inputs_.push_back(&result);
    }
    for (std::size_t j = 0; j < unit.nodes.size(); ++j) node_values_[j].clear();
  }

  void run_node(const Node& node, Tensor& out) {
    const Tensor& first = *operands_.front();
    switch (node.op) {
      case Opcode::conv:
      case Opcode::linear:
        return algebra_.convolve(node, first, out);
      case Opcode::channel_conv:
        return algebra_.convolve_channels(node, first, out);
      case Opcode::maxpool:
        return algebra_.max_pool(node, first, out);
      case Opcode::avgpool:
        return algebra_.average_pool(node, first, out);
      case Opcode::global_avgpool:
        return algebra_.global_average_pool(first, out);
      case Opcode::add:
        return algebra_.add(operands_, out);
      case Opcode::mul:
        return algebra_.multiply(first, *operands_[1], out);
      case Opcode::concat:
        return algebra_.concatenate(operands_, out);
      case Opcode::slice:
        return algebra_.first_channels(first, out);
      case Opcode::crop:
        return algebra_.last_pixels(first, out);
      case Opcode::shuffle:
        return algebra_.shuffle(node.groups, first, out);
      default:
        return algebra_.activate(node.op, first, out);
    }
  }

  const CheckedProgram& program_;
  Algebra algebra_;  // owns what tensors refer to, so it comes before them
  std::vector<Tensor> slots_;
  std::vector<Tensor> network_inputs_;
  std::vector<Tensor> node_values_;
  std::vector<const Tensor*> inputs_;
  std::vector<const Tensor*> operands_;
};

}  // namespace pyhwnas::proxy
