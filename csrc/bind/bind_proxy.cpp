#include <algorithm>
#include <cmath>
#include <cstring>

#include "bind/arrays.hpp"
#include "bind/modules.hpp"
#include "bind/program_arrays.hpp"
#include "proxy/tape/packed_tape.hpp"
#include "proxy/tape/tape.hpp"
#include "pyhwnas/synflow.hpp"

namespace pyhwnas::bind {
namespace {

py::array_t<double> synflow_expected(const Program& program, const py::array& unit_ids,
                                     double weight_gain, Threads threads) {
  const auto arrays = ProgramArrays::of(program);
  const PlanProgram plan = arrays.view();
  const auto ids = matrix<std::int32_t>(unit_ids, "unit_ids");
  py::array_t<double> scores(unit_ids.shape(0));
  {
    const auto out = output(scores);
    const py::gil_scoped_release release;
    proxy::synflow_expected(plan, ids, weight_gain, out, threads, poll_signals());
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

py::array_t<double> synflow(const Program& program, const py::array& unit_ids,
                            const py::array& places, const py::array& weight_offsets,
                            const py::array& weights, bool double_precision, Threads threads) {
  const auto arrays = ProgramArrays::of(program);
  const PlanProgram plan = arrays.view();
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
    proxy::synflow(plan, ids, shared, precision, out, threads, poll_signals());
  }
  return scores;
}

py::array_t<std::uint8_t> synflow_tape(const Program& program, const py::array& places,
                                       double weight_gain, bool given_weights) {
  const auto arrays = ProgramArrays::of(program);
  const PlanProgram plan = arrays.view();
  const auto pairs = matrix<std::int32_t>(places, "places");
  const auto weights = given_weights ? proxy::Weights::given : proxy::Weights::mean;
  std::vector<std::byte> packed;
  {
    const py::gil_scoped_release release;
    const CheckedProgram checked = check_program(plan, Passing::dropped);
    packed = proxy::pack(proxy::make_tape(checked, pairs, weights, weight_gain), plan);
  }
  py::array_t<std::uint8_t> bytes(static_cast<py::ssize_t>(packed.size()));
  std::memcpy(bytes.mutable_data(), packed.data(), packed.size());
  return bytes;
}

}  // namespace

void bind_proxy(py::module_& m) {
  using py::arg;
  m.def("synflow_expected", &synflow_expected, arg("program"), arg("unit_ids"), arg("weight_gain"),
        arg("threads"), "ln of the expected Synflow of each row's network.");
  m.def("synflow", &synflow, arg("program"), arg("unit_ids"), arg("places"), arg("weight_offsets"),
        arg("weights"), arg("double_precision"), arg("threads"),
        "ln of the Synflow of each row's network with the weights of its units in their slots.");
  m.def("synflow_tape", &synflow_tape, arg("program"), arg("places"), arg("weight_gain"),
        arg("given_weights"), "What a GPU runs for units in their slots.");
}

}  // namespace pyhwnas::bind
