"""Timing models in child processes, and reading what they report.

The clock runs in `pyhwnas.latency.agent`, one process at a time. A model that kills its process is
tried once more in a new one and then reported by name; everything already reported stays. A lost
connection is no fault of the model: what is missing is asked for again after a pause.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from pyhwnas.errors import LatencyTableError, MissingExtraError
from pyhwnas.latency.backends import LatencyBackend, address
from pyhwnas.latency.backends.onnxruntime import OnnxRuntimeBackend
from pyhwnas.latency.device import Fingerprint
from pyhwnas.latency.host import Host, Local
from pyhwnas.latency.readings import ANCHOR, Measurement, Process, Readings, Settings
from pyhwnas.latency.timing import WORK, TimingProcess
from pyhwnas.networks import Network, Unit

__all__ = ["Model", "OnProgress", "Progress", "look", "measure", "measure_networks", "try_networks"]


class Model(NamedTuple):
    """Something to time: a unit, a network or a serialised ONNX model."""

    key: str
    graph: Unit | Network | bytes
    cold: bool = False


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
    LatencyTableError
        If the timing process does not run there.
    """
    with tempfile.TemporaryDirectory(prefix="pyhwnas-") as name:
        work = _work(backend, Settings(energy=energy), batch) | {"items": []}
        (Path(name) / WORK).write_text(json.dumps(work), encoding="utf-8")
        found = None
        with host.talk(Path(name), WORK, backend.threads) as talk:
            for event in talk.events():
                if event["event"] == "device":
                    found = _found(event)
    if talk.lost:
        raise LatencyTableError(talk.words)
    if found is None:
        raise LatencyTableError(f"nothing can be timed on this backend: {talk.death()}")
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
    time_cap : float, optional
        Seconds for all processes; a process always makes two rounds.
    finished : sequence of Process
        Results of an interrupted measurement to go on from.
    on_process, on_progress : callable, optional
        Called after each process with all results, and after each round.

    Returns
    -------
    list of Process

    Raises
    ------
    LatencyTableError
        If nothing can be timed, or the device becomes another one meanwhile.
    """
    results = list(finished)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pyhwnas-") as name:
        folder = Path(name)
        failed: dict[str, str] = {}
        items: dict[str, dict[str, Any]] = {}
        if len(results) < processes:
            items, failed = _write(models, folder, backend, batch)
        while len(results) < processes:
            number = len(results)
            seconds = None
            if time_cap is not None:
                left = time_cap - (time.monotonic() - start)
                seconds = max(left, 0.0) / (processes - number)
            # What could not be timed once is not tried again in later processes.
            failed = dict(results[-1].failed) if results else failed
            todo = {key: item for key, item in items.items() if key not in failed}
            work = _work(backend, settings, batch) | {"seed": seed + number, "seconds": seconds}

            def on_round(event: Mapping[str, Any], number: int = number) -> None:
                if on_progress is not None:
                    shown = {name: event[name] for name in Progress._fields[2:]}
                    on_progress(Progress(number + 1, processes, **shown))

            process = TimingProcess(folder, host, device, todo, work, failed, on_round).run()
            if not process.visits:
                reason = next(iter(process.failed.values()), "there are no models")
                raise LatencyTableError(f"nothing could be timed on this backend: {reason}")
            results.append(process)
            if on_process is not None:
                on_process(results)
    return results


def _work(backend: LatencyBackend, settings: Settings, batch: int) -> dict[str, Any]:
    defaults = {"seed": 0, "seconds": None, "batch": batch}
    return asdict(settings) | defaults | {"backend": address(backend)}


def _write(
    models: Sequence[Model], folder: Path, backend: LatencyBackend, batch: int
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Write the models into a folder, once for all processes; the anchor comes first.

    Returns what the agent reads of each, and why some could not be written.
    """
    items: dict[str, dict[str, Any]] = {}
    failed: dict[str, str] = {}
    for number, model in enumerate([Model(ANCHOR.key, ANCHOR), *models]):
        try:
            encoded = backend.encode(model.graph, batch)
        except MissingExtraError:
            raise
        except Exception as error:  # whatever a runtime's tools raise
            failed[model.key] = f"{type(error).__name__}: {error}"
            continue
        path = folder / f"{number:04}.model"
        path.write_bytes(encoded.model)
        # Sessions hold weights about twice, and activations that are small beside 16 MiB or so.
        size = 2 * len(encoded.model) + batch * 2**24
        items[model.key] = {
            "model": path.name,
            "inputs": encoded.inputs,
            "cold": model.cold,
            "bytes": size,
        }
    if ANCHOR.key in failed:
        raise LatencyTableError(
            "nothing could be timed on this backend: it refuses the anchor network: "
            f"{failed[ANCHOR.key]}"
        )
    return items, failed


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

    Returns
    -------
    dict of str to Measurement
        In the order given.

    Raises
    ------
    LatencyTableError
        If a network could not be timed; names it and says why.
    """
    tried = try_networks(
        networks,
        backend=backend or OnnxRuntimeBackend(),
        host=host or Local(),
        settings=settings or Settings(),
        processes=processes,
        batch=batch,
        seed=seed,
        reference_ms=reference_ms,
        on_progress=on_progress,
    )
    measured = {}
    for name, found in tried.items():
        if isinstance(found, str):
            raise LatencyTableError(f"network {name} could not be timed: {found}")
        measured[name] = found
    return measured


def try_networks(
    networks: Mapping[str, Network | bytes | Path],
    *,
    backend: LatencyBackend,
    host: Host,
    settings: Settings,
    processes: int,
    batch: int,
    seed: int,
    reference_ms: float | None,
    on_progress: OnProgress | None = None,
) -> dict[str, Measurement | str]:
    """Measure networks as `measure_networks` does; those that fail have their reason instead."""
    found = look(backend, host, batch=batch, energy=settings.energy)
    settings = settings.on(found.cache_bytes)
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
    )
    readings = Readings(results, backend.clock, settings, reference_ms=reference_ms)
    failed = results[-1].failed
    return {
        name: readings.of(name) or failed.get(name, "the timing process was disturbed throughout")
        for name in networks
    }
