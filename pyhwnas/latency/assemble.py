"""From the readings of all processes to a latency table."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import NamedTuple

import numpy as np

from pyhwnas.latency.calibrate import Accuracy, NetworkError, accuracy, bootstrap, fit_scale
from pyhwnas.latency.carrier import Case
from pyhwnas.latency.device import Fingerprint
from pyhwnas.latency.readings import PROTOCOL, Measurement, Process, Readings, Settings, clock_of
from pyhwnas.latency.table import Entry, LatencyTable
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
    settings: Settings,
    cases: Sequence[Case],
    networks: tuple[Sequence[Network], Sequence[Network]],
    processes: Sequence[Process],
    seconds: float,
) -> LatencyTable:
    """Put a table together.

    Parameters
    ----------
    space : str
        Name of the space.
    plan : Plan
    device : Fingerprint
    settings : Settings
    cases : sequence of Case
        The units that were measured.
    networks : tuple of two sequences of Network
        Those to fit the scale to, and those to check it on.
    processes : sequence of Process
        At least one.
    seconds : float
        How long the measurement took.

    Returns
    -------
    LatencyTable
    """
    clock = clock_of(device.threads)
    readings = Readings(processes, clock, settings)
    entries = _entries(cases, readings)
    probes, held_out = (_sums(part, entries, readings) for part in networks)
    scale, error = _calibrate(probes, held_out)
    return LatencyTable(
        space=space,
        plan=plan.fingerprint,
        device=device,
        entries=entries,
        scale=scale,
        accuracy=error,
        protocol=asdict(settings)
        | {"version": PROTOCOL, "clock": clock, "stop": [process.stop for process in processes]},
        anchor_ms=readings.anchor_ms(),
        reference_ms=readings.reference_ms,
        contention=readings.contention,
        disturbed=readings.disturbed,
        failed=_failed(cases, processes[-1].failed),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        seconds=seconds,
        versions=_versions(),
    )


class _Sum(NamedTuple):
    """A network's units added up, and the network itself."""

    arch: str
    sum_ms: float
    measured: Measurement


def _entries(cases: Sequence[Case], readings: Readings) -> dict[str, Entry]:
    found = {key: readings.of(key) for key in {key for case in cases for key in case.keys}}
    entries = {}
    for case in cases:
        loaded, carrier = (found[key] for key in case.keys)
        if loaded is not None and carrier is not None:
            entries[case.unit.key] = _entry(loaded, carrier)
    return entries


def _entry(loaded: Measurement, carrier: Measurement) -> Entry:
    # A unit that fails in one process is not tried in later ones, so both lists begin alike.
    pairs = zip(loaded.processes, carrier.processes, strict=False)
    costs = np.array([whole - alone for whole, alone in pairs])
    low, high = bootstrap(costs)
    flags = {
        "contended": loaded.contended or carrier.contended,
        "below resolution": low <= 0,
        "one process": len(costs) == 1,
    }
    return Entry(
        ms=max(float(np.median(costs)), 0.0),
        low_ms=max(low, 0.0),
        high_ms=max(high, 0.0),
        min_ms=loaded.min_ms,
        p25_ms=loaded.p25_ms,
        median_ms=loaded.median_ms,
        carrier_ms=carrier.ms,
        samples=loaded.samples,
        processes=len(costs),
        quality=", ".join(flag for flag, holds in flags.items() if holds) or "ok",
    )


def _sums(
    networks: Sequence[Network], entries: Mapping[str, Entry], readings: Readings
) -> list[_Sum]:
    """Add up the units of networks; networks with a unit that failed, or failed themselves, go."""
    sums = []
    for network in networks:
        keys = [block.unit.key for block in network.blocks if block.unit.nodes]
        measured = readings.of(network_key(network))
        if measured is not None and all(key in entries for key in keys):
            sums.append(_Sum(network.arch, sum(entries[key].ms for key in keys), measured))
    return [row for row in sums if row.sum_ms > 0]


def _calibrate(probes: Sequence[_Sum], held_out: Sequence[_Sum]) -> tuple[float, Accuracy | None]:
    scale = 1.0
    if probes:
        predicted = np.array([row.sum_ms for row in probes])
        scale = fit_scale(predicted, np.array([row.measured.ms for row in probes]))
    if not held_out:
        return scale, None
    fitted, checked = (
        [NetworkError(row.arch, scale * row.sum_ms, row.measured.ms) for row in part]
        for part in (probes, held_out)
    )
    return scale, accuracy(fitted, checked, [row.measured.processes for row in held_out], scale)


def _failed(cases: Sequence[Case], failed: Mapping[str, str]) -> dict[str, str]:
    """Name the units behind models that could not be timed; networks go by their own names."""
    units = {case.unit.key: failed[key] for case in cases for key in case.keys if key in failed}
    graphs = {key for case in cases for key in case.keys}
    return units | {key: reason for key, reason in failed.items() if key not in graphs}


def _versions() -> dict[str, str]:
    libraries = ("pyhwnas", "onnx", "numpy")
    return {name: importlib.metadata.version(name) for name in libraries} | {
        "python": platform.python_version()
    }
