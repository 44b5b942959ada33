"""Tables of made-up numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from latency.toy import ALL, Toy

from pyhwnas.latency import Entry, Fingerprint, LatencyTable
from pyhwnas.latency.spread import process_interval
from pyhwnas.latency.tables.calibrate import (
    NetworkEnergy,
    NetworkError,
    accuracy,
    energy_accuracy,
)
from pyhwnas.latency.tables.spreadsheet import named_device

HERE = Fingerprint(
    cpu="A processor",
    architecture="x86_64",
    instruction_sets=("avx2",),
    backend="onnxruntime",
    backend_version="1.0",
    threads=1,
    precision="fp32",
    batch=1,
)
THERE = named_device("A phone")


def made(
    *, factor: float = 1.0, seed: int = 0, speed: float = 1.0, device: Fingerprint = HERE
) -> LatencyTable:
    """A table of the toy space whose units cost `factor` of the usual, with three processes.

    A machine `speed` times as slow takes that much longer for everything, the anchor included.
    """
    rng = np.random.default_rng(seed)
    space = Toy()
    entries = {}
    for number, unit in enumerate(unit for unit in space.plan.units if unit.nodes):
        values = speed * factor * (0.1 + 0.05 * number) * rng.normal(1.0, 0.02, 3)
        low, high = (max(end, 0.0) for end in process_interval(values))
        ms = float(np.median(values))
        entries[unit.key] = Entry(
            ms=ms, low_ms=low, high_ms=high, min_ms=ms, p25_ms=ms, median_ms=ms, carrier_ms=0.1,
            samples=30, processes=3, quality="ok", process_ms=tuple(map(float, values)),
        )  # fmt: skip
    bare = LatencyTable(
        space="toy",
        plan=space.plan.fingerprint,
        device=device,
        entries=entries,
        scale=1.0,
        accuracy=None,
        protocol={"version": 1, "clock": "cpu", "stop": ["rounds"] * 3},
        anchor_ms=(speed, 1.01 * speed, 0.99 * speed),
        reference_ms=speed,
        contention=1.0,
        disturbed=0.0,
        failed={},
        created=f"2026-01-0{seed + 1}T00:00:00+00:00",
        seconds=10.0,
        versions={"pyhwnas": "0.1.0"},
    )
    X = ALL[1:10]
    sums = bare.predict(space, X)
    networks = [
        NetworkError(space.to_str(x), float(ms), float(1.1 * ms * rng.normal(1.0, 0.03)))
        for x, ms in zip(X, sums, strict=True)
    ]
    repeats = [(0.99 * n.measured_ms, 1.01 * n.measured_ms) for n in networks[1:]]
    found = accuracy(networks[:1], networks[1:], repeats, 1.0)
    object.__setattr__(bare, "accuracy", found)
    return bare


def counted(table: LatencyTable, *, mj_per_ms: float = 20.0) -> LatencyTable:
    """A table with energies beside its times, at so many watts."""
    entries = {}
    for key, entry in table.entries.items():
        values = tuple(mj_per_ms * ms for ms in entry.process_ms)
        low, high = process_interval(values)
        entries[key] = replace(
            entry, mj=float(np.median(values)), low_mj=low, high_mj=high, process_mj=values
        )
    probes, held_out = (
        [NetworkEnergy(n.arch, mj_per_ms * n.predicted_ms, mj_per_ms * n.measured_ms) for n in part]
        for part in (table.accuracy.probes, table.accuracy.held_out)
    )
    repeats = [(0.99 * n.measured_mj, 1.01 * n.measured_mj) for n in held_out]
    energy = energy_accuracy("powercap package-0", probes, held_out, repeats, 1.0)
    return replace(table, entries=entries, energy=energy)
