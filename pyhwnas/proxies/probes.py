"""Units ready to run in ONNX Runtime, with weights that depend on the slot alone."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from pyhwnas._optional import require
from pyhwnas.networks import Add, Concat, Conv, Plan, Shape, Unit, join
from pyhwnas.networks.onnx import to_onnx
from pyhwnas.networks.weights import Weights, tensors

__all__ = ["Probe", "Probes", "meeting", "unit_weights"]

EMPTY_SESSION_BYTES = 150_000
"""What a unit without weights takes in ONNX Runtime 1.31."""


class Probe(NamedTuple):
    """A unit ready to run, and how often the signs of each of its values count."""

    session: Any
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    counts: tuple[int, ...]
    on_input: tuple[int, ...]
    n_bytes: int


class Probes:
    """Units that are set up, by slot and by the shapes that arrive.

    Parameters
    ----------
    plan : Plan
    seed : int
        Seed of the He-normal weights.
    counts : callable
        For each value of a unit, how often its signs count.
    most_bytes : int
        Beyond this estimate of what they take, those that were used least recently are let go.
    """

    def __init__(
        self, plan: Plan, seed: int, counts: Callable[[Unit], list[int]], most_bytes: int
    ) -> None:
        self._plan = plan
        self._seed = seed
        self._counts = counts
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[int, int, tuple[Shape, ...]], Probe] = OrderedDict()
        self._lock = threading.Lock()
        self.n_bytes = 0

    def get(self, number: int, unit_id: int, shapes: tuple[Shape, ...]) -> Probe:
        """Return a slot's unit for inputs of these shapes; may be called from several threads."""
        key = (number, unit_id, shapes)
        with self._lock:
            probe = self._kept.get(key)
            if probe is None:
                probe = self._set_up(number, meeting(self._plan.units[unit_id], shapes))
                self._kept[key] = probe
                self.n_bytes += probe.n_bytes
                while self.n_bytes > self._most_bytes and len(self._kept) > 1:
                    self.n_bytes -= self._kept.popitem(last=False)[1].n_bytes
            self._kept.move_to_end(key)
            return probe

    def _set_up(self, number: int, unit: Unit) -> Probe:
        runtime = require("onnxruntime", extra="search")
        counts = self._counts(unit)
        first = len(unit.inputs)
        exposed = [value for value in range(first, len(unit.shapes)) if counts[value]]
        weights = unit_weights(self._plan.slots[number].name, unit, self._seed)
        model = to_onnx(unit, weights, batch_statistics=True, expose=exposed)
        options = runtime.SessionOptions()
        # Rows share the threads: inside a unit, the bits would depend on how many there are.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        if not any(isinstance(node.op, Conv) and node.op.kernel > 1 for node in unit.nodes):
            # Blocks of channels pay for wide kernels only: turning maps into them and back takes
            # longer than a 1x1 convolution.
            options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        _share_arena()
        options.add_session_config_entry("session.use_env_allocators", "1")
        session = runtime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return Probe(
            session,
            tuple(value.name for value in session.get_inputs()),
            ("output", *(f"value{value}" for value in exposed)),
            tuple(counts[value] for value in exposed),
            tuple(counts[:first]),
            EMPTY_SESSION_BYTES + 2 * sum(tensor.nbytes for tensor in weights.values()),
        )


@cache
def _share_arena() -> None:
    """Let all units of this process take their memory from one place.

    One arena for each of hundreds of units would hold gigabytes, and glibc's aligned blocks come
    back only when the top of its heap is free.
    """
    runtime = require("onnxruntime", extra="search")
    place = runtime.OrtMemoryInfo(
        "Cpu", runtime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, runtime.OrtMemType.DEFAULT
    )
    by_need = 1  # it grows by what is asked for, not to the next power of two
    runtime.create_and_register_allocator(place, runtime.OrtArenaCfg(0, by_need, -1, -1))


def meeting(unit: Unit, shapes: tuple[Shape, ...]) -> Unit:
    """Fit a unit to what arrives: a join may have been written for more."""
    if len(shapes) == len(unit.inputs):
        return unit.at(shapes)
    (node,) = unit.nodes
    assert isinstance(node.op, Add | Concat)
    return join(node.op, shapes)


def unit_weights(slot: str, unit: Unit, seed: int) -> Weights:
    """Make a unit's weights as `weights.initial` makes them for a network with it in the slot."""
    weights: Weights = {}
    for node, name in zip(unit.nodes, unit.tensor_names(), strict=True):
        if name:
            made = tensors(node.op, unit.shapes[node.inputs[0]], f"{slot}_{name}", seed=seed)
            weights |= {tensor.removeprefix(f"{slot}_"): value for tensor, value in made.items()}
    return weights
