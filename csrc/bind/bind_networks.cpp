#include "bind/arrays.hpp"
#include "bind/modules.hpp"
#include "bind/program_arrays.hpp"
#include "pyhwnas/peak_memory.hpp"

namespace pyhwnas::bind {
namespace {

py::array_t<double> peak_memory(const py::array& slot_input_offsets, const py::array& slot_inputs,
                                const py::array& unit_offsets, const py::array& unit_input_offsets,
                                const py::array& unit_input_shapes, const py::array& nodes,
                                const py::array& node_input_offsets, const py::array& node_inputs,
                                const py::array& unit_ids, Threads threads) {
  const ProgramArrays arrays{slot_input_offsets, slot_inputs,       unit_offsets,
                             unit_input_offsets, unit_input_shapes, nodes,
                             node_input_offsets, node_inputs};
  const PlanProgram program = arrays.view();
  const auto ids = matrix<std::int32_t>(unit_ids, "unit_ids");
  py::array_t<double> peaks(unit_ids.shape(0));
  {
    const auto out = output(peaks);
    const py::gil_scoped_release release;
    pyhwnas::peak_memory(program, ids, out, threads, poll_signals());
  }
  return peaks;
}

}  // namespace

void bind_networks(py::module_& m) {
  using py::arg;
  m.def("peak_memory", &peak_memory, arg("slot_input_offsets"), arg("slot_inputs"),
        arg("unit_offsets"), arg("unit_input_offsets"), arg("unit_input_shapes"), arg("nodes"),
        arg("node_input_offsets"), arg("node_inputs"), arg("unit_ids"), arg("threads"),
        "The most elements of feature maps alive at once in each row's network.");
}

}  // namespace pyhwnas::bind
