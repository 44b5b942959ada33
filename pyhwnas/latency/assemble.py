"""From the readings of all processes to a latency table."""

from __future__ import annotations

import datetime
import importlib.metadata
import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import NamedTuple

import numpy as np

from pyhwnas.latency.backends import Clock
from pyhwnas.latency.device import Fingerprint
from pyhwnas.latency.measuring.designs import Case
from pyhwnas.latency.measuring.readings import PROTOCOL, Measurement, Process, Readings, Settings
from pyhwnas.latency.spread import process_interval
from pyhwnas.latency.tables.calibrate import (
    Accuracy,
    EnergyAccuracy,
    NetworkEnergy,
    NetworkError,
    accuracy,
    choose_scale,
    energy_accuracy,
)
from pyhwnas.latency.tables.table import Entry, LatencyTable
from pyhwnas.networks import Network, Plan

__all__ = ["assemble", "network_key"]


def network_key(network: Network) -> str:
    """Name a whole network among the models that are measured."""
    return f"network {network.arch}"


def assemble(
    *,
    space: str,
    plan: Plan,
    device: Fingerprint,
    clock: Clock,
    execution: Mapping[str, str],
    counter: str | None,
    settings: Settings,
    cases: Sequence[Case],
    networks: tuple[Sequence[Network], Sequence[Network]],
    processes: tuple[Sequence[Process], Sequence[Process]],
    seconds: float,
) -> LatencyTable:
    """Put a table together.

    Parameters
    ----------
    space : str
        Name of the space.
    plan : Plan
    device : Fingerprint
    clock : {"cpu", "process", "wall", "runner"}
        The backend's.
    execution : mapping of str to str
        The backend's own words about the way models run.
    counter : str or None
        What energy was counted, if any was.
    settings : Settings
    cases : sequence of Case
        The units that were measured.
    networks : tuple of two sequences of Network
        Those to fit the scale to, and those to check it on.
    processes : tuple of two sequences of Process
        Those that timed units, at least one, and those that timed networks.
    seconds : float
        How long the measurement took.

    Returns
    -------
    LatencyTable
    """
    of_units, of_networks = processes
    readings = Readings(of_units, clock, settings)
    entries = _entries(cases, readings)
    probes, held_out = [], []
    if of_networks:
        truth = Readings(of_networks, clock, settings, reference_ms=readings.reference_ms)
        probes, held_out = (_sums(part, entries, truth) for part in networks)
    scale, error = _calibrate(probes, held_out)
    energy = None if counter is None else _energy(counter, probes, held_out)
    return LatencyTable(
        space=space,
        plan=plan.fingerprint,
        device=device,
        entries=entries,
        scale=scale,
        accuracy=error,
        protocol=asdict(settings)
        | {"version": PROTOCOL, "clock": clock, "execution": dict(execution)}
        | {"stop": [process.stop for part in processes for process in part]},
        anchor_ms=readings.anchor_ms(),
        reference_ms=readings.reference_ms,
        contention=readings.contention,
        disturbed=readings.disturbed,
        failed=_failed(cases, [part[-1].failed for part in processes if part]),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        seconds=seconds,
        versions=_versions(),
        energy=energy,
    )


class _Sum(NamedTuple):
    """A network's units added up, and the network itself."""

    arch: str
    sum_ms: float
    sum_mj: float
    measured: Measurement

    @property
    def mj(self) -> float:
        """The counted energy; NaN if it was not counted."""
        counted = [mj for mj in self.measured.processes_mj if not math.isnan(mj)]
        return float(np.median(counted)) if counted else math.nan


def _entries(cases: Sequence[Case], readings: Readings) -> dict[str, Entry]:
    entries = {}
    for case in cases:
        found = [readings.of(key) for key, _ in case.graphs]
        measured = [reading for reading in found if reading is not None]
        if len(measured) == len(found):
            entry = _entry(case, *measured)
            if entry is not None:
                entries[case.unit.key] = entry
    return entries


