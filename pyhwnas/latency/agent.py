"""The process that takes the time: `python -m pyhwnas.latency.agent work.json`.

It reads a list of models, runs them in shuffled rounds and writes one JSON line for each thing
that happens, so that what is already written stays good if it dies. It decides when to stop and
draws no other conclusions; see `pyhwnas.latency.measure` for the other end.

Protocol, version 1: every model is warmed up after loading. In each round every model is visited
once, in a new order, and the anchor model before and after every few of them: a core whose twin
shares its execution units with another program, or that runs hot, can be half as slow for a
moment without any trace in CPU time, and the anchor shows when. A visit is one call that is thrown
away, then a few calls that are timed by the wall clock and by the thread's CPU time. Before each
call of a *cold* model a buffer larger than the core's own cache is written, so that weights and
inputs come from where they are when a unit runs amid a network.
"""

from __future__ import annotations

import bisect
import gc
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyhwnas.latency.backends import LatencyBackend, Runner, from_address

__all__ = ["main"]

QUANTILE = 0.25
FEWEST_ROUNDS = 4
BETWEEN_ANCHORS = 4


@dataclass(slots=True)
class _Model:
    """A loaded model and what has been seen of it so far."""

    item: int
    run: Runner
    cold: bool
    times: list[int] = field(default_factory=list)

    def settled(self, target: float) -> bool:
        """Tell whether the quantile's 90 % interval, from order statistics, is narrow enough."""
        n = len(self.times)
        reach = 1.645 * math.sqrt(n * QUANTILE * (1 - QUANTILE))
        low, high = math.floor(n * QUANTILE - reach), math.ceil(n * QUANTILE + reach)
        if low < 0 or high >= n:
            return False
        ordered = sorted(self.times)
        return ordered[high] - ordered[low] <= 2 * target * ordered[int(n * QUANTILE)]


def main(arguments: Sequence[str]) -> int:
    """Time the models listed in a work file.

    Parameters
    ----------
    arguments : sequence of str
        The path of the work file.

    Returns
    -------
    int
        Exit status, 0 also where models were refused.
    """
    (path,) = arguments
    work = json.loads(Path(path).read_text(encoding="utf-8"))
    sys.path[:] = work["sys_path"]
    _check_clocks()
    if work["pin"]:
        _pin()
    agent = _Agent(work, Path(path).parent, from_address(work["backend"]))
    gc.disable()
    for chunk in _chunks(work["items"], work["chunk_bytes"]):
        agent.time(chunk)
        gc.collect()
    _tell(event="end", stop=agent.stop)
    return 0


