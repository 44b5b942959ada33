// The operations of a network on pairs (value, tangent) with given weights.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "proxy/sampled/dual_tensor.hpp"
#include "proxy/sampled/slot_weights.hpp"
#include "proxy/sampled/windows.hpp"
#include "proxy/scaled.hpp"

namespace pyhwnas::proxy {

// One thread's workshop: its buffers are reused from network to network. Every operation reads its
// inputs and fills an output that is another tensor, with its shape set and no buffer yet.
// Operations are spread over dual_algebra.cpp (whole tensors), dual_convolution.hpp,
// dual_pooling.hpp and dual_elementwise.hpp, which it includes.
template <class T>
class DualAlgebra {
 public:
  using Tensor = DualTensor<T>;

  explicit DualAlgebra(const SlotWeights<T>& weights) : slot_weights_(weights) {}

  // The nodes that follow are those of this unit in this slot; each takes the next weights.
  void enter(std::size_t slot, std::int32_t unit) { weights_ = slot_weights_.of(slot, unit); }

  // The network's input: ones, with tangent zero.
  void ones(Tensor& out);
  static void pass(const Tensor& in, Tensor& out);

  void convolve(const Node& node, const Tensor& in, Tensor& out);
  void convolve_channels(const Node& node, const Tensor& in, Tensor& out);

  void max_pool(const Node& node, const Tensor& in, Tensor& out);
  void average_pool(const Node& node, const Tensor& in, Tensor& out);
  void global_average_pool(const Tensor& in, Tensor& out);

  void activate(Opcode op, const Tensor& in, Tensor& out);
  void add(std::span<const Tensor* const> inputs, Tensor& out);
  void multiply(const Tensor& first, const Tensor& second, Tensor& out);

  void concatenate(std::span<const Tensor* const> inputs, Tensor& out);
  static void first_channels(const Tensor& in, Tensor& out);
  void last_pixels(const Tensor& in, Tensor& out);
  void shuffle(std::int64_t parts, const Tensor& in, Tensor& out);

  // Sum over all channels and pixels.
  static Scaled tangent_sum(const Tensor& tensor);

 private:
  // What turns sums into results: value = value_factor * sum + bias,
  // tangent = tangent_factor * tangent sum + inherited * value sum.
  struct Factors {
    T value = 1;
    T tangent = 1;
    T inherited = 0;
  };

  NodeWeights<T> next_weights();
  void allocate(Tensor& out);
  // Gives `out` the axes that the inputs have in common, their largest exponents, and memory.
  void allocate_common(std::span<const Tensor* const> inputs, Tensor& out);
  // A row of pixels for each of rows and columns of `out`; its position is `skipped` further in
  // `in`.
  Tensor with_axes(const Tensor& in, const CollapsedAxis& rows, const CollapsedAxis& columns);
  // Takes values and tangents to exponents near zero.
  static void normalise(Tensor& out);
  static Factors set_exponents(const Tensor& in, bool has_bias, Tensor& out);
  void multiply_vector(const Node& node, const Tensor& in, Tensor& out);
  static void store(const T* sums, std::int64_t lanes, std::int64_t pitch, const Factors& factors,
                    T bias, std::int64_t channel, Tensor& out);
  static void store_pixel(T value_sum, T tangent_sum, const Factors& factors, T bias,
                          std::int64_t channel, Tensor& out);
  std::shared_ptr<const Windows<T>> windows_of(const Tensor& in, const Window& window, T padding);
  template <class Reduce>
  void pool(const Node& node, const Tensor& in, T padding, const Reduce& reduce, Tensor& out);
  template <class Activation>
  void apply(const Tensor& in, const Activation& activation, Tensor& out);

  const SlotWeights<T>& slot_weights_;
  std::span<const NodeWeights<T>> weights_;
  BufferPool<T> buffers_;
  LineVector<T> sums_;
  std::vector<T> row_;
};

// 2^k as a T, and 0 where that is too small for it.
template <class T>
T power(std::int64_t k) {
  return static_cast<T>(power_of_two(k));
}

}  // namespace pyhwnas::proxy
