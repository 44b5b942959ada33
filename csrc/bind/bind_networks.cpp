#include "bind/arrays.hpp"
#include "bind/modules.hpp"
#include "bind/program_arrays.hpp"
#include "pyhwnas/peak_memory.hpp"

namespace pyhwnas::bind {
namespace {

py::array_t<double> peak_memory(const Program& program, const py::array& unit_ids,
                                Threads threads) {
  const auto arrays = ProgramArrays::of(program);
  const PlanProgram plan = arrays.view();
  const auto ids = matrix<std::int32_t>(unit_ids, "unit_ids");
  py::array_t<double> peaks(unit_ids.shape(0));
  {
    const auto out = output(peaks);
    const py::gil_scoped_release release;
    pyhwnas::peak_memory(plan, ids, out, threads, poll_signals());
  }
  return peaks;
}

}  // namespace

void bind_networks(py::module_& m) {
  using py::arg;
  m.def("peak_memory", &peak_memory, arg("program"), arg("unit_ids"), arg("threads"),
        "The most elements of feature maps alive at once in each row's network.");
}

}  // namespace pyhwnas::bind