class _Agent:
    def __init__(self, work: Mapping[str, Any], folder: Path, backend: LatencyBackend) -> None:
        self.stop = "interval"
        self._work = work
        self._folder = folder
        self._backend = backend
        self._rng = np.random.default_rng(work["seed"])
        self._flush = _flusher(work["flush_bytes"])
        self._pending: list[tuple[_Model, Sequence[int]]] = []
        self._levels: list[int] = []
        self._level = 0
        seconds = work["seconds"]
        self._deadline = math.inf if seconds is None else time.monotonic() + seconds

    def time(self, chunk: Sequence[int]) -> None:
        """Load some models together and run all their rounds; item 0 is the anchor."""
        anchor = self._load(0)
        if anchor is None:
            raise SystemExit("the anchor model was refused")
        loaded = [self._load(item) for item in chunk]
        active = [model for model in loaded if model is not None]
        if not active:
            return
        rounds = self._work["rounds"]
        for number in range(rounds):
            for segment, model in self._order(anchor, active):
                self._count(model, self._visit(model, (chunk[0], number, segment)))
            if number + 1 >= FEWEST_ROUNDS:
                active = [m for m in active if not m.settled(self._work["target_interval"])]
            _tell(event="round", done=number + 1, rounds=rounds, active=len(active))
            if not active:
                return
            if time.monotonic() > self._deadline and number > 0:
                self.stop = "time"
                return
        if self.stop != "time":
            self.stop = "rounds"

    def _order(self, anchor: _Model, active: Sequence[_Model]) -> Iterator[tuple[int, _Model]]:
        """Yield models by segment; each segment lies between two visits of the anchor."""
        order = self._rng.permutation(len(active))
        count = -(-len(order) // BETWEEN_ANCHORS)
        for segment, part in enumerate(np.array_split(order, count)):
            yield segment, anchor
            yield from ((segment, active[i]) for i in part)
        yield count, anchor

    def _count(self, model: _Model, times: Sequence[int]) -> None:
        """Let times count towards a settled model if the anchor was as usual before and after."""
        if model.item != 0:
            self._pending.append((model, times))
            return
        before, self._level = self._level, sorted(times)[len(times) // 2]
        bisect.insort(self._levels, self._level)
        usual, limit = self._levels[len(self._levels) // 2], self._work["disturbed"]
        if all(usual / limit <= level <= usual * limit for level in (before, self._level)):
            for waiting, seen in self._pending:
                waiting.times += seen
        self._pending.clear()

    def _load(self, item: int) -> _Model | None:
        self._watch()
        _tell(event="at", item=item)
        entry = self._work["items"][item]
        feeds = {
            name: np.random.default_rng(item).standard_normal(shape, dtype=np.float32)
            for name, shape in entry["feeds"].items()
        }
        try:
            run = self._backend.load((self._folder / entry["model"]).read_bytes(), feeds)
            for _ in range(self._work["warmups"]):
                run()
        except Exception as error:
            _tell(event="refused", item=item, error=f"{type(error).__name__}: {error}")
            return None
        return _Model(item, run, entry["cold"])

    def _visit(self, model: _Model, window: tuple[int, int, int]) -> Sequence[int]:
        self._watch()
        _tell(event="at", item=model.item)
        wall, cpu = [], []
        for _ in range(1 + self._work["calls"]):
            if model.cold:
                self._flush()
            wall0, cpu0 = time.perf_counter_ns(), time.thread_time_ns()
            model.run()
            cpu1, wall1 = time.thread_time_ns(), time.perf_counter_ns()
            wall.append(wall1 - wall0)
            cpu.append(cpu1 - cpu0)
        _tell(event="visit", item=model.item, window=window, wall=wall[1:], cpu=cpu[1:])
        return (cpu if self._backend.threads == 1 else wall)[1:]

    def _watch(self) -> None:
        """Leave when nobody is listening any more: the parent died or was killed."""
        if os.getppid() != self._work["parent"]:
            os._exit(1)


def _chunks(items: Sequence[Mapping[str, Any]], limit: int) -> Iterator[list[int]]:
    """Cut the items after the anchor into runs whose models fit into memory together."""
    chunk: list[int] = []
    total = 0
    for item, entry in enumerate(items[1:], 1):
        if chunk and total + entry["bytes"] > limit:
            yield chunk
            chunk, total = [], 0
        chunk.append(item)
        total += entry["bytes"]
    if chunk:
        yield chunk


def _flusher(size: int) -> Callable[[], None]:
    buffer: npt.NDArray[np.uint8] = np.zeros(max(size, 1), dtype=np.uint8)

    def flush() -> None:
        buffer.fill(1)

    return flush


def _check_clocks() -> None:
    for clock in ("perf_counter", "thread_time", "monotonic"):
        info = time.get_clock_info(clock)
        if not info.monotonic or info.resolution > 1e-5:
            raise SystemExit(f"clock {clock} cannot time inferences here: {info}")


def _pin() -> None:
    """Stay on one core where the system allows it; the last one, since interrupts go to the first.

    Other systems (macOS, Windows) have no such call in Python; the anchor then shows migrations.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _tell(**event: Any) -> None:
    sys.stdout.write(json.dumps(event, separators=(",", ":")) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
