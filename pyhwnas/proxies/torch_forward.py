"""Populations on a fixed batch of images in torch, on a GPU: all networks go slot by slot.

Those with the same unit in a slot are one batch for it, since its weights depend on the slot alone.
So a small network's convolution, far too little for a GPU, comes with those of hundreds of others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pyhwnas._gpu import gpu_of
from pyhwnas._optional import require
from pyhwnas.networks import ABSENT, INPUT, BatchNorm, Plan, Unit
from pyhwnas.proxies.batch_codes import BatchCodes
from pyhwnas.proxies.forward import Outcome, alike
from pyhwnas.proxies.probes import meeting, unit_weights
from pyhwnas.proxies.torch_units import Block, as_torch, batch_statistics, queued, run_node

__all__ = ["TorchForward"]

Ids = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
Tensor = npt.NDArray[np.float32]

BLOCK_BYTES = 1 << 31
"""Of the largest value between units, of which about ten exist at a time; or what is free / 16."""
MOST_NETWORKS = 4096
MOST_WEIGHTS = 1 << 28
"""Numbers that are kept on the GPU."""


class _Part(NamedTuple):
    """A slot's value for some networks of a batch, whose numbers ascend."""

    rows: Rows
    block: Block


class TorchForward:
    """Runs rows of unit ids as `Forward` does, in torch.

    Parameters
    ----------
    plan : Plan
    images : ndarray of float32, shape (n, channels, height, width)
    seed : int
        Seed of the He-normal weights.
    counts : callable
        For each value of a unit, how often its signs count.
    device : str
        As torch calls it.
    precision : {"float32", "bfloat16"}
        Of values and weights; statistics of batches are in float32 always.

    Notes
    -----
    A batch's networks are chosen so that the largest value takes up to two gibibytes. Kernels are
    queued without waiting for their results, a few thousand for a batch however many networks it
    has, so that large batches cost the CPU less; graphs of CUDA would not serve again, since every
    batch groups its networks differently. Convolutions in float32 are as
    exact as torch is told to have them (``torch.backends.cudnn.allow_tf32``).
    """

    def __init__(
        self,
        plan: Plan,
        images: Tensor,
        *,
        seed: int,
        counts: Callable[[Unit], list[int]],
        device: str,
        precision: str = "float32",
    ) -> None:
        self.plan = plan
        self.seed = seed
        self.counts = counts
        self.device = device
        torch = require("torch", extra="torch")
        self.dtype = getattr(torch, precision)
        channels_last = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
        self.images = torch.from_numpy(channels_last).to(device, self.dtype)
        self.weights: dict[tuple[int, Unit], dict[str, Any]] = {}
        self.n_weights = 0
        last_use = {source: n for n, slot in enumerate(plan.slots) for source in slot.inputs}
        self.released: list[list[int]] = [[] for _ in plan.slots]
        for source, number in last_use.items():
            self.released[number].append(source)

    def run(self, ids: Ids, *, pairs: bool) -> Outcome:
        """Score rows by NASWOT where `pairs` of images count, by ICD elsewhere."""
        torch = require("torch", extra="torch")
        rows, inverse = np.unique(alike(self.plan)[ids], axis=0, return_inverse=True)
        n = self._networks_at_once()
        scores = [np.zeros(0)]
        with torch.inference_mode():
            for begin in range(0, len(rows), n):
                some = rows[begin : begin + n]
                codes = BatchCodes(len(some), len(self.images), self.device, pairs=pairs)
                _Batch(self, some, codes).walk()
                scores.append(codes.naswot() if pairs else codes.icd())
        return Outcome(np.concatenate(scores)[inverse.reshape(-1)], {})

    def _networks_at_once(self) -> int:
        """As many as make the largest value BLOCK_BYTES."""
        shapes = [shape for unit in self.plan.units for shape in unit.shapes if len(shape) == 3]
        area = self.images.shape[1] * self.images.shape[2]
        first = max(shape[1] * shape[2] for shape in shapes)  # pixels of the network's input
        most = max(shape[0] * shape[1] * shape[2] for shape in shapes) * area / first
        size = most * len(self.images) * self.images.element_size()
        room = BLOCK_BYTES
        if self.images.is_cuda:
            torch = require("torch", extra="torch")
            room = min(room, torch.cuda.mem_get_info(self.images.device)[0] // 16)
        return int(np.clip(room // size, 1, MOST_NETWORKS))

    def weights_of(self, slot: int, unit: Unit) -> dict[str, Any]:
        """Return a unit's tensors in a slot, made when they are first asked for."""
        made = self.weights.get((slot, unit))
        if made is None:
            made = as_torch(
                unit_weights(self.plan.slots[slot].name, unit, self.seed), self.device, self.dtype
            )
            size = sum(tensor.numel() for tensor in made.values())
            if self.n_weights + size > MOST_WEIGHTS:
                self.weights.clear()
                self.n_weights = 0
            self.weights[slot, unit] = made
            self.n_weights += size
        return made


class _Batch:
    """Some networks on their way through the plan."""

    def __init__(self, forward: TorchForward, ids: Ids, codes: BatchCodes) -> None:
        self.forward = forward
        self.ids = ids
        self.codes = codes
        everyone = np.arange(len(ids))
        images = forward.images.expand(len(ids), *forward.images.shape)
        self.parts: dict[int, list[_Part]] = {INPUT: [_Part(everyone, images)]}
        self.readers = {INPUT: np.zeros(len(ids), dtype=np.int64)}
        # For each slot, the number of the part in which a network's value lies; -1: none.
        self.part_of = {INPUT: np.zeros(len(ids), dtype=np.int64)}

    def walk(self) -> None:
        """Run all slots, and count all signs."""
        for number in range(len(self.forward.plan.slots)):
            self._step(number)
        for number in list(self.parts):
            self._release(number)

    def _step(self, number: int) -> None:
        """Run one slot, and let go of what no later slot reads."""
        slot = self.forward.plan.slots[number]
        arriving = np.stack([self.part_of[source] for source in slot.inputs], axis=1)
        arrives = (arriving >= 0).any(1) if slot.join else (arriving >= 0).all(1)
        runs = np.flatnonzero((self.ids[:, number] != ABSENT) & arrives)
        self.readers[number] = np.zeros(len(self.ids), dtype=np.int64)
        made: dict[tuple[int, ...], list[_Part]] = {}
        # Networks of one kind have the same unit here, and its inputs from the same parts.
        kind_of = _numbered(np.column_stack([self.ids[runs, number], arriving[runs] + 1]))
        for kind in np.unique(kind_of):
            rows = runs[kind_of == kind]
            inputs = [
                (source, self._gather(self.parts[source][part], rows))
                for source, part in zip(slot.inputs, arriving[rows[0]], strict=True)
                if part >= 0
            ]
            block = self._result(number, int(self.ids[rows[0], number]), inputs, rows)
            made.setdefault(tuple(block.shape[2:]), []).append(_Part(rows, block))
        self._keep(number, [self._joined(parts) for parts in made.values()])
        for source in self.forward.released[number]:
            self._release(source)

    def _gather(self, part: _Part, rows: Rows) -> Block:
        if len(rows) == len(part.rows):
            return part.block
        at = np.searchsorted(part.rows, rows)
        return part.block.index_select(0, queued(at, part.block.device))

    def _joined(self, parts: list[_Part]) -> _Part:
        """Put the results of several units of one shape into one block, in order of networks."""
        if len(parts) == 1:
            return parts[0]
        torch = require("torch", extra="torch")
        rows = np.sort(np.concatenate([part.rows for part in parts]))
        first = parts[0].block
        block = torch.empty((len(rows), *first.shape[1:]), dtype=first.dtype, device=first.device)
        for part in parts:
            at = queued(np.searchsorted(rows, part.rows), first.device)
            block.index_copy_(0, at, part.block)
        return _Part(rows, block)

    def _keep(self, number: int, parts: list[_Part]) -> None:
        self.parts[number] = parts
        self.part_of[number] = np.full(len(self.ids), -1, dtype=np.int64)
        for position, part in enumerate(parts):
            self.part_of[number][part.rows] = position

    def _release(self, number: int) -> None:
        times = self.readers.pop(number)
        del self.part_of[number]
        for part in self.parts.pop(number):
            counted = np.flatnonzero(times[part.rows])
            if len(counted):
                rows = part.rows[counted]
                self.codes.add(self._gather(part, rows), rows, times[rows])

    def _result(
        self, number: int, unit_id: int, inputs: list[tuple[int, Block]], rows: Rows
    ) -> Block:
        unit = self.forward.plan.units[unit_id]
        values = [block for _, block in inputs]
        if not unit.nodes or len(values) == 1 < len(unit.inputs):
            return values[0]
        shapes = tuple((v.shape[4], v.shape[2], v.shape[3]) for v in values)
        unit = meeting(unit, shapes)
        counts = self.forward.counts(unit)
        for (source, _), count in zip(inputs, counts, strict=False):
            self.readers[source][rows] += count
        weights = self.forward.weights_of(number, unit)
        for position, (node, name) in enumerate(
            zip(unit.nodes, unit.tensor_names(), strict=True), len(unit.inputs)
        ):
            operands = [values[k] for k in node.inputs]
            times = np.full(len(rows), counts[position])
            if isinstance(node.op, BatchNorm) and operands[0].is_cuda:
                values.append(self._normalise(operands[0], rows, times))
                continue
            values.append(run_node(node.op, operands, weights, name))
            if counts[position]:
                self.codes.add(values[-1], rows, times)
        return values[-1]

    def _normalise(self, x: Block, rows: Rows, times: Rows) -> Block:
        """Batch normalisation, and its signs, in one pass after the statistics."""
        mean, scale = batch_statistics(x)
        gpu = gpu_of(x=x)
        assert gpu is not None
        flat = x.reshape(*x.shape[:2], -1)
        y, bits = map(
            gpu.array, gpu.kernels.normalise_and_pack(flat, mean, scale, False, gpu.stream)
        )
        if times[0]:
            self.codes.add_bits(bits, flat.shape[-1], rows, times)
        return y.reshape(x.shape)


def _numbered(keys: Rows) -> Rows:
    """Give equal rows of nonnegative numbers one number."""
    numbers: Rows = keys[:, 0].astype(np.int64)
    for column in keys.T[1:]:
        numbers = numbers * (int(column.max(initial=0)) + 1) + column
        if numbers.max(initial=0) > 1 << 40:
            numbers = np.unique(numbers, return_inverse=True)[1]
    return numbers
