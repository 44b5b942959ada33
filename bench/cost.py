"""What it costs to have the package around: import time, commands, population readings.

Run as ``python -m bench.cost``. Import times are medians of fresh processes; commands are fresh
processes too, from a cold start to the last byte.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np

from bench.record import save
from pyhwnas import moo, objectives, proxies, spaces

SCORE_ALL = ("score", "--space", "nasbench201", "--all", "--proxies", "synflow_expected", "--quiet")
ADDITIVE = (
    spaces.NASBench201(),
    spaces.MobileNetV3(resolutions=(192, 224)),
    spaces.FBNet(),
    spaces.NATSSize(),
)


def import_ms(statement: str, repeats: int = 15) -> float:
    """Milliseconds that a statement adds to an empty interpreter."""

    def seconds(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - start

    pairs = [(seconds("pass"), seconds(statement)) for _ in range(repeats)]
    return 1e3 * statistics.median(b - a for a, b in pairs)


def command_seconds(*arguments: str, repeats: int = 5) -> dict[str, float]:
    """Medians of wall and CPU seconds of a command, in an empty folder each time."""
    walls, cpus = [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            command = [sys.executable, "-m", "pyhwnas", *arguments]
            subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            walls.append(time.perf_counter() - start)
            cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {"wall": statistics.median(walls), "cpu": statistics.median(cpus)}


def cpu_seconds(call: Callable[[], object], repeats: int = 5) -> float:
    """Least CPU seconds of a call."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def population(space: spaces.Space) -> spaces.base.IntMatrix:
    """A hundred thousand random rows."""
    return spaces.sample(space, 100_000, np.random.default_rng(0))


def unit_rate(space: spaces.Space, *, live: bool = False) -> float:
    """Rows per CPU second that get their units, once the plan is there."""
    X = population(space)
    space.unit_ids(X[:1], live=live)
    return len(X) / cpu_seconds(lambda: space.unit_ids(X, live=live))


def main() -> None:
    """Measure and write the numbers."""
    nb201, mobile = spaces.NASBench201(), spaces.MobileNetV3(resolutions=(192, 224))
    everything = nb201.all()
    X = population(mobile)
    F = np.random.default_rng(0).random((10_000, 3))
    macs_201, macs_mobile = objectives.Macs(nb201), objectives.Macs(mobile)
    synflow_201 = proxies.SynflowExpected(nb201)
    synflow_mobile = proxies.SynflowExpected(mobile)
    macs_201(everything), macs_mobile(X), synflow_mobile(X[:1])
    found = {
        "import_ms": {
            name: import_ms(f"import {name}") for name in ("numpy", "pyhwnas", "pyhwnas.moo")
        },
        "command_s": {
            "--help": command_seconds("--help"),
            "score nasbench201 --all": command_seconds(*SCORE_ALL, "--workers", "2"),
        },
        "networks_per_cpu_second": {
            **{f"unit_ids {s.name}": unit_rate(s) for s in ADDITIVE},
            **{f"unit_ids live {s.name}": unit_rate(s, live=True) for s in ADDITIVE},
            "macs nasbench201": len(everything) / cpu_seconds(lambda: macs_201(everything)),
            "macs mobilenetv3": len(X) / cpu_seconds(lambda: macs_mobile(X)),
            "synflow_expected nasbench201": len(everything)
            / cpu_seconds(lambda: synflow_201(everything), 3),
            "synflow_expected mobilenetv3": 200 / cpu_seconds(lambda: synflow_mobile(X[:200]), 3),
        },
        "cpu_ms": {
            "sort 10000 x 3": 1e3 * cpu_seconds(lambda: moo.nondominated_sort(F)),
            "hypervolume 10000 x 3": 1e3 * cpu_seconds(lambda: moo.hypervolume(F, np.ones(3))),
        },
    }
    for section, numbers in found.items():
        print(section, numbers)
    save("cost", found)


if __name__ == "__main__":
    main()
