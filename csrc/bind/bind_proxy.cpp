#include <algorithm>
#include <cmath>

#include "bind/arrays.hpp"
#include "bind/modules.hpp"
#include "bind/program_arrays.hpp"
#include "pyhwnas/synflow.hpp"

namespace pyhwnas::bind {
namespace {

py::array_t<double> synflow_expected(const py::array& slot_input_offsets,
                                     const py::array& slot_inputs, const py::array& unit_offsets,
                                     const py::array& unit_input_offsets,
                                     const py::array& unit_input_shapes, const py::array& nodes,
                                     const py::array& node_input_offsets,
                                     const py::array& node_inputs, const py::array& unit_ids,
                                     double weight_gain, Threads threads) {
  const ProgramArrays arrays{slot_input_offsets, slot_inputs,       unit_offsets,
                             unit_input_offsets, unit_input_shapes, nodes,
                             node_input_offsets, node_inputs};
  const PlanProgram program = arrays.view();
  const auto ids = matrix<std::int32_t>(unit_ids, "unit_ids");
  py::array_t<double> scores(unit_ids.shape(0));
  {
    const auto out = output(scores);
    const py::gil_scoped_release release;
    proxy::synflow_expected(program, ids, weight_gain, out, threads, poll_signals());
  }
  return scores;
}

void check_weights(std::span<const float> weights) {
  const auto is_bad = [](float w) { return !(w >= 0.0F && std::isfinite(w)); };
  const auto found = std::find_if(weights.begin(), weights.end(), is_bad);
  if (found == weights.end()) return;
  throw py::value_error("weights must be finite and not negative, got " +
                        text_of(static_cast<double>(*found)) + " at index " +
                        std::to_string(found - weights.begin()));
}

py::array_t<double> synflow(const py::array& slot_input_offsets, const py::array& slot_inputs,
                            const py::array& unit_offsets, const py::array& unit_input_offsets,
                            const py::array& unit_input_shapes, const py::array& nodes,
                            const py::array& node_input_offsets, const py::array& node_inputs,
                            const py::array& unit_ids, const py::array& places,
                            const py::array& weight_offsets, const py::array& weights,
                            bool double_precision, Threads threads) {
  const ProgramArrays arrays{slot_input_offsets, slot_inputs,       unit_offsets,
                             unit_input_offsets, unit_input_shapes, nodes,
                             node_input_offsets, node_inputs};
  const PlanProgram program = arrays.view();
  const auto ids = matrix<std::int32_t>(unit_ids, "unit_ids");
  const proxy::SharedWeights shared{matrix<std::int32_t>(places, "places"),
                                    vector<std::int64_t>(weight_offsets, "weight_offsets"),
                                    vector<float>(weights, "weights")};
  check_weights(shared.values);
  const auto precision = double_precision ? proxy::Precision::float64 : proxy::Precision::float32;
  py::array_t<double> scores(unit_ids.shape(0));
  {
    const auto out = output(scores);
    const py::gil_scoped_release release;
    proxy::synflow(program, ids, shared, precision, out, threads, poll_signals());
  }
  return scores;
}

}  // namespace

void bind_proxy(py::module_& m) {
  using py::arg;
  m.def("synflow_expected", &synflow_expected, arg("slot_input_offsets"), arg("slot_inputs"),
        arg("unit_offsets"), arg("unit_input_offsets"), arg("unit_input_shapes"), arg("nodes"),
        arg("node_input_offsets"), arg("node_inputs"), arg("unit_ids"), arg("weight_gain"),
        arg("threads"), "ln of the expected Synflow of each row's network.");
  m.def("synflow", &synflow, arg("slot_input_offsets"), arg("slot_inputs"), arg("unit_offsets"),
        arg("unit_input_offsets"), arg("unit_input_shapes"), arg("nodes"),
        arg("node_input_offsets"), arg("node_inputs"), arg("unit_ids"), arg("places"),
        arg("weight_offsets"), arg("weights"), arg("double_precision"), arg("threads"),
        "ln of the Synflow of each row's network with the weights of its units in their slots.");
}

}  // namespace pyhwnas::bind
