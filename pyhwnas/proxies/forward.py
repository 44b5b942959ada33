"""Rows of a plan on a fixed batch of images, unit by unit through ONNX Runtime.

Weights depend on the slot alone and batch normalisation on the batch, so a unit is set up once and
serves every network that has it there, and what several rows begin with runs once for all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, NamedTuple, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from pyhwnas._optional import require
from pyhwnas.networks import ABSENT, INPUT, Plan, Unit
from pyhwnas.proxies.probes import Probes

__all__ = ["Codes", "Forward", "Outcome", "alike"]

Tensor = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int32]


class Codes(Protocol):
    """What a score gathers on the way: see `pyhwnas.proxies.codes`."""

    def add(self, values: Tensor, times: int = 1) -> None:
        """Count the signs of values."""
        ...

    def copy(self) -> Self:
        """Return the same counts, to go on from here in two ways."""
        ...


C = TypeVar("C", bound=Codes)


class Outcome(NamedTuple):
    """A score for each row, NaN where a unit failed, and why it did."""

    scores: npt.NDArray[np.float64]
    errors: dict[int, Exception]

    def only(self) -> float:
        """Return the score of a single row, or raise what it failed with."""
        if self.errors:
            raise self.errors[0]
        return float(self.scores[0])


class Forward:
    """Runs rows of unit ids and hands values to what counts their signs.

    Parameters
    ----------
    plan : Plan
        What the ids refer to. Units take whatever size arrives, so a row's resolution is that of
        the images.
    images : ndarray of float32, shape (n, channels, height, width)
    seed : int
        Seed of the He-normal weights; see `pyhwnas.networks.weights`.
    counts : callable
        For each value of a unit (see `Node`), how often its signs count.
    containers : bool
        Count what enters modules that hold others as well: the network, each group of several
        slots, and each slot that is no join, twice where its unit has several operations (a module
        and the sequence in it).
    unit_bytes : int
        Beyond this estimate of what they take, the units that were used least recently are let
        go, to be set up again where they come back.

    Notes
    -----
    Rows are sorted and walked as a tree: where they part, the values that are still needed are
    kept, and each branch goes on from there. So a row's values do not depend on its neighbours,
    and no more is kept than the values between the units of one row, for each thread: each of
    them walks rows of its own.
    """

    def __init__(
        self,
        plan: Plan,
        images: Tensor,
        *,
        seed: int,
        counts: Callable[[Unit], list[int]],
        containers: bool = False,
        unit_bytes: int = 1 << 29,
    ) -> None:
        self.plan = plan
        self.images = images
        self.containers = containers
        self.probes = Probes(plan, seed, counts, unit_bytes)
        self._alike = alike(plan)
        groups = Counter(slot.group for slot in plan.slots if slot.group)
        self._modules = {group for group, count in groups.items() if count > 1}
        last_use = {source: n for n, slot in enumerate(plan.slots) for source in slot.inputs}
        self._released: list[list[int]] = [[] for _ in plan.slots]
        for source, number in last_use.items():
            self._released[number].append(source)

    def run(self, ids: Ids, codes: C, score: Callable[[C], float], *, threads: int = 1) -> Outcome:
        """Score rows.

        Parameters
        ----------
        ids : ndarray of int32, shape (n, n_slots)
            Unit ids. Slots at which nothing arrives are passed over, and joins take what arrives:
            live ids have neither.
        codes : Codes
            As it is before the first value.
        score : callable
            What to make of it after the last one.
        threads : int
            Rows are shared among that many threads; the bits are the same for any number.

        Returns
        -------
        Outcome
        """
        require("onnxruntime", extra="search")  # missing, it is nobody's failed row
        rows, inverse = np.unique(self._alike[ids], axis=0, return_inverse=True)
        walks = min(len(rows), 4 * threads if threads > 1 else 1)
        parts = [_Walk(self, part, score) for part in np.array_split(rows, walks or 1)]
        if threads == 1:
            for part in parts:
                part.walk(codes)
        else:
            pool = ThreadPoolExecutor(threads)
            try:
                for future in [pool.submit(part.walk, codes) for part in parts]:
                    future.result()
            finally:  # an interruption leaves out what has not begun
                pool.shutdown(cancel_futures=True)
        scores = np.concatenate([part.scores for part in parts])
        errors = [error for part in parts for error in part.errors]
        back = inverse.reshape(-1)
        failed = {row: error for row, i in enumerate(back) if (error := errors[i]) is not None}
        return Outcome(scores[back], failed)

    def begin(self, codes: C) -> _State[C]:
        """Stand before the first slot."""
        return _State({INPUT: self.images}, {}, codes.copy(), frozenset())

    def step(self, state: _State[C], number: int, unit_id: int) -> None:
        """Run one slot, and let go of what no later slot reads."""
        slot = self.plan.slots[number]
        sources = [source for source in slot.inputs if source in state.values]
        arrives = len(sources) == len(slot.inputs) or (slot.join and len(sources) > 0)
        if unit_id != ABSENT and arrives:
            if self.containers and not slot.join:
                state.count(sources[0], self._entered(state, number, unit_id))
            arriving = [state.values[source] for source in sources]
            state.values[number] = self._result(state, number, unit_id, sources, arriving)
        for source in self._released[number]:
            state.release(source)

    def _entered(self, state: _State[C], number: int, unit_id: int) -> int:
        """Count the modules that one enters with a slot."""
        group = self.plan.slots[number].group
        is_new = group in self._modules and group not in state.groups
        state.groups |= {group}
        return (number == 0) + is_new + (1 if len(self.plan.units[unit_id].nodes) < 2 else 2)

    def _result(
        self,
        state: _State[C],
        number: int,
        unit_id: int,
        sources: Sequence[int],
        arriving: Sequence[Tensor],
    ) -> Tensor:
        unit = self.plan.units[unit_id]
        if not unit.nodes or len(arriving) == 1 < len(unit.inputs):
            return arriving[0]
        probe = self.probes.get(number, unit_id, tuple(x.shape[1:] for x in arriving))
        for source, count in zip(sources, probe.on_input, strict=True):
            state.count(source, count)
        result: Tensor
        result, *inner = probe.session.run(
            probe.outputs, dict(zip(probe.inputs, arriving, strict=True))
        )
        for values, count in zip(inner, probe.counts, strict=True):
            state.codes.add(values, count)
        return result


@dataclass(slots=True)
class _State(Generic[C]):
    """How far a row has come: what later slots may read, and what has been counted."""

    values: dict[int, Tensor]
    readers: dict[int, int]
    """How often the signs of each value count, so far: they are added when it is released."""
    codes: C
    groups: frozenset[str]

    def branch(self) -> _State[C]:
        return _State(self.values.copy(), self.readers.copy(), self.codes.copy(), self.groups)

    def count(self, number: int, times: int) -> None:
        self.readers[number] = self.readers.get(number, 0) + times

    def release(self, number: int) -> None:
        values = self.values.pop(number, None)
        times = self.readers.pop(number, 0)
        if values is not None and times:
            self.codes.add(values, times)


class _Walk(Generic[C]):
    """Sorted rows as a tree whose leaves are scored."""

    def __init__(self, forward: Forward, rows: Ids, score: Callable[[C], float]) -> None:
        self.scores = np.full(len(rows), np.nan)
        self.errors: list[Exception | None] = [None] * len(rows)
        self._forward = forward
        self._rows = rows
        self._score = score

    def walk(self, codes: C) -> None:
        self._descend(0, len(self._rows), 0, self._forward.begin(codes))

    def _descend(self, begin: int, end: int, number: int, state: _State[C]) -> None:
        """Go on from a slot with rows begin .. end, which are alike up to there."""
        try:
            for slot in range(number, self._rows.shape[1]):
                column = self._rows[begin:end, slot]  # sorted, since all before it is alike
                if column[0] != column[-1]:
                    borders = begin + 1 + np.flatnonzero(np.diff(column))
                    for first, last in pairwise([begin, *borders.tolist(), end]):
                        self._descend(first, last, slot, state.branch())
                    return
                self._forward.step(state, slot, int(column[0]))
            for value in list(state.values):
                state.release(value)
            self.scores[begin:end] = self._score(state.codes)
        except Exception as error:  # noqa: BLE001, RUF100 (whatever a runtime raises is data)
            self.errors[begin:end] = [error] * (end - begin)


def alike(plan: Plan) -> Ids:
    """For each unit id the first one with the same operations; the last entry is `ABSENT`."""
    first: dict[object, int] = {}
    ids = [first.setdefault((len(unit.inputs), unit.nodes), n) for n, unit in enumerate(plan.units)]
    return np.array([*ids, ABSENT], dtype=np.int32)
