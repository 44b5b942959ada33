// Blocks of work over plain threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace pyhwnas {

// Called now and then by a long kernel, always on the thread that called the kernel. It cancels by
// throwing; the kernel stops its workers and lets the exception through. Empty: never cancelled.
using Checkpoint = std::function<void()>;

// Runs body(block, worker) for every block in [0, n_blocks), each exactly once, on at most
// `threads` threads, the calling one among them; worker < threads tells scratch memories apart.
// Which worker takes which block is not fixed. Results are: as long as a block writes to places of
// its own, or adds integers, the bits do not depend on `threads`. So block sizes must follow from
// the problem and never from the number of threads.
//
// Threads are started per call: 20 us for four of them is noise against kernels of milliseconds,
// and nothing global survives the call, so a fork afterwards is safe.
//
// The first exception thrown by a body or by the checkpoint ends the loop and is rethrown here.
template <class Body>
void parallel_for(std::size_t n_blocks, int threads, const Body& body,
                  const Checkpoint& checkpoint = {}) {
  std::atomic<std::size_t> next{0};
  std::mutex failure_mutex;
  std::exception_ptr failure;

  const auto work = [&](int worker, bool is_caller) {
    try {
      for (std::size_t block = next++; block < n_blocks; block = next++) {
        if (is_caller && checkpoint) checkpoint();
        body(block, worker);
      }
    } catch (...) {
      next = n_blocks;
      const std::scoped_lock lock(failure_mutex);
      if (!failure) failure = std::current_exception();
    }
  };

  const std::size_t n_workers = std::min(n_blocks, static_cast<std::size_t>(std::max(threads, 1)));
  std::vector<std::thread> helpers;
  helpers.reserve(n_workers);
  try {
    for (std::size_t w = 1; w < n_workers; ++w) {
      helpers.emplace_back(work, static_cast<int>(w), false);
    }
  } catch (const std::system_error&) {
    // The system gives no more threads: those that run, and this one, do all the work.
  }
  work(0, true);
  for (std::thread& helper : helpers) helper.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace pyhwnas
