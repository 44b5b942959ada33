"""The process that takes the time: `python -m pyhwnas.latency.measuring.agent work.json`.

It reads a list of models, runs them in shuffled rounds and writes one JSON line for each thing
that happens, so that what is already written stays good if it dies. It decides when to stop and
draws no other conclusions; `measure` is the other end. It needs Python 3.10, numpy, the backend and
nothing else of this package than what it imports here.

Protocol, version 1: every model is warmed up after loading. In each round every model is visited
once, in a new order, and the anchor model before and after every few of them: a core whose twin
shares its execution units with another program, or that runs hot, can be half as slow for a
moment without any trace in CPU time, and the anchor shows when. A visit is one call that is thrown
away, then a few calls that are timed by the wall clock and by the backend's own clock. Before each
call of a *cold* model a buffer larger than the core's own cache is written, so that weights and
inputs come from where they are when a unit runs amid a network. Where energy is counted too, a
visit goes on for some milliseconds, since counters are updated only once in about one.
"""

from __future__ import annotations

import bisect
import functools
import gc
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from pyhwnas.latency.backends import Clock, LatencyBackend, Runner, from_address
from pyhwnas.latency.device import available_bytes, cache_bytes, fastest_core, fingerprint
from pyhwnas.latency.measuring.energy import EnergyCounter, open_counter

__all__ = ["main"]

FEWEST_ROUNDS = 4
BETWEEN_ANCHORS = 4


@dataclass(slots=True, eq=False)
class _Model:
    """A loaded model and what has been seen of it so far."""

    item: int
    run: Runner
    cold: bool
    rounds: int
    quantile: float
    times: list[int] = field(default_factory=list)

    def spread(self) -> float:
        """Half the quantile's 90 % interval, from order statistics, relative to it."""
        n, p = len(self.times), self.quantile
        reach = 1.645 * math.sqrt(n * p * (1 - p))
        low, high = math.floor(n * p - reach), math.ceil(n * p + reach)
        if low < 0 or high >= n:
            return math.inf
        ordered = sorted(self.times)
        return (ordered[high] - ordered[low]) / (2 * max(ordered[int(n * p)], 1))


