// Table of contents of the extension. Functions only: what they mean is documented where users call
// them, in Python; what they promise stands in the headers.
#include <pybind11/pybind11.h>

#include "bind/modules.hpp"
#include "simd/level.hpp"

PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
  m.doc() = "CPU kernels of pyhwnas.";
  // A wrong PYHWNAS_SIMD is said here, on import, and not by the first kernel that asks.
  pyhwnas::simd::level();
  m.def(
      "simd_level", [] { return pyhwnas::simd::name_of(pyhwnas::simd::level()); },
      "The vector instructions in use: baseline, avx2 or avx512.");
  pyhwnas::bind::bind_dominance(m);
  pyhwnas::bind::bind_hypervolume(m);
  pyhwnas::bind::bind_indicators(m);
  pyhwnas::bind::bind_proxy(m);
  pyhwnas::bind::bind_signs(m);
  pyhwnas::bind::bind_latency(m);
  pyhwnas::bind::bind_networks(m);
}
