"""A plan: the fixed graph of slots that every network of a space is read from.

Populations never become objects. A genotype matrix picks candidates (`choices`), the plan turns
them into unit ids, and counters, latency and closed-form proxies work on those ids alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pyhwnas.errors import SpaceError
from pyhwnas.networks.op import (
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    ChannelConv,
    Concat,
    Conv,
    Crop,
    GlobalAvgPool,
    Linear,
    MaxPool,
    Mul,
    Op,
    Shape,
    Shuffle,
    Slice,
)
from pyhwnas.networks.unit import Unit, join

__all__ = ["ABSENT", "INPUT", "Plan", "Program", "Slot"]

INPUT = -1
"""In `Slot.inputs`: the network's own input."""

ABSENT = -1
"""In unit ids: this slot is not there in this network."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a plan and the units that may stand in it.

    Parameters
    ----------
    name : str
        A Python identifier, unique in the plan; shared weights are named by it.
    inputs : tuple of int
        Earlier slots (or `INPUT`) whose outputs come in, in order.
    candidates : tuple of Unit
        What may stand here. In a join they are listed by the number of inputs that are present,
        1 to ``len(inputs)``, once for each choice (see `Plan.unit_ids`).
    join : bool
        Whether absent inputs are skipped. Any other slot needs all of its inputs.
    group : str
        Slots of one group are drawn together (a stage, a cell).
    """

    name: str
    inputs: tuple[int, ...]
    candidates: tuple[Unit, ...]
    join: bool = False
    group: str = ""

    @classmethod
    def joining(
        cls, name: str, inputs: Sequence[int], op: Add | Concat, shape: Shape, group: str = ""
    ) -> Slot:
        """Make the slot that joins tensors of one shape, however many of them are present."""
        candidates = tuple(join(op, [shape] * count) for count in range(1, len(inputs) + 1))
        return cls(name, tuple(inputs), candidates, join=True, group=group)


