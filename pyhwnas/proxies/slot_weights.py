"""Absolute weights of the units of a population, each made once for all networks that have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol, get_args

import numpy as np
import numpy.typing as npt

from pyhwnas.networks import ABSENT, Plan
from pyhwnas.networks.weights import Init, tensors, trained_shapes

__all__ = [
    "GivenWeights",
    "InitialWeights",
    "Packed",
    "SlotWeights",
    "pack",
    "places_of",
    "weight_counts",
]

Vector = npt.NDArray[np.float32]

MOST_WEIGHTS = 1 << 26
"""So many numbers, 256 MB, are kept, and go to a kernel at once."""


class SlotWeights(Protocol):
    """What knows the weights of a unit in a slot."""

    def of(self, slot: int, unit: int) -> Vector:
        """Absolute weights and biases of all nodes in order, one after the other."""
        ...


class InitialWeights:
    """Initial weights (`pyhwnas.networks.weights`), made when they are first asked for.

    Parameters
    ----------
    plan : Plan
    seed : int
    init : {"kaiming_normal", "kaiming_uniform"}
    """

    def __init__(self, plan: Plan, seed: int, init: Init) -> None:
        if init not in get_args(Init):
            raise ValueError(f"init: expected one of {', '.join(get_args(Init))}, got {init!r}")
        self._plan = plan
        self._seed = seed
        self._init = init
        self._kept: dict[tuple[int, int], Vector] = {}
        self._size = 0

    def of(self, slot: int, unit: int) -> Vector:
        """Absolute weights and biases of all nodes in order, one after the other."""
        if (slot, unit) in self._kept:
            return self._kept[slot, unit]
        made = self._make(slot, unit)
        if self._size + made.size > MOST_WEIGHTS:
            self._kept.clear()
            self._size = 0
        self._kept[slot, unit] = made
        self._size += made.size
        return made

    def _make(self, slot: int, unit_id: int) -> Vector:
        unit, prefix = self._plan.units[unit_id], self._plan.slots[slot].name
        parts = []
        for node, name in zip(unit.nodes, unit.tensor_names(), strict=True):
            source = unit.shapes[node.inputs[0]]
            if trained_shapes(node.op, source):
                made = tensors(
                    node.op, source, f"{prefix}_{name}", seed=self._seed, init=self._init
                )
                parts += [tensor.ravel() for tensor in made.values()]
        return np.abs(np.concatenate(parts))


class GivenWeights:
    """A user's weights by name, as in a state dict; what is not asked for is not read.

    Parameters
    ----------
    plan : Plan
    weights : mapping of str to array_like
    """

    def __init__(self, plan: Plan, weights: Mapping[str, npt.ArrayLike]) -> None:
        self._plan = plan
        self._weights = weights

    def of(self, slot: int, unit: int) -> Vector:
        """Absolute weights and biases of all nodes in order, one after the other."""
        there, prefix = self._plan.units[unit], self._plan.slots[slot].name
        parts = []
        for node, name in zip(there.nodes, there.tensor_names(), strict=True):
            shapes = trained_shapes(node.op, there.shapes[node.inputs[0]])
            for kind, shape in shapes.items():
                parts.append(self._tensor(f"{prefix}_{name}.{kind}", shape).ravel())
        return np.abs(np.concatenate(parts))

    def _tensor(self, name: str, shape: tuple[int, ...]) -> Vector:
        if name not in self._weights:
            raise ValueError(f"weights: expected a tensor {name!r}, got none of that name")
        tensor = np.asarray(self._weights[name], dtype=np.float32)
        if tensor.shape != shape:
            raise ValueError(f"weights: {name} must have shape {shape}, got {tensor.shape}")
        if not np.isfinite(tensor).all():
            raise ValueError(f"weights: {name} must be finite in float32, got NaN or infinity")
        return tensor


class Packed(NamedTuple):
    """Weights as kernels take them: see `SharedWeights` in ``synflow.hpp``."""

    places: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    values: Vector


def weight_counts(plan: Plan) -> npt.NDArray[np.int64]:
    """Count the weights and biases of convolutions and linear layers, int64[n_units]."""
    counts = [
        sum(
            int(np.prod(shape))
            for node in unit.nodes
            for shape in trained_shapes(node.op, unit.shapes[node.inputs[0]]).values()
        )
        for unit in plan.units
    ]
    return np.array(counts, dtype=np.int64)


def places_of(
    unit_ids: npt.NDArray[np.int32], counts: npt.NDArray[np.int64]
) -> npt.NDArray[np.int32]:
    """Distinct (slot, unit) pairs of a population that have weights, int32[n_places, 2]."""
    pairs: list[tuple[int, int]] = []
    for slot, column in enumerate(unit_ids.T):
        present = np.unique(column[column != ABSENT])
        pairs += [(slot, int(unit)) for unit in present if counts[unit]]
    return np.array(pairs, dtype=np.int32).reshape(-1, 2)


def pack(places: npt.NDArray[np.int32], weights: SlotWeights) -> Packed:
    """Put the weights of some places one after the other."""
    parts = [weights.of(int(slot), int(unit)) for slot, unit in places]
    offsets = np.cumsum([0, *(part.size for part in parts)], dtype=np.int64)
    values = np.concatenate([np.zeros(0, np.float32), *parts])
    return Packed(places, offsets, values)
