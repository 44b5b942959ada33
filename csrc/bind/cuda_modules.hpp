#pragma once

#include <pybind11/pybind11.h>

namespace pyhwnas::bind {

void bind_cuda_crowding(pybind11::module_& m);
void bind_cuda_dominance(pybind11::module_& m);
void bind_cuda_hypervolume(pybind11::module_& m);
void bind_cuda_indicators(pybind11::module_& m);
void bind_cuda_proxy(pybind11::module_& m);
void bind_cuda_signs(pybind11::module_& m);

}  // namespace pyhwnas::bind
