"""Populations on a GPU: the plan as a tape, initial weights as keys, and where to run them."""

from __future__ import annotations

import importlib
import math
import re
from functools import lru_cache
from types import ModuleType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pyhwnas import _core
from pyhwnas._gpu import Stream
from pyhwnas.errors import CudaError
from pyhwnas.networks import Plan
from pyhwnas.networks.weights import Init, key_of, trained_shapes
from pyhwnas.proxies.slot_weights import places_of, weight_counts

__all__ = [
    "HashedTensors",
    "SampledTape",
    "check_device",
    "hashed_tensors",
    "on_device",
    "sampled_tape",
    "tape_of",
]

Places = npt.NDArray[np.int32]

_DEFAULT_STREAM = 1


def check_device(device: str) -> None:
    """Refuse what is neither ``"cpu"`` nor ``"cuda"`` nor ``"cuda:N"``."""
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise ValueError(f"device: expected 'cpu', 'cuda' or 'cuda:N', got {device!r}")


def on_device(device: str) -> tuple[ModuleType, Stream]:
    """Return the kernels for a GPU and its default stream.

    Raises
    ------
    CudaError
        If there are no kernels, or no such GPU.
    """
    try:
        kernels = importlib.import_module("pyhwnas._cuda")
    except ModuleNotFoundError:
        raise CudaError(
            f"device {device!r}: this installation has no kernels for GPUs; use device='cpu', or "
            "install where nvcc is found"
        ) from None
    number = int(device.partition(":")[2] or 0)
    if number >= kernels.device_count():
        raise CudaError(f"device {device!r}: {kernels.status()}")
    return kernels, Stream(_DEFAULT_STREAM, number, None)


@lru_cache(maxsize=16)
def candidate_places(plan: Plan) -> Places:
    """Pairs (slot, unit id) of all candidates of a plan, int32[n_places, 2]."""
    number = {unit: position for position, unit in enumerate(plan.units)}
    pairs = {
        (slot, number[unit]) for slot, there in enumerate(plan.slots) for unit in there.candidates
    }
    return np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2)


class SampledTape(NamedTuple):
    """A tape for given weights, and the places whose weights it takes, one after the other."""

    places: Places
    tape: npt.NDArray[np.uint8]


def sampled_tape(plan: Plan, unit_ids: npt.NDArray[np.int32], most_weights: int) -> SampledTape:
    """Write the tape of a plan, or of what a population has of it where weights are many."""
    if weight_counts(plan)[candidate_places(plan)[:, 1]].sum() <= most_weights:
        return _whole_tape(plan)
    return _tape_for(plan, places_of(unit_ids, np.ones(len(plan.units), dtype=np.int64)))


@lru_cache(maxsize=16)
def _whole_tape(plan: Plan) -> SampledTape:
    return _tape_for(plan, candidate_places(plan))


def _tape_for(plan: Plan, places: Places) -> SampledTape:
    return SampledTape(places, _core.synflow_tape(plan.program, places, 1.0, True))


@lru_cache(maxsize=16)
def tape_of(plan: Plan, weight_gain: float) -> npt.NDArray[np.uint8]:
    """Write the tape of a plan whose weights are all their mean; see ``tape.hpp``."""
    return _core.synflow_tape(plan.program, candidate_places(plan), weight_gain, False)


class HashedTensors(NamedTuple):
    """Tensors of places one after the other, as ``hashed_weights.hpp`` describes them."""

    place_offsets: npt.NDArray[np.int64]
    keys: npt.NDArray[np.uint64]
    tensors: npt.NDArray[np.int32]
    scales: npt.NDArray[np.float64]
    offsets: npt.NDArray[np.int64]


def hashed_tensors(plan: Plan, places: Places, seed: int, init: Init) -> HashedTensors:
    """Describe the initial weights of the units in their slots (`pyhwnas.networks.weights`)."""
    return _hashed(plan, places.tobytes(), seed, init)


@lru_cache(maxsize=16)
def _hashed(plan: Plan, pairs: bytes, seed: int, init: Init) -> HashedTensors:
    places = np.frombuffer(pairs, dtype=np.int32).reshape(-1, 2)
    rows: list[tuple[int, list[int], float, int]] = []
    ends = [0]
    for slot, unit_id in places.tolist():
        unit, prefix = plan.units[unit_id], plan.slots[slot].name
        size = ends[-1]
        for node, name in zip(unit.nodes, unit.tensor_names(), strict=True):
            shapes = trained_shapes(node.op, unit.shapes[node.inputs[0]])
            for kind, shape in shapes.items():
                scale = _scale(kind, shapes["weight"], init)
                key = f"{prefix}_{name}" if kind == "weight" else f"{prefix}_{name}.{kind}"
                groups = getattr(node.op, "groups", 1) if kind == "weight" else 1
                padded = [len(shape), *shape, *[1] * (4 - len(shape)), groups]
                rows.append((key_of(key, seed), padded, scale, math.prod(shape)))
                size += math.prod(shape)
        ends.append(size)
    return HashedTensors(
        np.array(ends, dtype=np.int64),
        np.array([row[0] for row in rows], dtype=np.uint64),
        np.array([row[1] for row in rows], dtype=np.int32).reshape(-1, 6),
        np.array([row[2] for row in rows], dtype=np.float64),
        np.cumsum([0, *(row[3] for row in rows)], dtype=np.int64),
    )


def _scale(kind: str, weight_shape: tuple[int, ...], init: Init) -> float:
    """Bound of uniform and deviation of normal numbers; He-normal weights have no biases."""
    fan_in = math.prod(weight_shape[1:])
    if init == "kaiming_uniform":
        return 1 / math.sqrt(fan_in)
    return math.sqrt(2 / fan_in) if kind == "weight" else 0.0
