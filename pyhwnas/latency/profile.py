"""From a space and a device to a latency table."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import time
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from pyhwnas._files import write_atomically
from pyhwnas.latency.assemble import assemble, network_key
from pyhwnas.latency.backends import LatencyBackend
from pyhwnas.latency.backends.onnxruntime import OnnxRuntimeBackend
from pyhwnas.latency.measuring.designs import DESIGNS, Case
from pyhwnas.latency.measuring.encoding import Model, OnStep
from pyhwnas.latency.measuring.host import Host, Local
from pyhwnas.latency.measuring.measure import OnProgress, Progress, look, measure
from pyhwnas.latency.measuring.readings import PROTOCOL, Process, Settings
from pyhwnas.latency.tables.table import LatencyTable
from pyhwnas.networks import ABSENT, INPUT, Network, Plan, Unit, build, params, plan_of, unit_macs
from pyhwnas.spaces import Space, sample

__all__ = ["profile"]

POOL = 512


def profile(
    space: Space,
    *,
    backend: LatencyBackend | None = None,
    host: Host | None = None,
    threads: int = 1,
    batch: int = 1,
    processes: int = 3,
    settings: Settings | None = None,
    time_cap: float | None = None,
    probes: int = 8,
    held_out: int = 8,
    seed: int = 0,
    units: Collection[str] | None = None,
    path: str | os.PathLike[str] | None = None,
    resume: bool = True,
    on_progress: OnProgress | None = None,
    on_step: OnStep | None = None,
) -> LatencyTable:
    """Measure all units of a space on a machine, and how well their sums fit whole networks.

    Parameters
    ----------
    space : Space
        A space with a plan.
    backend : LatencyBackend, optional
        Without it, ONNX Runtime on `threads` threads.
    host : Host, optional
        The machine to measure; this one by default.
    threads : int
        Threads of one inference; ignored if a backend is given.
    batch : int
        Inputs per inference.
    processes : int
        Timing processes for the units, one after the other, and as many for whole networks. They
        differ by more than calls within them do: three are the least for an interval that means
        something.
    settings : Settings, optional
        Rounds, statistic, target interval and the like.
    time_cap : float, optional
        Seconds for all timing processes together, those of an interrupted call included. Units
        and networks share them by their numbers; what units leave is the networks'.
    probes, held_out : int
        Whole networks to fit the scale to, spread from small to large, and random ones to check
        it on. Scales of four networks instead of eight were off by 3.4 instead of 2.6 %
        (NAS-Bench-201, six tables of a quiet machine) and 2.6 instead of 2.2 % (MobileNetV3,
        three).
    seed : int
        Chooses networks and the order of measurements.
    units : collection of str, optional
        Keys of the units to measure, if not all. Networks with other units are not chosen.
    path : path-like, optional
        Where to save the table. Finished processes are kept beside it meanwhile, and the same
        call after an interruption goes on from them.
    resume : bool
        Whether to go on from an interrupted call; if not, its processes are measured again.
    on_progress : callable, optional
        Called with a `Progress` after each round.
    on_step : callable, optional
        Called with a `Step` while rounds are prepared: models encoded, sent and loaded.

    Returns
    -------
    LatencyTable
        Units that could not be timed are listed in `LatencyTable.failed`.

    Raises
    ------
    SpaceError
        If the space has no plan.
    LatencyTableError
        If none of the units can be timed.
    DeviceError
        If the device cannot time anything, becomes another one meanwhile, or is lost.
    ValueError
        If a number is out of range, `units` is empty or names one that the space does not have.
    """
    _check({"processes": processes, "batch": batch}, 1)
    _check({"probes": probes, "held_out": held_out, "time_cap": time_cap or 0.0}, 0)
    plan = plan_of(space)
    backend = backend or OnnxRuntimeBackend(threads)
    host = host or Local()
    settings = settings or Settings()
    device, cache_bytes, counter = look(backend, host, batch=batch, energy=settings.energy)
    settings = settings.on(cache_bytes, backend.clock)
    chosen = _chosen(plan, units)
    place = DESIGNS[settings.design]
    cases = [
        place(unit, raw=_reads_input(plan, unit), cold=4 * params(unit) >= settings.cold_bytes)
        for unit in chosen
    ]
    networks = _networks(space, plan, chosen, probes=probes, held_out=held_out, seed=seed)
    parts = {"units": _unit_models(cases), "networks": _network_models(networks)}
    left = sum(map(len, parts.values()))
    keys = {name: [model.key for model in models] for name, models in parts.items()}
    partial = _Partial(path, device.identity, backend.execution, settings, keys, seed)
    if not resume:
        partial.remove()
    results = {}
    seconds = 0.0
    total = processes * sum(map(bool, parts.values()))
    for number, (name, models) in enumerate(parts.items()):
        results[name] = partial.load(name)[:processes] if models else []
        start = time.monotonic() - partial.seconds(name)
        if models:
            # What the units leave of their share is the networks'.
            cap = None if time_cap is None else (time_cap - seconds) * len(models) / left
            results[name] = measure(
                models,
                backend,
                settings,
                device=device,
                host=host,
                processes=processes,
                batch=batch,
                seed=seed + number * processes,
                deadline=None if cap is None else start + cap,
                finished=results[name],
                on_process=functools.partial(partial.save, name, start),
                on_progress=on_progress and _of_all(on_progress, number * processes, total),
                on_step=on_step,
            )
            seconds += time.monotonic() - start
            left -= len(models)
    table = assemble(
        space=space.name,
        plan=plan,
        device=device,
        clock=backend.clock,
        execution=backend.execution,
        counter=counter,
        settings=settings,
        cases=cases,
        networks=networks,
        processes=(results["units"], results["networks"]),
        seconds=round(seconds, 1),
    )
    if path is not None:
        table.save(path)
        partial.remove()
    return table


def _check(numbers: Mapping[str, float], least: int) -> None:
    for name, number in numbers.items():
        if not number >= least:
            raise ValueError(f"{name}: expected at least {least}, got {number}")


def _reads_input(plan: Plan, unit: Unit) -> bool:
    return any(unit in slot.candidates for slot in plan.slots if slot.inputs == (INPUT,))


def _chosen(plan: Plan, keys: Collection[str] | None) -> list[Unit]:
    units = [unit for unit in plan.units if unit.nodes]
    if keys is None:
        return units
    if unknown := sorted(set(keys) - {unit.key for unit in units}):
        raise ValueError(f"units: the space has none with the key {unknown[0]!r}")
    if not keys:
        raise ValueError("units: expected the keys of one or more, got none")
    return [unit for unit in units if unit.key in keys]


def _networks(
    space: Space, plan: Plan, units: Sequence[Unit], *, probes: int, held_out: int, seed: int
) -> tuple[list[Network], list[Network]]:
    """Choose probes from small to large by MACs, and held-out networks at random."""
    X = sample(space, POOL, np.random.default_rng(seed))
    ids = space.unit_ids(X, live=True)
    known = np.array([not unit.nodes or unit in set(units) for unit in plan.units])
    usable = (ids[:, -1] != ABSENT) & (known[ids] | (ids == ABSENT)).all(axis=1)
    X, ids = X[usable], ids[usable]
    _, first = np.unique(space.identity(X), return_index=True)
    first.sort()
    X, ids = X[first], ids[first]
    # Where there are few, a third of them fits the scale.
    fitting = min(probes, -(-len(X) // 3))
    macs = np.where(ids == ABSENT, 0, unit_macs(plan)[ids]).sum(axis=1)
    places = np.linspace(0, len(X) - 1, fitting).round().astype(int)
    spread = np.argsort(macs, kind="stable")[places]
    rest = np.setdiff1d(np.arange(len(X)), spread)[:held_out]
    return [build(space, x) for x in X[spread]], [build(space, x) for x in X[rest]]


def _unit_models(cases: Sequence[Case]) -> list[Model]:
    """List the graphs of all units once, though many share a carrier."""
    models = {key: Model(key, graph, case.cold) for case in cases for key, graph in case.graphs}
    return list(models.values())


def _network_models(networks: Sequence[Sequence[Network]]) -> list[Model]:
    return [Model(network_key(network), network) for network in chain.from_iterable(networks)]


def _of_all(on_progress: OnProgress, before: int, total: int) -> OnProgress:
    """Count the processes of units and those of networks, if there are any, through."""

    def tell(at: Progress) -> None:
        on_progress(at._replace(process=before + at.process, processes=total))

    return tell


class _Partial:
    """Finished processes of a measurement that is not over, kept beside the table to be."""

    def __init__(self, path: str | os.PathLike[str] | None, *what: object) -> None:
        self._path = None if path is None else Path(f"{os.fspath(path)}.partial")
        # Readings of other units, settings or devices must not be mixed with these.
        self._what = hashlib.sha256(repr((PROTOCOL, what)).encode()).hexdigest()

    def load(self, part: str) -> list[Process]:
        """Read what an interrupted call with the same arguments has left of a part, if anything."""
        return [Process.from_json(row) for row in self._part(part)["processes"]]

    def seconds(self, part: str) -> float:
        """Tell how long the finished processes of a part took."""
        return float(self._part(part)["seconds"])

    def save(self, part: str, start: float, processes: Sequence[Process]) -> None:
        """Write all finished processes of a part, beside those of the other."""
        if self._path is not None:
            done = {
                "seconds": time.monotonic() - start,
                "processes": [process.to_json() for process in processes],
            }
            parts = {**self._read(), part: done}
            write_atomically(self._path, json.dumps({"what": self._what, "done": parts}))

    def remove(self) -> None:
        """Delete the file: the table is written, or begun anew."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _part(self, part: str) -> dict[str, Any]:
        return self._read().get(part) or {"seconds": 0.0, "processes": []}

    def _read(self) -> dict[str, Any]:
        if self._path is None:
            return {}
        try:
            data = json.loads(self._path.read_text(encoding="utf-8"))
            return dict(data["done"]) if data["what"] == self._what else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
