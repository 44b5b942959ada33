// Vectors that begin at a line of the cache: a wide register loaded across two lines takes two
// loads.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace pyhwnas::proxy {

inline constexpr std::size_t kLineBytes = 64;

template <class T>
struct LineAllocator {
  using value_type = T;

  LineAllocator() = default;
  template <class U>
  explicit LineAllocator(const LineAllocator<U>&) {}

  T* allocate(std::size_t n) {
    return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t{kLineBytes}));
  }
  void deallocate(T* data, std::size_t) { ::operator delete(data, std::align_val_t{kLineBytes}); }

  bool operator==(const LineAllocator&) const = default;
};

template <class T>
using LineVector = std::vector<T, LineAllocator<T>>;

}  // namespace pyhwnas::proxy