def _entry(case: Case, loaded: Measurement, carrier: Measurement | None = None) -> Entry | None:
    """Subtract the carrier, process by process; None if no process saw both."""
    costs = _marginal(case, loaded.processes, None if carrier is None else carrier.processes)
    if not costs:
        return None
    readings = [loaded] if carrier is None else [loaded, carrier]
    flags = {
        "contended": any(reading.contended for reading in readings),
        "unsettled": any(reading.unsettled for reading in readings),
        "below resolution": min(costs) <= 0,
        "one process": len(costs) == 1,
    }
    low, high = process_interval(costs) or (None, None)
    energies = _marginal(
        case, loaded.processes_mj, None if carrier is None else carrier.processes_mj
    )
    low_mj, high_mj = process_interval(energies) or (None, None)
    return Entry(
        ms=max(float(np.median(costs)), 0.0),
        low_ms=None if low is None else max(low, 0.0),
        high_ms=None if high is None else max(high, 0.0),
        min_ms=loaded.min_ms,
        p25_ms=loaded.p25_ms,
        median_ms=loaded.median_ms,
        carrier_ms=0.0 if carrier is None else carrier.ms,
        samples=loaded.samples,
        processes=len(costs),
        quality=", ".join(flag for flag, holds in flags.items() if holds) or "ok",
        process_ms=tuple(costs),
        mj=float(np.median(energies)) if energies else None,
        low_mj=low_mj,
        high_mj=high_mj,
        process_mj=tuple(energies),
    )


def _marginal(case: Case, loaded: Sequence[float], carrier: Sequence[float] | None) -> list[float]:
    """Cost of the unit in each process that saw both graphs."""
    alone = carrier or [0.0] * len(loaded)
    costs = [(whole - part) / case.copies for whole, part in zip(loaded, alone, strict=True)]
    return [cost for cost in costs if not math.isnan(cost)]


def _sums(
    networks: Sequence[Network], entries: Mapping[str, Entry], readings: Readings
) -> list[_Sum]:
    """Add up the units of networks; networks with a unit that failed, or failed themselves, go."""
    sums = []
    for network in networks:
        keys = [block.unit.key for block in network.blocks if block.unit.nodes]
        measured = readings.of(network_key(network))
        if measured is not None and all(key in entries for key in keys):
            ms = sum(entries[key].ms for key in keys)
            counted = [entries[key].mj for key in keys]
            mj = sum(math.nan if one is None else one for one in counted)
            sums.append(_Sum(network.arch, ms, mj, measured))
    return [row for row in sums if row.sum_ms > 0]


def _calibrate(probes: Sequence[_Sum], held_out: Sequence[_Sum]) -> tuple[float, Accuracy | None]:
    scale = choose_scale(
        np.array([row.sum_ms for row in probes]), np.array([row.measured.ms for row in probes])
    )
    if not held_out:
        return scale, None
    fitted, checked = (
        [NetworkError(row.arch, scale * row.sum_ms, row.measured.ms) for row in part]
        for part in (probes, held_out)
    )
    return scale, accuracy(fitted, checked, [row.measured.processes for row in held_out], scale)


def _energy(
    counter: str, probes: Sequence[_Sum], held_out: Sequence[_Sum]
) -> EnergyAccuracy | None:
    """Fit and check energies as `_calibrate` does times; None where nothing can be checked."""
    probes, held_out = (
        [row for row in part if row.mj > 0 and row.sum_mj > 0] for part in (probes, held_out)
    )
    if not held_out:
        return None
    scale = choose_scale(
        np.array([row.sum_mj for row in probes]), np.array([row.mj for row in probes])
    )
    fitted, checked = (
        [NetworkEnergy(row.arch, scale * row.sum_mj, row.mj) for row in part]
        for part in (probes, held_out)
    )
    repeats = [row.measured.processes_mj for row in held_out]
    return energy_accuracy(counter, fitted, checked, repeats, scale)


def _failed(cases: Sequence[Case], parts: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Name the units behind models that could not be timed; networks go by their own names."""
    failed = {key: reason for part in parts for key, reason in part.items()}
    names = [(key, case.unit.key) for case in cases for key, _ in case.graphs]
    graphs = {key for key, _ in names}
    units = {unit: failed[key] for key, unit in names if key in failed}
    return units | {key: reason for key, reason in failed.items() if key not in graphs}


def _versions() -> dict[str, str]:
    libraries = ("pyhwnas", "onnx", "numpy")
    return {name: importlib.metadata.version(name) for name in libraries} | {
        "python": platform.python_version()
    }