class Program(NamedTuple):
    """A plan as flat int32 arrays, the form that kernels interpret (see ``synflow.hpp``)."""

    slot_input_offsets: npt.NDArray[np.int32]
    slot_inputs: npt.NDArray[np.int32]
    unit_offsets: npt.NDArray[np.int32]
    unit_input_offsets: npt.NDArray[np.int32]
    unit_input_shapes: npt.NDArray[np.int32]
    nodes: npt.NDArray[np.int32]
    node_input_offsets: npt.NDArray[np.int32]
    node_inputs: npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Plan:
    """A fixed directed acyclic graph of slots; the last slot is the network's output.

    Parameters
    ----------
    slots : tuple of Slot
        In an order in which every slot only uses earlier ones.

    Attributes
    ----------
    units : tuple of Unit
        The distinct units of all slots in order of first appearance; a unit id is an index into
        this tuple, and the identity (no operations) is a unit like any other.

    Raises
    ------
    SpaceError
        If names repeat, a slot uses a later one, or a candidate can never meet an input of its
        shape.
    """

    slots: tuple[Slot, ...]
    units: tuple[Unit, ...] = field(init=False, repr=False)
    _candidate_ids: npt.NDArray[np.int32] = field(init=False, repr=False)
    """`ABSENT`, then the unit ids of all slots' candidates."""

    def __post_init__(self) -> None:
        self._check()
        number: dict[Unit, int] = {}
        ids = [
            number.setdefault(unit, len(number)) for slot in self.slots for unit in slot.candidates
        ]
        object.__setattr__(self, "units", tuple(number))
        object.__setattr__(self, "_candidate_ids", _int32([ABSENT, *ids]))

    def _check(self) -> None:
        if not self.slots:
            raise SpaceError("a plan needs at least one slot, got none")
        names = [slot.name for slot in self.slots]
        if len(set(names)) != len(names) or not all(name.isidentifier() for name in names):
            raise SpaceError("slot names must be distinct Python identifiers")
        outputs: list[set[Shape]] = []
        for position, slot in enumerate(self.slots):
            if any(not INPUT <= source < position for source in slot.inputs):
                raise SpaceError(f"slot {slot.name}: inputs {slot.inputs} must be earlier slots")
            arities = {len(unit.inputs) for unit in slot.candidates}
            if not slot.join and arities != {len(slot.inputs)}:
                raise SpaceError(
                    f"slot {slot.name}: expected candidates with {len(slot.inputs)} input(s), "
                    f"got {sorted(arities)}; mark a slot that joins with join=True"
                )
            if slot.join and len(slot.candidates) % len(slot.inputs):
                raise SpaceError(
                    f"slot {slot.name}: a join of {len(slot.inputs)} inputs lists that many "
                    f"candidates for each choice, got {len(slot.candidates)}"
                )
            if INPUT not in slot.inputs:
                possible = set().union(*(outputs[source] for source in slot.inputs))
                for unit in slot.candidates:
                    if not possible.issuperset(unit.inputs):
                        raise SpaceError(
                            f"slot {slot.name}: candidate {unit.key!r} fits none of the shapes "
                            f"that can arrive there: {sorted(possible)}"
                        )
            outputs.append({unit.out_shape for unit in slot.candidates})

    def unit_ids(self, choices: npt.ArrayLike, *, live: bool = False) -> npt.NDArray[np.int32]:
        """Turn choices of candidates into unit ids, for a whole population.

        Parameters
        ----------
        choices : array_like of int, shape (n, n_slots)
            Index of the candidate in each slot, `ABSENT` where there is none. In a join the
            choice ``c`` stands for its ``c``-th list of candidates: the plan itself takes the
            one that fits the number of inputs present.
        live : bool
            Leave out slots on no path from the input to the output. Published counts of some
            spaces include them (``live=False``); what runs does not.

        Returns
        -------
        ndarray of int32, shape (n, n_slots)
            Indices into `units`; `ABSENT` where a slot is empty. A row without a path from input
            to output is `ABSENT` throughout if ``live``.

        Notes
        -----
        O(n * n_slots), without a Python loop over rows.
        """
        matrix = np.asarray(choices)
        if matrix.ndim != 2 or matrix.shape[1] != len(self.slots):
            raise SpaceError(f"choices: expected (n, {len(self.slots)}), got {matrix.shape}")
        # One row a slot: a slot's values lie side by side.
        chosen = np.array(matrix.T, dtype=np.int32, order="C")
        present = np.ones((len(self.slots) + 1, len(matrix)), dtype=bool)  # last: `INPUT`
        np.greater_equal(chosen, 0, out=present[:INPUT])
        self._check_choices(chosen)
        if live:
            self._leave_out_dead(present)
        for position, slot in enumerate(self.slots):
            if slot.join:
                count = present[list(slot.inputs)].sum(axis=0, dtype=np.int32)
                present[position] &= count > 0
                chosen[position] *= len(slot.inputs)
                chosen[position] += count - 1
        chosen += self._first
        chosen *= present[:INPUT]
        return np.ascontiguousarray(self._candidate_ids.take(chosen).T)

    @cached_property
    def _first(self) -> npt.NDArray[np.int32]:
        """Where each slot's candidates begin in `_candidate_ids`, int32[n_slots, 1]."""
        return 1 + _offsets(len(slot.candidates) for slot in self.slots)[:-1, None]

    @cached_property
    def _last(self) -> npt.NDArray[np.int32]:
        """Each slot's greatest choice, int32[n_slots, 1]."""
        counts = [len(s.candidates) // (len(s.inputs) if s.join else 1) for s in self.slots]
        return _int32(counts)[:, None] - 1

    def _check_choices(self, chosen: npt.NDArray[np.int32]) -> None:
        wrong = chosen > self._last
        if wrong.any():
            position, row = np.argwhere(wrong)[0]
            raise SpaceError(
                f"choices[{row}, {position}]: slot {self.slots[position].name} takes at most "
                f"{self._last[position, 0]}, got {chosen[position, row]}"
            )

    def _leave_out_dead(self, present: npt.NDArray[np.bool_]) -> None:
        """Clear what lies on no path from the input to the output, in bool[n_slots + 1, n]."""
        for position, slot in enumerate(self.slots):
            arriving = present[list(slot.inputs)]
            present[position] &= arriving.any(axis=0) if slot.join else arriving.all(axis=0)
        used = np.zeros_like(present)
        used[[-2, INPUT]] = present[[-2, INPUT]]
        for position in range(len(self.slots) - 1, -1, -1):
            for source in self.slots[position].inputs:
                used[source] |= used[position] & present[source]
        present[:] = used

    @cached_property
    def program(self) -> Program:
        """The plan as flat arrays for kernels."""
        return _lower(self)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over slots, wiring and candidates: equal where two plans mean the same."""
        digest = hashlib.sha256()
        for slot in self.slots:
            keys = [unit.key for unit in slot.candidates]
            digest.update(repr((slot.name, slot.inputs, slot.join, keys)).encode())
        return digest.hexdigest()


_ACTIVATION_CODES = {
    "relu": 3,
    "relu6": 4,
    "hswish": 5,
    "hsigmoid": 6,
    "sigmoid": 7,
    "silu": 8,
    "gelu": 9,
}


_PLAIN_CODES: dict[type[Op], int] = {
    BatchNorm: 2,
    GlobalAvgPool: 12,
    Add: 13,
    Mul: 14,
    Concat: 15,
    Slice: 16,
    Crop: 17,
}


def _instruction(op: Op, shape: Shape) -> tuple[int, ...]:
    """Encode ``opcode, out_c, out_h, out_w, kernel, stride, padding, groups, dilation, bias``."""
    code, settings = 0, (1, 1, 0, 1, 1, 0)
    match op:
        case Conv(kernel=k, stride=s, groups=g, dilation=d, bias=b):
            settings = (k, s, op.padding, g, d, int(b))
        case Linear(bias=b):
            code, settings = 1, (1, 1, 0, 1, 1, int(b))
        case Activation(kind=kind):
            code = _ACTIVATION_CODES[kind]
        case MaxPool(kernel=k, stride=s, padding=p) | AvgPool(kernel=k, stride=s, padding=p):
            code, settings = 10 if isinstance(op, MaxPool) else 11, (k, s, p, 1, 1, 0)
        case Shuffle(groups=g):
            code, settings = 18, (1, 1, 0, g, 1, 0)
        case ChannelConv(kernel=k):
            code, settings = 19, (k, 1, k // 2, 1, 1, 0)
        case _:
            code = _PLAIN_CODES[type(op)]
    return (code, *(*shape, 1, 1)[:3], *settings)


def _lower(plan: Plan) -> Program:
    nodes = [node for unit in plan.units for node in unit.nodes]
    instructions = [
        _instruction(node.op, shape)
        for unit in plan.units
        for node, shape in zip(unit.nodes, unit.shapes[len(unit.inputs) :], strict=True)
    ]
    shapes = [(*shape, 1, 1)[:3] for unit in plan.units for shape in unit.inputs]
    return Program(
        slot_input_offsets=_offsets(len(slot.inputs) for slot in plan.slots),
        slot_inputs=_int32([source for slot in plan.slots for source in slot.inputs]),
        unit_offsets=_offsets(len(unit.nodes) for unit in plan.units),
        unit_input_offsets=_offsets(len(unit.inputs) for unit in plan.units),
        unit_input_shapes=_int32(shapes).reshape(-1, 3),
        nodes=_int32(instructions).reshape(-1, 10),
        node_input_offsets=_offsets(len(node.inputs) for node in nodes),
        node_inputs=_int32([value for node in nodes for value in node.inputs]),
    )


def _offsets(counts: Iterable[int]) -> npt.NDArray[np.int32]:
    return _int32([0, *accumulate(counts)])


def _int32(values: object) -> npt.NDArray[np.int32]:
    array = np.array(values, dtype=np.int32)
    array.flags.writeable = False
    return array
