// Blocks of work over plain threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace pyhwnas {

// Called now and then by a long kernel, always on the thread that called the kernel. It cancels by
// throwing; the kernel stops its workers and lets the exception through. Empty: never cancelled.
using Checkpoint = std::function<void()>;

// How many threads work on so many blocks; one where `threads` is less.
inline std::size_t worker_count(std::size_t n_blocks, int threads) {
  return std::min(n_blocks, static_cast<std::size_t>(std::max(threads, 1)));
}

// Runs body(block, worker) for every block in [0, n_blocks), each exactly once, on at most
// `threads` threads, the calling one among them; worker < threads tells scratch memories apart, and
// 0 is the calling thread. Which worker takes which block is not fixed. Results are: as long as a
// block writes to places of its own, or adds integers, the bits do not depend on `threads`. So
// block sizes must follow from the problem and never from the number of threads.
//
// Threads are started per call: 20 us for four of them is noise against kernels of milliseconds,
// and nothing global survives the call, so a fork afterwards is safe.
//
// The first exception thrown by a body or by the checkpoint ends the loop and is rethrown here. A
// body whose blocks may take long is called as body(block, worker, poll) and polls now and then: on
// the calling thread that asks the checkpoint, on the others whether the loop has ended.
template <class Body>
void parallel_for(std::size_t n_blocks, int threads, const Body& body,
                  const Checkpoint& checkpoint = {}) {
  struct Ended {};
  std::atomic<std::size_t> next{0};
  std::atomic<bool> has_ended{false};
  std::mutex mutex;
  std::condition_variable helper_done;
  std::size_t n_helping = 0;
  std::exception_ptr failure;

  const auto end_with = [&](const std::exception_ptr& cause) {
    next = n_blocks;
    const std::scoped_lock lock(mutex);
    if (!failure) failure = cause;
    has_ended = true;  // only now, so that no helper's Ended is the first failure
  };
  const auto work = [&](int worker, const Checkpoint& poll) {
    try {
      for (std::size_t block = next++; block < n_blocks; block = next++) {
        if (poll) poll();
        if constexpr (std::is_invocable_v<const Body&, std::size_t, int, const Checkpoint&>) {
          body(block, worker, poll);
        } else {
          body(block, worker);
        }
      }
    } catch (...) {
      end_with(std::current_exception());
    }
  };
  const auto help = [&](int worker) {
    work(worker, [&has_ended] {
      if (has_ended) throw Ended{};
    });
    const std::scoped_lock lock(mutex);
    --n_helping;
    helper_done.notify_one();
  };

  const std::size_t n_workers = worker_count(n_blocks, threads);
  std::vector<std::thread> helpers;
  helpers.reserve(n_workers);
  try {
    for (std::size_t w = 1; w < n_workers; ++w) {
      {
        const std::scoped_lock lock(mutex);
        ++n_helping;
      }
      helpers.emplace_back(help, static_cast<int>(w));
    }
  } catch (...) {
    // The system gives no more threads: those that run, and this one, do all the work.
    const std::scoped_lock lock(mutex);
    --n_helping;
  }
  work(0, checkpoint);
  // This thread's blocks are done, but it is the only one that may ask whether to go on.
  std::unique_lock lock(mutex);
  while (checkpoint && !failure && n_helping > 0) {
    helper_done.wait_for(lock, std::chrono::milliseconds(50));
    lock.unlock();
    try {
      checkpoint();
    } catch (...) {
      end_with(std::current_exception());
    }
    lock.lock();
  }
  lock.unlock();
  for (std::thread& helper : helpers) helper.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace pyhwnas
