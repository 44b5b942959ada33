"""Timing models in child processes, and reading what they report.

The clock runs in `pyhwnas.latency.agent`, one process at a time. A model that kills its process is
tried once more in a new one and then reported by name; everything already reported stays.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeAlias

import numpy as np

from pyhwnas._optional import require
from pyhwnas.errors import LatencyTableError
from pyhwnas.latency.backends import LatencyBackend, address
from pyhwnas.latency.backends.onnxruntime import OnnxRuntimeBackend
from pyhwnas.latency.readings import (
    ANCHOR,
    Measurement,
    Process,
    Readings,
    Settings,
    Visit,
    clock_of,
)
from pyhwnas.networks import Network, Unit
from pyhwnas.networks.onnx import to_onnx

__all__ = ["Model", "OnProgress", "Progress", "measure", "measure_networks"]

STRIKES = 2

Child: TypeAlias = subprocess.Popen[bytes]


class Model(NamedTuple):
    """Something to time: a unit, a network or a serialised ONNX model."""

    key: str
    graph: Unit | Network | bytes
    cold: bool = False


class Progress(NamedTuple):
    """Where a measurement stands: process ``process`` of ``processes``, and its rounds."""

    process: int
    processes: int
    done: int
    rounds: int


OnProgress: TypeAlias = Callable[[Progress], None]


def measure(
    models: Sequence[Model],
    backend: LatencyBackend,
    settings: Settings,
    *,
    processes: int,
    batch: int = 1,
    seed: int = 0,
    time_cap: float | None = None,
    finished: Sequence[Process] = (),
    on_process: Callable[[Sequence[Process]], None] | None = None,
    on_progress: OnProgress | None = None,
) -> list[Process]:
    """Time models in several processes, one after the other.

    Parameters
    ----------
    models : sequence of Model
        With distinct keys.
    backend : LatencyBackend
    settings : Settings
    processes : int
        How many in total, finished ones included.
    batch : int
        Inputs per inference.
    seed : int
        Seed of the orders in which models are visited.
    time_cap : float, optional
        Seconds for all processes; a process always makes two rounds.
    finished : sequence of Process
        Results of an interrupted measurement to go on from.
    on_process, on_progress : callable, optional
        Called after each process with all results, and after each round.

    Returns
    -------
    list of Process
    """
    results = list(finished)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pyhwnas-") as name:
        folder = Path(name)
        items = _write(models, folder, batch) if len(results) < processes else {}
        while len(results) < processes:
            number = len(results)
            seconds = None
            if time_cap is not None:
                left = time_cap - (time.monotonic() - start)
                seconds = max(left, 0.0) / (processes - number)
            # What could not be timed once is not tried again in later processes.
            failed = dict(results[-1].failed) if results else {}
            todo = {key: item for key, item in items.items() if key not in failed}
            work = _work(backend, settings) | {"seed": seed + number, "seconds": seconds}

            def on_round(done: int, rounds: int, number: int = number) -> None:
                if on_progress is not None:
                    on_progress(Progress(number + 1, processes, done, rounds))

            process = _Job(folder, todo, work, failed, on_round).run()
            if not process.visits:
                reason = next(iter(process.failed.values()), "there are no models")
                raise LatencyTableError(f"nothing could be timed on this backend: {reason}")
            results.append(process)
            if on_process is not None:
                on_process(results)
    return results


def _work(backend: LatencyBackend, settings: Settings) -> dict[str, Any]:
    memory = require("psutil", extra="search").virtual_memory().available
    return asdict(settings) | {
        "backend": address(backend),
        "parent": os.getpid(),
        "pin": backend.threads == 1,
        "chunk_bytes": memory // 4,
        "sys_path": sys.path,
    }


def _write(models: Sequence[Model], folder: Path, batch: int) -> dict[str, dict[str, Any]]:
    """Write the models into a folder, once for all processes; the anchor comes first."""
    onnx = require("onnx", extra="search")
    items: dict[str, dict[str, Any]] = {}
    for number, model in enumerate([Model(ANCHOR.key, ANCHOR), *models]):
        if isinstance(model.graph, bytes):
            data, proto = model.graph, onnx.load_from_string(model.graph)
        else:
            proto = to_onnx(model.graph)
            data = proto.SerializeToString()
        path = folder / f"{number:04}.onnx"
        path.write_bytes(data)
        constants = {tensor.name for tensor in proto.graph.initializer}
        feeds = {
            value.name: [dim.dim_value or batch for dim in value.type.tensor_type.shape.dim]
            for value in proto.graph.input
            if value.name not in constants
        }
        # Sessions hold weights about twice, and activations that are small beside 16 MiB or so.
        size = 2 * len(data) + 2**24
        items[model.key] = {"model": path.name, "feeds": feeds, "cold": model.cold, "bytes": size}
    return items


@dataclass(slots=True)
class _Job:
    """One timing process, begun again without a model that killed it twice."""

    folder: Path
    items: dict[str, dict[str, Any]]
    work: Mapping[str, Any]
    failed: dict[str, str]
    on_round: Callable[[int, int], None]
    visits: dict[str, list[Visit]] = field(default_factory=dict)
    stop: str = ""

    def run(self) -> Process:
        strikes: Counter[str] = Counter()
        for attempt in count():
            at, status, words = self._attempt(attempt)
            if self.stop:
                return Process(self.visits, self.failed, self.stop)
            reason = f"the timing process died (status {status}){words}"
            if at is None or at == ANCHOR.key:
                raise LatencyTableError(f"nothing could be timed on this backend: {reason}")
            strikes[at] += 1
            if strikes[at] == STRIKES:
                self.failed[at] = reason
                del self.items[at]
        raise AssertionError("count() ended")

    def _attempt(self, attempt: int) -> tuple[str | None, int, str]:
        """Run the agent to its end or death; return where it was, its status and last words."""
        names = list(self.items)
        order = np.random.default_rng(self.work["seed"]).permutation(len(names) - 1)
        keys = [names[0], *(names[1 + i] for i in order)]
        path = self.folder / "work.json"
        work = {**self.work, "items": [self.items[key] for key in keys]}
        path.write_text(json.dumps(work), encoding="utf-8")
        at: str | None = None
        with tempfile.TemporaryFile() as errors:
            with _agent(path, self.work["backend"]["settings"], errors) as child:
                for event in _events(child):
                    if event["event"] == "at":
                        at = keys[event["item"]]
                    self._take(event, keys, attempt)
            errors.seek(0)
            words = errors.read().decode(errors="replace").strip().splitlines()
        return at, child.returncode, f": {words[-1]}" if words else ""

    def _take(self, event: Mapping[str, Any], keys: Sequence[str], attempt: int) -> None:
        match event["event"]:
            case "visit":
                visit = Visit((attempt, *event["window"]), event["wall"], event["cpu"])
                self.visits.setdefault(keys[event["item"]], []).append(visit)
            case "refused":
                self.failed[keys[event["item"]]] = event["error"]
            case "round":
                self.on_round(event["done"], event["rounds"])
            case "end":
                self.stop = event["stop"]


@contextlib.contextmanager
def _agent(work: Path, settings: Mapping[str, Any], errors: IO[bytes]) -> Iterator[Child]:
    """Start the timing process and see to it that it is gone in the end."""
    threads = str(settings.get("threads", 1))
    # Thread pools that open when a library is loaded must not be larger than what is measured.
    environment = os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    # The child is to find the very modules that are loaded here, whatever the working folder holds.
    environment["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "pyhwnas.latency.agent", str(work)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=environment,
    )
    try:
        yield child
        child.wait()
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def _events(child: Child) -> Iterator[dict[str, Any]]:
    """Read events as they come; other lines are a runtime's own chatter."""
    assert child.stdout is not None
    for line in child.stdout:
        with contextlib.suppress(ValueError):
            event = json.loads(line)
            if isinstance(event, dict) and "event" in event:
                yield event


