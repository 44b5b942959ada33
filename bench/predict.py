"""Networks whose latency is predicted in a second, from unit ids and from genotypes.

Run as ``python -m bench.predict``. A table of made-up latencies of all units of the MobileNetV3
space with its 17 resolutions; random networks. Values first: predictions and intervals are
compared with numpy's ``cost[ids].sum(1)`` before anything is timed. Then medians of CPU time on one
thread, in rounds in which each call has its turn. Blocks of 4096 networks stay in the caches, a
block of 400 000 (38 MB of ids) does not.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from bench.record import save
from bench.timing import interleaved
from pyhwnas.latency import Entry, LatencyTable, foreign_table, named_device
from pyhwnas.latency.spread import student_quantile
from pyhwnas.latency.tables.calibrate import Accuracy, NetworkError
from pyhwnas.networks import Plan
from pyhwnas.spaces import MobileNetV3, sample

GOAL = 5e6
SPACE = MobileNetV3()
Z = 1.6448536269514722


class Ready(NamedTuple):
    """A space whose unit ids are there already: what is left is the prediction."""

    ids: np.ndarray
    name: str = SPACE.name
    plan: Plan = SPACE.plan

    def unit_ids(self, X: np.ndarray, *, live: bool = False) -> np.ndarray:
        return self.ids


def made_up() -> LatencyTable:
    """Random latencies with intervals, and a residual spread of 5 % on 8 networks."""
    rng = np.random.default_rng(0)
    entries = {}
    for unit in SPACE.plan.units:
        if unit.nodes:
            ms = float(rng.uniform(0.01, 1.0))
            entries[unit.key] = Entry(ms=ms, low_ms=0.97 * ms, high_ms=1.04 * ms, quality="ok")
    table = foreign_table(SPACE, named_device("none"), entries, source="made up", licence="none")
    networks = tuple(NetworkError(str(i), 1.0, 1.05) for i in range(8))
    checked = Accuracy(5.0, 5.0, 100.0, 100.0, None, None, 0.05, (), networks)
    return dataclasses.replace(table, scale=1.1, accuracy=checked)


class Peer:
    """The same in numpy: fancy indexing, with one more cost of 0 for absent slots (id -1)."""

    def __init__(self, table: LatencyTable) -> None:
        entries = [table.entries.get(unit.key) for unit in SPACE.plan.units]
        self.ms = np.array([entry.ms if entry else 0.0 for entry in entries] + [0.0])
        spread = [max(e.high_ms - e.ms, e.ms - e.low_ms) / Z if e else 0.0 for e in entries]
        self.variance = np.array([*spread, 0.0]) ** 2
        self.scale = table.scale
        found = table.accuracy
        freedom = found.freedom(len(table.anchor_ms))
        self.reach = student_quantile(0.95, freedom) * found.residual_spread

    def predict(self, ids: np.ndarray) -> np.ndarray:
        return self.scale * self.ms[ids].sum(axis=1)

    def interval(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        center = self.predict(ids)
        units = Z * self.scale * np.sqrt(self.variance[ids].sum(axis=1))
        reach = np.hypot(self.reach * center, units)
        return np.maximum(center - reach, 0.0), center + reach


def compare(n: int, rounds: int) -> dict[str, Any]:
    """Networks a CPU second for a block of `n`, after the values have been compared."""
    table, X = made_up(), sample(SPACE, n, np.random.default_rng(1))
    ids = SPACE.unit_ids(X, live=True)
    ready, peer = Ready(ids), Peer(table)
    calls: dict[str, Callable[[], Any]] = {
        "predict, from unit ids": lambda: table.predict(ready, X),
        "numpy, from unit ids": lambda: peer.predict(ids),
        "interval, from unit ids": lambda: table.interval(ready, X),
        "numpy interval, from unit ids": lambda: peer.interval(ids),
        "unit ids, from genotypes": lambda: SPACE.unit_ids(X, live=True),
        "predict, from genotypes": lambda: table.predict(SPACE, X),
        "interval, from genotypes": lambda: table.interval(SPACE, X),
    }
    assert table.predict(ready, X).dtype == np.float64
    off = [np.abs(table.predict(SPACE, X) / peer.predict(ids) - 1).max()]
    for ours, theirs in zip(table.interval(SPACE, X), peer.interval(ids), strict=True):
        off.append(np.abs(ours / theirs - 1).max())
    assert max(off) < 1e-12, off
    seconds = interleaved(calls, rounds, time.process_time)
    return {
        "networks": n,
        "largest_relative_difference": float(max(off)),
        "networks_per_cpu_second": {name: n / value for name, value in seconds.items()},
    }


def main() -> None:
    """Compare values, time, and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds")
    rounds = 3 if parser.parse_args().quick else 21
    blocks = [compare(n, rounds) for n in (4096, 400_000)]
    for block in blocks:
        print(f"{block['networks']} networks at a time")
        for name, rate in block["networks_per_cpu_second"].items():
            print(f"  {name}: {rate / 1e6:.1f} million a CPU second")
    reached = all(
        block["networks_per_cpu_second"][f"{call}, from unit ids"] >= GOAL
        for block in blocks
        for call in ("predict", "interval")
    )
    print(f"goal of {GOAL / 1e6:g} million from unit ids: {'reached' if reached else 'missed'}")
    about = {"slots": len(SPACE.plan.slots), "units": len(SPACE.plan.units), "threads": 1}
    save("predict", {**about, "goal": GOAL, "reached": reached, "blocks": blocks})


if __name__ == "__main__":
    main()
