// One block works on one tensor after the other: a few million elements of a hundred instructions
// each are made in less time than a copy from the host would take.
#include "cuda/proxy/hashed_weights.hpp"

#include "cuda/launch.hpp"

namespace pyhwnas::cuda {
namespace {

constexpr unsigned kThreads = 256;
constexpr unsigned kMostBlocks = 1024;

template <Distribution distribution>
__global__ void make_weights(HashedTensors tensors, float* values) {
  for (std::size_t k = blockIdx.x; k < tensors.n; k += gridDim.x) {
    const proxy::HashedTensor& tensor = tensors.tensors[k];
    const std::int64_t begin = tensors.offsets[k];
    const std::int64_t size = tensors.offsets[k + 1] - begin;
    for (std::int64_t at = threadIdx.x; at < size; at += blockDim.x) {
      std::int32_t index[4];
      proxy::index_of(tensor, at, index);
      const std::uint64_t hash = proxy::hash_of(tensors.keys[k], index, tensor.n_axes);
      if constexpr (distribution == Distribution::uniform) {
        values[begin + at] = proxy::absolute_uniform(hash, tensors.scales[k]);
      } else {
        values[begin + at] = proxy::absolute_normal(hash, tensors.scales[k]);
      }
    }
  }
}

}  // namespace

cudaError_t absolute_weights(const HashedTensors& tensors, Distribution distribution, float* values,
                             cudaStream_t stream) {
  const auto blocks = static_cast<unsigned>(tensors.n < kMostBlocks ? tensors.n : kMostBlocks);
  const auto kernel = distribution == Distribution::uniform ? make_weights<Distribution::uniform>
                                                            : make_weights<Distribution::normal>;
  return launch(kernel, dim3(blocks), dim3(kThreads), 0, stream, tensors, values);
}

}  // namespace pyhwnas::cuda