def main(arguments: Sequence[str]) -> int:
    """Say what device this is, then time the models listed in a work file.

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
    backend = from_address(work["backend"])
    counter = _counter(work["energy"], backend)
    device = fingerprint(backend, batch=work["batch"])
    energy = None if counter is None else counter.name
    _tell(event="device", fingerprint=asdict(device), cache_bytes=cache_bytes(), energy=energy)
    _check_clocks()
    if backend.threads == 1:
        _pin()
    agent = _Agent(work, Path(path).parent, backend, counter)
    gc.disable()
    chunks = list(_chunks(work["items"], available_bytes() // 4))
    for number, chunk in enumerate(chunks):
        agent.time(chunk, number, len(chunks))
        gc.collect()
    _tell(event="end", stop=agent.stop)
    return 0


class _Agent:
    def __init__(
        self,
        work: Mapping[str, Any],
        folder: Path,
        backend: LatencyBackend,
        counter: EnergyCounter | None,
    ) -> None:
        self.stop = "interval"
        self._work = work
        self._folder = folder
        self._backend = backend
        self._read = _reader(backend.clock)
        self._counter = counter
        self._parent = os.getppid()
        self._rng = np.random.default_rng(work["seed"])
        self._flush = _flusher(work["flush_bytes"])
        self._pending: list[tuple[_Model, Sequence[int]]] = []
        self._levels: list[int] = []
        self._level = 0
        self._segments = self._disturbed = 0
        self._start = time.monotonic()

    def time(self, chunk: Sequence[int], number: int, chunks: int) -> None:
        """Load some models together and run all their rounds; item 0 is the anchor."""
        anchor = self._load(0)
        if anchor is None:
            raise SystemExit("the anchor model was refused")
        loaded = [self._load(item) for item in chunk]
        models = [model for model in loaded if model is not None]
        if not models:
            return
        seconds = self._work["seconds"]
        deadline = math.inf if seconds is None else self._start + seconds * (number + 1) / chunks
        active, rounds, target = models, self._work["rounds"], self._work["target_interval"]
        late = False
        for done in range(1, rounds + 1):
            for segment, model in self._order(anchor, active):
                self._count(model, self._visit(model, (number, done - 1, segment)))
            late = done > 1 and time.monotonic() > deadline
            settled = [m for m in models if done >= FEWEST_ROUNDS and m.spread() <= target]
            active = [m for m in models if m not in settled and m.rounds > done]
            self._report(
                number * rounds + done, chunks * rounds, models, len(models) - len(settled)
            )
            if late or not active:
                break
        unsettled = [m.item for m in models if m.spread() > target]
        _tell(event="unsettled", items=unsettled)
        if late:
            self.stop = "time"
        elif unsettled and self.stop != "time":
            self.stop = "rounds"

    def _report(self, done: int, rounds: int, models: Sequence[_Model], unsettled: int) -> None:
        spreads = sorted(model.spread() for model in models)
        middle = spreads[len(spreads) // 2]
        _tell(
            event="round",
            done=done,
            rounds=rounds,
            active=unsettled,
            spread=middle if math.isfinite(middle) else None,
            disturbed=self._disturbed / max(self._segments, 1),
        )

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
        calm = all(usual / limit <= level <= usual * limit for level in (before, self._level))
        self._segments += bool(self._pending)
        self._disturbed += bool(self._pending) and not calm
        if calm:
            for waiting, seen in self._pending:
                waiting.times += seen
        self._pending.clear()

    def _load(self, item: int) -> _Model | None:
        self._watch()
        _tell(event="load", item=item)
        entry = self._work["items"][item]
        feeds = {
            name: np.random.default_rng(item).standard_normal(shape, dtype=np.float32)
            for name, shape in entry["inputs"].items()
        }
        cold = entry["cold"]
        try:
            run = self._backend.load((self._folder / entry["model"]).read_bytes(), feeds)
            if self._backend.clock == "runner":  # it flushes the caches of its own device
                run = functools.partial(run, self._work["flush_bytes"] if cold else 0)
                cold = False
            for _ in range(self._work["warmups"]):
                run()
        except Exception as error:
            _tell(event="refused", item=item, error=f"{type(error).__name__}: {error}")
            return None
        return _Model(item, run, cold, entry["rounds"], self._work["quantile"])

    def _visit(self, model: _Model, window: tuple[int, int, int]) -> Sequence[int]:
        self._watch()
        _tell(event="at", item=model.item)
        self._call(model)
        before = self._counter.read() if self._counter is not None else 0.0
        start = time.perf_counter_ns()
        times = [self._call(model) for _ in range(self._work["calls"])]
        energy = None
        if self._counter is not None:
            while time.perf_counter_ns() - start < self._work["energy_ms"] * 1e6:
                times.append(self._call(model))
            energy = (self._counter.read() - before) / len(times)
        wall, own = ([pair[i] for pair in times] for i in (0, 1))
        if min(*wall, *own) < 0:
            _give_up(f"a clock went backwards ({self._backend.clock})")
        _tell(event="visit", item=model.item, window=window, wall=wall, own=own, uj=energy)
        return wall if self._backend.clock == "wall" else own

    def _call(self, model: _Model) -> tuple[int, int]:
        """Run a model once; return nanoseconds by the wall clock and by the backend's."""
        if model.cold:
            self._flush()
        wall0, own0 = time.perf_counter_ns(), self._read()
        result: Any = model.run()
        own1, wall1 = self._read(), time.perf_counter_ns()
        return wall1 - wall0, result if self._backend.clock == "runner" else own1 - own0

    def _watch(self) -> None:
        """Leave when nobody is listening any more: the parent died or was killed."""
        if os.getppid() != self._parent:
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


def _counter(source: str | None, backend: LatencyBackend) -> EnergyCounter | None:
    elsewhere = getattr(backend, "device_name", "")
    if source is not None and source.startswith("powercap") and elsewhere:
        _give_up(f"energy: powercap counts this machine, not {elsewhere}")
    try:
        return None if source is None else open_counter(source, gpu=getattr(backend, "gpu", ""))
    except (RuntimeError, ValueError) as error:
        _give_up(str(error))


def _reader(clock: Clock) -> Callable[[], int]:
    """Return what reads a backend's clock in nanoseconds."""
    if clock == "cpu":
        return time.thread_time_ns
    if clock == "process":
        return time.process_time_ns
    return lambda: 0


def _flusher(size: int) -> Callable[[], None]:
    buffer: npt.NDArray[np.uint8] = np.zeros(max(size, 1), dtype=np.uint8)

    def flush() -> None:
        buffer.fill(1)

    return flush


def _check_clocks() -> None:
    for clock in ("perf_counter", "thread_time", "process_time", "monotonic"):
        info = time.get_clock_info(clock)
        if not info.monotonic or info.resolution > 1e-5:
            _give_up(f"clock {clock} cannot time inferences here: {info}")


def _pin() -> None:
    """Stay on one core where the system allows it.

    Other systems (macOS) have no such call in Python; the anchor then shows migrations.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {fastest_core()})


def _give_up(text: str) -> NoReturn:
    """Say what is wrong with this machine, and leave."""
    _tell(event="problem", text=text)
    raise SystemExit(1)


def _tell(**event: Any) -> None:
    sys.stdout.write(json.dumps(event, separators=(",", ":")) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
