#pragma once

#include <pybind11/pybind11.h>

namespace pyhwnas::bind {

void bind_dominance(pybind11::module_& m);
void bind_hypervolume(pybind11::module_& m);
void bind_indicators(pybind11::module_& m);
void bind_latency(pybind11::module_& m);
void bind_networks(pybind11::module_& m);
void bind_proxy(pybind11::module_& m);
void bind_signs(pybind11::module_& m);

}  // namespace pyhwnas::bind
