// The weights of a population, in the order in which kernels read them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "networks/plan_program.hpp"
#include "proxy/sampled/dual_kernels.hpp"
#include "proxy/sampled/dual_tensor.hpp"
#include "pyhwnas/synflow.hpp"

namespace pyhwnas::proxy {

// Whether a convolution or linear layer is the product of a matrix and a vector.
bool is_matrix(const Node& node, const Shape& in);

// The weights of one operation; without a bias, or with one of zeros, `bias` is null.
template <class T>
struct NodeWeights {
  const T* weights = nullptr;
  const T* bias = nullptr;
};

// Made once for a population, then read by all threads. Weights of
//   - a matrix product: rows of one input channel each, padded to whole lines;
//   - other convolutions: per group and block of output channels (input channel, tap, output
//     channel), the last block filled up with zeros; see block_size;
//   - a convolution along the channels: as they are.
template <class T>
class SlotWeights {
 public:
  // Throws std::invalid_argument where sizes do not fit the program.
  SlotWeights(const CheckedProgram& program, const SharedWeights& shared);

  // Of the unit's nodes with weights, in their order; empty where there are none.
  std::span<const NodeWeights<T>> of(std::size_t slot, std::int32_t unit) const {
    const Range range = ranges_[slot * n_units_ + static_cast<std::size_t>(unit)];
    return std::span(nodes_).subspan(range.begin, range.count);
  }
  // Throws std::invalid_argument where a row's unit has operations with weights, but got none.
  void check_complete(MatrixView<const std::int32_t> unit_ids) const;

 private:
  struct Range {
    std::size_t begin = 0;
    std::size_t count = 0;
  };

  void add(std::size_t slot, std::int32_t id, std::span<const float> values);
  // Packed, with the bias on lines of its own.
  static std::int64_t size_of(const Node& node, const Shape& in);

  const CheckedProgram& program_;
  std::size_t n_units_;
  std::vector<Range> ranges_;
  std::vector<NodeWeights<T>> nodes_;
  std::vector<std::unique_ptr<Buffer<T>>> buffers_;
};

// Output channels of a group that are computed together.
inline std::size_t block_size(std::int64_t group_out) {
  return group_out < 3 ? 1 : kChannelBlock;
}

}  // namespace pyhwnas::proxy
