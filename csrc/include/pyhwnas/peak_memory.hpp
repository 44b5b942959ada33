// How much a network has to hold at once while it runs.
#pragma once

#include <cstdint>
#include <span>

#include "pyhwnas/matrix_view.hpp"
#include "pyhwnas/parallel_for.hpp"
#include "pyhwnas/plan_program.hpp"

namespace pyhwnas {

// peaks[i] = the most elements of feature maps that are alive at once while the network of row i
// runs operation by operation, slots and nodes in order. A map is alive from the operation that
// writes it, or from the start for the network's input, until the last one that reads it, both
// included. Batch normalisation and activations work in place where nothing else reads their input
// later; every other operation writes to memory of its own. Weights are not counted. NaN where the
// last slot is absent or a present slot has fewer inputs than its unit takes.
// Rows and absent slots are as in synflow_expected. O(nodes) time per row.
// Throws std::invalid_argument as synflow_expected does.
void peak_memory(const PlanProgram& program, MatrixView<const std::int32_t> unit_ids,
                 std::span<double> peaks, int threads, const Checkpoint& checkpoint = {});

}  // namespace pyhwnas
