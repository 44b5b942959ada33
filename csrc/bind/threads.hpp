// The argument that all kernels share.
#pragma once

#include <pybind11/pybind11.h>

#include <algorithm>
#include <string>

namespace pyhwnas::bind {

// How many threads a kernel may use, checked while it is read: pybind11 alone would answer a wrong
// type with the whole signature of the function.
struct Threads {
  // More than machines have; kernels keep some memory for each.
  static constexpr int kMost = 1024;

  int count = 1;
  operator int() const { return count; }
};

}  // namespace pyhwnas::bind

namespace pybind11::detail {

template <>
struct type_caster<pyhwnas::bind::Threads> {
  PYBIND11_TYPE_CASTER(pyhwnas::bind::Threads, const_name("int"));

  bool load(handle source, bool /*convert*/) {
    if (PyIndex_Check(source.ptr()) == 0) {
      throw type_error("threads must be a whole number, got " + repr(source).cast<std::string>());
    }
    const Py_ssize_t wish = PyNumber_AsSsize_t(source.ptr(), nullptr);
    if (wish < 1) {
      throw value_error("threads must be at least 1, got " + repr(source).cast<std::string>());
    }
    value.count = static_cast<int>(std::min<Py_ssize_t>(wish, pyhwnas::bind::Threads::kMost));
    return true;
  }
};

}  // namespace pybind11::detail
