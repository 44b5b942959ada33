"""What this machine offers, and how far its clock and its quiet can be trusted."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import time
from importlib.metadata import entry_points

import numpy as np

import pyhwnas
from pyhwnas import _core
from pyhwnas.errors import PyhwnasError
from pyhwnas.latency import LatencyTable, find_tables, fingerprint, user_folder
from pyhwnas.latency.backends.onnxruntime import OnnxRuntimeBackend

__all__ = ["examine", "noise"]

EXTRAS = ("torch", "scipy", "sklearn", "pymoo", "botorch", "pyarrow", "openvino", "tvm")


def examine() -> dict[str, dict[str, str]]:
    """Examine this machine.

    Returns
    -------
    dict of str to dict of str to str
        Sections ``versions``, ``kernels``, ``device``, ``backends``, ``clock``, ``noise`` and
        ``tables``, each with named facts.
    """
    distributions = importlib.metadata.packages_distributions()
    return {
        "versions": {
            "pyhwnas": pyhwnas.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            **{name: _version(name, distributions.get(name, [name])[0]) for name in EXTRAS},
        },
        "kernels": _kernels(),
        "device": _device(),
        "backends": _backends(),
        "clock": _clock(),
        "noise": noise(),
        "tables": _tables(),
    }


def noise(readings: int = 200) -> dict[str, str]:
    """Time one small computation again and again, by the wall clock and by CPU time."""
    a = np.random.default_rng(0).standard_normal((96, 96))
    wall, cpu = np.empty(readings), np.empty(readings)
    for i in range(readings):
        wall_start, cpu_start = time.perf_counter_ns(), time.thread_time_ns()
        for _ in range(20):
            np.sort(a, axis=1)
        cpu[i] = time.thread_time_ns() - cpu_start
        wall[i] = time.perf_counter_ns() - wall_start
    low, mid, high = np.quantile(wall, [0.05, 0.5, 0.95])
    ratio = float(np.median(wall / np.maximum(cpu, 1)))
    quiet = (high - low) / mid < 0.1 and ratio < 1.1
    return {
        "spread (5 % to 95 % of readings)": f"{100 * (high - low) / mid:.1f} % of the median",
        "wall time over CPU time": f"{ratio:.2f}",
        "verdict": "quiet enough to measure" if quiet else "busy: close other programs to measure",
    }


def _version(package: str, distribution: str) -> str:
    if importlib.util.find_spec(package) is None:
        return "not installed"
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "installed"


def _kernels() -> dict[str, str]:
    try:
        library = pyhwnas.get_cmake_dir()
    except FileNotFoundError as error:
        library = str(error)
    return {"vector instructions": _core.simd_level(), "C++ library": library}


def _device() -> dict[str, str]:
    try:
        found = fingerprint(OnnxRuntimeBackend())
    except PyhwnasError as error:
        return {"unknown": str(error)}
    return {
        "cpu": found.cpu,
        "architecture": found.architecture,
        "instruction sets": " ".join(found.instruction_sets),
        "cores": str(found.cores),
        "memory": f"{found.memory_gib} GiB",
        "system": f"{found.os} {found.kernel}",
        "governor": found.governor or "unknown",
        "load": "unknown" if found.load is None else str(found.load),
    }


def _backends() -> dict[str, str]:
    found = {}
    for point in entry_points(group="pyhwnas.backends"):
        try:
            found[point.name] = str(point.load()().version())
        except (ImportError, PyhwnasError) as error:
            found[point.name] = str(error)
    return found


def _clock() -> dict[str, str]:
    info = time.get_clock_info("perf_counter")
    ticks = [time.perf_counter_ns() for _ in range(10_000)]
    steps = np.diff(ticks)
    return {
        "monotonic": "yes" if info.monotonic and (steps >= 0).all() else "no: do not measure here",
        "smallest step": f"{int(steps[steps > 0].min())} ns",
    }


def _tables() -> dict[str, str]:
    found = {"your folder": str(user_folder())}
    for path, table in find_tables():
        found[str(path)] = table.name if isinstance(table, LatencyTable) else str(table)
    return found
