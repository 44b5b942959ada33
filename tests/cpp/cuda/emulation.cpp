// The runtime and the fibers behind cuda_runtime.h.
//
// A thread of a block runs until it waits at a barrier or ends; then the next one runs. Threads are
// taken in rising order in one round and in falling order in the next, so that code which needs a
// barrier that is not there gives wrong results; blocks begin in rising order in one grid and in
// falling order in the next, and a few run at the same time. What CUDA leaves undefined ends the
// program: a barrier that some threads do not reach, lanes of a warp that wait with different
// masks.
#include "cuda_runtime.h"

#include <ucontext.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

thread_local constinit uint3 threadIdx{};
thread_local constinit uint3 blockIdx{};
dim3 blockDim;
dim3 gridDim;

namespace emulation {
namespace {

constexpr std::size_t kStackBytes = std::size_t{1} << 17;
constexpr unsigned kMostThreads = 1024;
constexpr std::size_t kMostShared = 99 * 1024;  // as GPUs of desktops have it
constexpr unsigned kBlocksAtOnce = 3;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "CUDA emulation: %s (block %u %u %u, thread %u %u %u)\n", what, blockIdx.x,
               blockIdx.y, blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z);
  std::abort();
}

enum class State { kReady, kAtBlockBarrier, kAtWarpBarrier, kDone };

struct Fiber {
  ucontext_t context{};
  std::unique_ptr<unsigned char[]> stack;
  void* fake_stack = nullptr;
  State state = State::kDone;
  std::uint64_t value = 0;
  std::uint32_t mask = 0;
};

struct Block {
  std::vector<Fiber> fibers{kMostThreads};
  std::vector<std::uint64_t> votes = std::vector<std::uint64_t>(kMostThreads);
  std::uint64_t sum = 0;
  unsigned size = 0;
  unsigned running = 0;
  ucontext_t scheduler{};
  void* fake_stack = nullptr;
  const void* stack = nullptr;
  std::size_t stack_size = 0;
  const std::function<void()>* thread = nullptr;
  std::vector<unsigned char> shared;
};

// That of the thread; whoever reads it does so anew after every change of fibers.
Block& block() {
  static thread_local const auto one = std::make_unique<Block>();
  return *one;
}

// AddressSanitizer is told of every change of stacks.
void leaving(void** fake_stack, const void* to, std::size_t size) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(fake_stack, to, size);
#else
  (void)fake_stack, (void)to, (void)size;
#endif
}
void arrived(void* fake_stack, const void** from, std::size_t* size) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fake_stack, from, size);
#else
  (void)fake_stack, (void)from, (void)size;
#endif
}

void fiber_main() {
  Block& b = block();
  arrived(nullptr, &b.stack, &b.stack_size);
  (*b.thread)();
  b.fibers[b.running].state = State::kDone;
  leaving(nullptr, b.stack, b.stack_size);
  swapcontext(&b.fibers[b.running].context, &b.scheduler);
}

void wait_as(State state, std::uint32_t mask, std::uint64_t value) {
  Block& b = block();
  Fiber& fiber = b.fibers[b.running];
  fiber.state = state;
  fiber.mask = mask;
  fiber.value = value;
  leaving(&fiber.fake_stack, b.stack, b.stack_size);
  swapcontext(&fiber.context, &b.scheduler);
  arrived(fiber.fake_stack, &b.stack, &b.stack_size);
}

void resume(unsigned t) {
  Block& b = block();
  b.running = t;
  threadIdx = {t % blockDim.x, t / blockDim.x % blockDim.y, t / (blockDim.x * blockDim.y)};
  leaving(&b.fake_stack, b.fibers[t].stack.get(), kStackBytes);
  swapcontext(&b.scheduler, &b.fibers[t].context);
  arrived(b.fake_stack, nullptr, nullptr);
}

// Whether all threads that still run wait at the block's barrier; then they may go on.
bool release_block() {
  Block& b = block();
  bool any = false;
  std::uint64_t sum = 0;
  for (unsigned t = 0; t < b.size; ++t) {
    if (b.fibers[t].state == State::kDone) continue;
    if (b.fibers[t].state != State::kAtBlockBarrier) return false;
    any = true;
    sum += b.fibers[t].value;
  }
  for (unsigned t = 0; t < b.size; ++t) {
    if (b.fibers[t].state == State::kAtBlockBarrier) b.fibers[t].state = State::kReady;
  }
  b.sum = sum;
  return any;
}

