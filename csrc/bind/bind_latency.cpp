#include "bind/arrays.hpp"
#include "bind/modules.hpp"
#include "pyhwnas/gather_sum.hpp"

namespace pyhwnas::bind {
namespace {

py::array_t<double> gather_sum(const py::array& cost, const py::array& ids, Threads threads) {
  const auto costs = vector<double>(cost, "cost");
  const auto view = matrix<std::int32_t>(ids, "ids");
  check_ids(view, "ids", costs.size());
  py::array_t<double> sums(ids.shape(0));
  {
    const auto out = output(sums);
    const py::gil_scoped_release release;
    pyhwnas::gather_sum(costs, view, out, threads, poll_signals());
  }
  return sums;
}

}  // namespace

void bind_latency(py::module_& m) {
  using py::arg;
  m.def("gather_sum", &gather_sum, arg("cost"), arg("ids"), arg("threads"),
        "Sum over each row's ids of their cost, -1 skipped.");
}

}  // namespace pyhwnas::bind
