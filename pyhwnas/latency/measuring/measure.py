"""Timing models in child processes, and reading what they report.

The clock runs in `agent`, one process at a time. A model that kills its process is tried once more
in a new one and then reported by name; everything already reported stays. A lost connection is no
fault of the model: what is missing is asked for again after a pause.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from pyhwnas.errors import DeviceError, LatencyTableError
from pyhwnas.latency.backends import LatencyBackend, address
from pyhwnas.latency.backends.onnxruntime import OnnxRuntimeBackend
from pyhwnas.latency.device import Fingerprint
from pyhwnas.latency.measuring.encoding import Model, OnStep, write_models
from pyhwnas.latency.measuring.host import Host, Local
from pyhwnas.latency.measuring.readings import ANCHOR, Measurement, Process, Readings, Settings
from pyhwnas.latency.measuring.timing import WORK, TimingProcess
from pyhwnas.networks import Network

__all__ = ["Found", "OnProgress", "Progress", "look", "measure", "measure_networks", "try_networks"]


class Progress(NamedTuple):
    """Where a measurement stands.

    Parameters
    ----------
    process, processes : int
        The timing process that is at work, from 1, of how many.
    done, rounds : int
        Its rounds; there may be fewer, if all models settle.
    active : int
        Models that have not settled yet.
    spread : float or None
        Half the 90 % interval of a model's time relative to it, median over models.
    disturbed : float
        Share of readings at an unusual speed so far.
    """

    process: int
    processes: int
    done: int
    rounds: int
    active: int
    spread: float | None
    disturbed: float


OnProgress: TypeAlias = Callable[[Progress], None]


class Found(NamedTuple):
    """A device, as the timing process sees it."""

    device: Fingerprint
    cache_bytes: int | None
    energy: str | None


def look(
    backend: LatencyBackend, host: Host, *, batch: int = 1, energy: str | None = None
) -> Found:
    """Find out what a host is, under a backend.

    Parameters
    ----------
    backend : LatencyBackend
    host : Host
    batch : int
        Inputs per inference.
    energy : str, optional
        Counter of energy that it has to offer.

    Returns
    -------
    Found

    Raises
    ------
    DeviceError
        If the timing process does not run there.
    """
    with tempfile.TemporaryDirectory(prefix="pyhwnas-") as name:
        settings = Settings(energy=energy).on(None, backend.clock)
        work = _work(backend, settings, batch) | {"items": []}
        (Path(name) / WORK).write_text(json.dumps(work), encoding="utf-8")
        found = None
        with host.talk(Path(name), WORK, backend.threads) as talk:
            for event in talk.events():
                if event["event"] == "device":
                    found = _found(event)
                elif event["event"] == "problem":
                    raise DeviceError(event["text"])
    if talk.lost:
        raise DeviceError(talk.words)
    if found is None:
        raise DeviceError(f"nothing can be timed on this backend: {talk.death()}")
    return found


def _found(event: Mapping[str, Any]) -> Found:
    device = Fingerprint.from_json(event["fingerprint"])
    return Found(device, event["cache_bytes"], event["energy"])


def measure(
    models: Sequence[Model],
    backend: LatencyBackend,
    settings: Settings,
    *,
    device: Fingerprint,
    host: Host,
    processes: int,
    batch: int = 1,
    seed: int = 0,
    deadline: float | None = None,
    finished: Sequence[Process] = (),
    on_process: Callable[[Sequence[Process]], None] | None = None,
    on_progress: OnProgress | None = None,
    on_step: OnStep | None = None,
) -> list[Process]:
    """Time models in several processes, one after the other.

    Parameters
    ----------
    models : sequence of Model
        With distinct keys.
    backend : LatencyBackend
    settings : Settings
        With the device's own values (`Settings.on`).
    device : Fingerprint
        What every process has to find.
    host : Host
        Where to run them.
    processes : int
        How many in total, finished ones included.
    batch : int
        Inputs per inference.
    seed : int
        Seed of the orders in which models are visited.
    deadline : float, optional
        When all processes should be done, by `time.monotonic`; a process always makes two rounds.
    finished : sequence of Process
        Results of an interrupted measurement to go on from.
    on_process, on_progress : callable, optional
        Called after each process with all results, and after each round.
    on_step : callable, optional
        Called with a `Step` while rounds are prepared.

    Returns
    -------
    list of Process

    Raises
    ------
    LatencyTableError
        If none of the models can be timed.
    DeviceError
        If the device cannot time anything, becomes another one meanwhile, or is lost.
    """
    results = list(finished)
    with tempfile.TemporaryDirectory(prefix="pyhwnas-") as name:
        folder = Path(name)
        failed: dict[str, str] = {}
        items: dict[str, dict[str, Any]] = {}
        if len(results) < processes:
            items, failed = write_models(models, folder, backend, batch, on_step)
        while len(results) < processes:
            number = len(results)
            seconds = None
            if deadline is not None:
                left = deadline - time.monotonic()
                seconds = max(left, 0.0) / (processes - number)
            # What could not be timed once is not tried again in later processes.
            failed = dict(results[-1].failed) if results else failed
            todo = {key: item for key, item in items.items() if key not in failed}
            work = _work(backend, settings, batch) | {"seed": seed + number, "seconds": seconds}

            def on_round(event: Mapping[str, Any], number: int = number) -> None:
                if on_progress is not None:
                    shown = {name: event[name] for name in Progress._fields[2:]}
                    on_progress(Progress(number + 1, processes, **shown))

            hooks = on_round, on_step
            process = TimingProcess(folder, host, device, todo, work, failed, *hooks).run()
            if not process.visits.keys() - {ANCHOR.key}:
                reason = next(iter(process.failed.values()), "there are no models")
                raise LatencyTableError(f"nothing could be timed on this backend: {reason}")
            results.append(process)
            if on_process is not None:
                on_process(results)
    return results


def _work(backend: LatencyBackend, settings: Settings, batch: int) -> dict[str, Any]:
    # A minimum has no interval to settle by: the lower quartile's stands for it.
    quantile = 0.5 if settings.statistic_of(backend.clock) == "median" else 0.25
    defaults = {"seed": 0, "seconds": None, "batch": batch, "quantile": quantile}
    return asdict(settings) | defaults | {"backend": address(backend)}


def measure_networks(
    networks: Mapping[str, Network | bytes | Path],
    *,
    backend: LatencyBackend | None = None,
    host: Host | None = None,
    settings: Settings | None = None,
    processes: int = 2,
    batch: int = 1,
    seed: int = 0,
    reference_ms: float | None = None,
    on_progress: OnProgress | None = None,
    on_step: OnStep | None = None,
) -> dict[str, Measurement]:
    """Measure whole networks from end to end, warm, as they are deployed.

    Parameters
    ----------
    networks : mapping of str to Network, bytes or path
        By name: networks of a space, serialised ONNX models or ONNX files.
    backend : LatencyBackend, optional
        Without it, ONNX Runtime on one thread.
    host : Host, optional
        Where to run them; this machine by default.
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
    on_step : callable, optional
        Called with a `Step` while rounds are prepared.

    Returns
    -------
    dict of str to Measurement
        In the order given.

    Raises
    ------
    LatencyTableError
        If a network could not be timed; names it and says why.
    DeviceError
        If the device cannot time anything, becomes another one meanwhile, or is lost.
    """
    backend, host = backend or OnnxRuntimeBackend(), host or Local()
    settings = settings or Settings()
    tried = try_networks(
        networks,
        look(backend, host, batch=batch, energy=settings.energy),
        backend=backend,
        host=host,
        settings=settings,
        processes=processes,
        batch=batch,
        seed=seed,
        reference_ms=reference_ms,
        on_progress=on_progress,
        on_step=on_step,
    )
    measured = {}
    for name, found in tried.items():
        if isinstance(found, str):
            raise LatencyTableError(f"network {name} could not be timed: {found}")
        measured[name] = found
    return measured


def try_networks(
    networks: Mapping[str, Network | bytes | Path],
    found: Found,
    *,
    backend: LatencyBackend,
    host: Host,
    settings: Settings,
    processes: int,
    batch: int,
    seed: int,
    reference_ms: float | None,
    on_progress: OnProgress | None = None,
    on_step: OnStep | None = None,
) -> dict[str, Measurement | str]:
    """Measure networks as `measure_networks` does; those that fail have their reason instead."""
    settings = settings.on(found.cache_bytes, backend.clock)
    results = measure(
        [
            Model(name, item.read_bytes() if isinstance(item, Path) else item)
            for name, item in networks.items()
        ],
        backend,
        settings,
        device=found.device,
        host=host,
        processes=processes,
        batch=batch,
        seed=seed,
        on_progress=on_progress,
        on_step=on_step,
    )
    readings = Readings(results, backend.clock, settings, reference_ms=reference_ms)
    failed = results[-1].failed
    return {
        name: readings.of(name) or failed.get(name, "the timing process was disturbed throughout")
        for name in networks
    }