def measure_networks(
    networks: Mapping[str, Network | bytes | Path],
    *,
    backend: LatencyBackend | None = None,
    settings: Settings | None = None,
    processes: int = 2,
    batch: int = 1,
    seed: int = 0,
    reference_ms: float | None = None,
    on_progress: OnProgress | None = None,
) -> dict[str, Measurement]:
    """Measure whole networks from end to end, warm, as they are deployed.

    Parameters
    ----------
    networks : mapping of str to Network, bytes or path
        By name: networks of a space, serialised ONNX models or ONNX files.
    backend : LatencyBackend, optional
        Without it, ONNX Runtime on one thread.
    settings : Settings, optional
    processes : int
        Timing processes, one after the other.
    batch : int
        Inputs per inference, where a model leaves it free.
    seed : int
    reference_ms : float, optional
        Take times to the speed at which the anchor needs this long, such as that of a table
        (`LatencyTable.reference_ms`) whose predictions are to be compared. Without it, the usual
        speed during this measurement.
    on_progress : callable, optional
        Called with a `Progress` after each round.

    Returns
    -------
    dict of str to Measurement
        In the order given.

    Raises
    ------
    LatencyTableError
        If a network could not be timed; names it and says why.
    """
    backend = backend or OnnxRuntimeBackend()
    settings = settings or Settings()
    models = [
        Model(name, item.read_bytes() if isinstance(item, Path) else item)
        for name, item in networks.items()
    ]
    results = measure(
        models,
        backend,
        settings,
        processes=processes,
        batch=batch,
        seed=seed,
        on_progress=on_progress,
    )
    clock = clock_of(backend.threads)
    readings = Readings(results, clock, settings, reference_ms=reference_ms)
    measured = {}
    for name in networks:
        found = readings.of(name)
        if found is None:
            raise LatencyTableError(
                f"network {name} could not be timed: {results[-1].failed[name]}"
            )
        measured[name] = found
    return measured