// Lets the lanes of one mask go on when all of them wait with it.
bool release_lanes(unsigned warp, std::uint32_t mask) {
  Block& b = block();
  for (unsigned k = 0; k < 32; ++k) {
    if ((mask >> k & 1U) == 0) continue;
    const unsigned t = warp * 32 + k;
    if (t >= b.size) {  // a warp that is not full: those lanes do not exist
      if (mask == 0xffffffffU) continue;
      fail("a mask names a lane that does not exist");
    }
    if (b.fibers[t].state == State::kDone) fail("a mask names a lane that has ended");
    if (b.fibers[t].state != State::kAtWarpBarrier) return false;
    if (b.fibers[t].mask != mask) fail("lanes wait for each other with different masks");
  }
  for (unsigned k = 0; k < 32; ++k) {
    const unsigned t = warp * 32 + k;
    if ((mask >> k & 1U) == 0 || t >= b.size) continue;
    b.votes[t] = b.fibers[t].value;
    b.fibers[t].state = State::kReady;
  }
  return true;
}

bool release_warps() {
  Block& b = block();
  bool any = false;
  for (unsigned t = 0; t < b.size; ++t) {
    if (b.fibers[t].state == State::kAtWarpBarrier) any |= release_lanes(t / 32, b.fibers[t].mask);
  }
  return any;
}

void run_block() {
  Block& b = block();
  for (unsigned t = 0; t < b.size; ++t) {
    Fiber& fiber = b.fibers[t];
    if (fiber.stack == nullptr) fiber.stack.reset(new unsigned char[kStackBytes]);
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = kStackBytes;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, fiber_main, 0);
    fiber.state = State::kReady;
  }
  for (unsigned round = 0;; ++round) {
    bool any = false;
    for (unsigned k = 0; k < b.size; ++k) {
      const unsigned t = round % 2 == 0 ? k : b.size - 1 - k;
      if (b.fibers[t].state != State::kReady) continue;
      resume(t);
      any = true;
    }
    if (any) continue;
    if (release_warps() || release_block()) continue;
    for (unsigned t = 0; t < b.size; ++t) {
      if (b.fibers[t].state != State::kDone) fail("threads wait for others that never come");
    }
    return;
  }
}

// The grid that runs, and the threads that run its blocks: they live as long as the program.
class Grid {
 public:
  static Grid& the_one() {
    static Grid* const one = new Grid;  // its threads may still wait when the program ends
    return *one;
  }

  void run(const cudaLaunchConfig_t& config, const std::function<void()>& thread) {
    const std::scoped_lock one_at_a_time(launching_);
    std::unique_lock lock(state_);
    config_ = &config;
    thread_ = &thread;
    blockDim = config.blockDim;
    gridDim = config.gridDim;
    n_blocks_ = std::uint64_t{gridDim.x} * gridDim.y * gridDim.z;
    falling_ = !falling_;
    begun_ = ended_ = 0;
    wake_.notify_all();
    done_.wait(lock, [this] { return ended_ == n_blocks_; });
  }

 private:
  Grid() {
    for (unsigned i = 0; i < kBlocksAtOnce; ++i) std::thread([this] { work(); }).detach();
  }

  [[noreturn]] void work() {
    std::unique_lock lock(state_);
    for (;;) {
      wake_.wait(lock, [this] { return begun_ < n_blocks_; });
      const std::uint64_t number = falling_ ? n_blocks_ - 1 - begun_ : begun_;
      ++begun_;
      lock.unlock();
      blockIdx = {static_cast<unsigned>(number % gridDim.x),
                  static_cast<unsigned>(number / gridDim.x % gridDim.y),
                  static_cast<unsigned>(number / gridDim.x / gridDim.y)};
      Block& b = block();
      b.thread = thread_;
      b.size = config_->blockDim.x * config_->blockDim.y * config_->blockDim.z;
      b.shared.assign(config_->dynamicSmemBytes, 0xcb);  // nobody may rely on zeros
      run_block();
      lock.lock();
      if (++ended_ == n_blocks_) done_.notify_one();
    }
  }

