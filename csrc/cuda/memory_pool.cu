#include "cuda/memory_pool.hpp"

#include <map>
#include <mutex>

#include "cuda/launch.hpp"

namespace pyhwnas::cuda {
namespace {

constexpr std::uint64_t kKeptBytes = std::uint64_t{1} << 29;

cudaError_t make_pool(int device, cudaMemPool_t* pool) {
  cudaMemPoolProps properties{};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device;
  PYHWNAS_CUDA_CHECK(cudaMemPoolCreate(pool, &properties));
  std::uint64_t kept = kKeptBytes;
  return cudaMemPoolSetAttribute(*pool, cudaMemPoolAttrReleaseThreshold, &kept);
}

}  // namespace

cudaError_t memory_pool(cudaMemPool_t* pool) {
  static std::mutex mutex;
  static std::map<int, cudaMemPool_t> pools;  // for as long as the process lives
  int device = 0;
  PYHWNAS_CUDA_CHECK(cudaGetDevice(&device));
  const std::scoped_lock lock(mutex);
  const auto found = pools.find(device);
  if (found != pools.end()) {
    *pool = found->second;
    return cudaSuccess;
  }
  PYHWNAS_CUDA_CHECK(make_pool(device, pool));
  pools.emplace(device, *pool);
  return cudaSuccess;
}

cudaError_t memory_in_use(std::uint64_t* bytes) {
  cudaMemPool_t pool{};
  PYHWNAS_CUDA_CHECK(memory_pool(&pool));
  return cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, bytes);
}

}  // namespace pyhwnas::cuda
