// Table of contents of the extension. Functions only: what they mean is documented where users call
// them, in Python; what they promise stands in the headers.
#include <pybind11/pybind11.h>

#include "bind/modules.hpp"

PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
  m.doc() = "CPU kernels of pyhwnas.";
  pyhwnas::bind::bind_moo(m);
  pyhwnas::bind::bind_proxy(m);
  pyhwnas::bind::bind_latency(m);
}