  std::mutex launching_;
  std::mutex state_;
  std::condition_variable wake_;
  std::condition_variable done_;
  const cudaLaunchConfig_t* config_ = nullptr;
  const std::function<void()>* thread_ = nullptr;
  std::uint64_t n_blocks_ = 0, begun_ = 0, ended_ = 0;
  bool falling_ = true;
};

}  // namespace

cudaError_t run(const cudaLaunchConfig_t& config, const std::function<void()>& thread) {
  const dim3& grid = config.gridDim;
  const std::uint64_t threads =
      std::uint64_t{config.blockDim.x} * config.blockDim.y * config.blockDim.z;
  if (threads == 0 || threads > kMostThreads || config.dynamicSmemBytes > kMostShared ||
      grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7fffffffU || grid.y > 65535 ||
      grid.z > 65535) {
    return cudaErrorInvalidConfiguration;
  }
  Grid::the_one().run(config, thread);
  return cudaSuccess;
}

unsigned char* dynamic_shared_memory() {
  return block().shared.data();
}

std::uint64_t at_block_barrier(std::uint64_t value) {
  wait_as(State::kAtBlockBarrier, 0, value);
  return block().sum;
}

Votes at_warp_barrier(std::uint32_t mask, std::uint64_t value) {
  if ((mask >> lane() & 1U) == 0) fail("a lane waits with a mask that does not name it");
  const unsigned warp = block().running / 32;
  wait_as(State::kAtWarpBarrier, mask, value);
  const unsigned there = std::min(32U, block().size - warp * 32);
  return {block().votes.data() + warp * 32, there == 32 ? mask : mask & ((1U << there) - 1)};
}

unsigned lane() {
  return block().running % 32;
}

namespace {

constexpr std::size_t kDeviceBytes = std::size_t{1} << 26;
// In front of each allocation: its size.
constexpr std::size_t kHeader = 256;
std::atomic<std::size_t> in_use{0};

}  // namespace

}  // namespace emulation

const char* cudaGetErrorString(cudaError_t status) {
  switch (status) {
    case cudaSuccess:
      return "no error";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    default:
      return "an error";
  }
}
cudaError_t cudaGetLastError() {
  return cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  return device == 0 ? cudaSuccess : cudaErrorInvalidDevice;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  std::snprintf(properties->name, sizeof properties->name, "CPU in CUDA's clothes");
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  *value =
      attribute == cudaDevAttrMultiProcessorCount ? 2 : static_cast<int>(emulation::kMostShared);
  return cudaSuccess;
}
// A stream beyond the two named ones stands for one of a second device.
cudaError_t cudaStreamGetDevice(cudaStream_t stream, int* device) {
  *device = reinterpret_cast<std::uintptr_t>(stream) > 2 ? 1 : 0;
  return cudaSuccess;
}
cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps*) {
  *pool = nullptr;
  return cudaSuccess;
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) {
  return cudaSuccess;
}
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t, cudaMemPoolAttr, void* value) {
  const std::uint64_t bytes = emulation::in_use;
  std::memcpy(value, &bytes, sizeof bytes);
  return cudaSuccess;
}
cudaError_t cudaMallocFromPoolAsync(void** memory, std::size_t size, cudaMemPool_t, cudaStream_t) {
  using namespace emulation;
  if (size > kDeviceBytes - in_use) return cudaErrorMemoryAllocation;
  auto* const bytes =
      static_cast<unsigned char*>(::operator new(size + kHeader, std::align_val_t{kHeader}));
  std::memcpy(bytes, &size, sizeof size);
  std::memset(bytes + kHeader, 0xcb, size);  // nobody may rely on zeros
  in_use += size;
  *memory = bytes + kHeader;
  return cudaSuccess;
}
cudaError_t cudaFreeAsync(void* memory, cudaStream_t) {
  using namespace emulation;
  auto* const bytes = static_cast<unsigned char*>(memory) - kHeader;
  std::size_t size = 0;
  std::memcpy(&size, bytes, sizeof size);
  in_use -= size;
  ::operator delete(bytes, std::align_val_t{kHeader});
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t size, cudaMemcpyKind,
                            cudaStream_t) {
  if (size > 0) std::memcpy(to, from, size);
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t size, cudaStream_t) {
  if (size > 0) std::memset(memory, value, size);
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t) {
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) {
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = nullptr;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t) {
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t) {
  return cudaSuccess;
}
