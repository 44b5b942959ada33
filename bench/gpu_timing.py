"""Times, bandwidth and rates of a GPU, by CUDA events on torch's stream; cells of a bench."""

from __future__ import annotations

import argparse
import json
import subprocess
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.record import save

__all__ = [
    "copy_bandwidth",
    "describe",
    "first_line",
    "interleaved_ms",
    "largest_difference",
    "run_cells",
]

SECONDS = 0.3  # for all rounds of one call; long calls are timed three times all the same
ROUNDS = 15


def interleaved_ms(calls: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
    """Median milliseconds of each call, in rounds in which each has its turn."""
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for name, call in calls.items():  # once for compilers, caches and pools of memory
        call()
        samples[name].append(_once(call))
    limits = {name: min(ROUNDS, max(3, int(1e3 * SECONDS / ms[0]))) for name, ms in samples.items()}
    for turn in range(ROUNDS):
        for name, call in calls.items():
            if turn < limits[name]:
                samples[name].append(_once(call))
    return {name: float(np.median(values)) for name, values in samples.items()}


def _once(call: Callable[[], Any]) -> float:
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    start.record()
    result = call()
    end.record()
    end.synchronize()
    del result
    return float(start.elapsed_time(end))


def copy_bandwidth() -> float:
    """Bytes read and written in a second by a copy of two gigabytes on the device."""
    there = torch.empty(2**31, dtype=torch.uint8, device="cuda")
    here = torch.zeros_like(there)
    ms = interleaved_ms({"copy": lambda: there.copy_(here)})["copy"]
    return 2 * there.numel() / ms * 1e3


def describe() -> dict[str, Any]:
    """What the numbers were taken on."""
    properties = torch.cuda.get_device_properties(0)
    return {
        "gpu": properties.name,
        "multiprocessors": properties.multi_processor_count,
        "memory_bytes": properties.total_memory,
        "clock_hz": _highest_clock(),
        "torch_cuda": torch.version.cuda,
        "copy_bytes_per_second": copy_bandwidth(),
    }


def _highest_clock() -> float:
    query = ["nvidia-smi", "--query-gpu=clocks.max.sm", "--format=csv,noheader,nounits", "--id=0"]
    return float(subprocess.run(query, capture_output=True, text=True, check=True).stdout) * 1e6


def largest_difference(ours: Any, expected: Any) -> float:
    """Largest difference relative to the larger of the value and 1; infinities must agree."""
    a, b = (np.asarray(x.cpu() if hasattr(x, "cpu") else x, dtype=float) for x in (ours, expected))
    if a.shape != b.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        difference = np.abs(a - b) / np.maximum(np.abs(b), 1.0)
    return float(np.max(np.where(a == b, 0.0, difference), initial=0.0))


def first_line(error: Exception) -> str:
    """Why a rival is not timed."""
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def run_cells(
    name: str,
    tasks: Mapping[str, Callable[[bool], Iterable[Any]]],
    measure: Callable[[Any, dict[str, Any]], dict[str, Any]],
    description: str | None,
    *,
    seconds: float,
) -> None:
    """Measure the cells of all tasks, and write each row when it is there."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=Path, required=True, help=f"folder of {name}.json")
    parser.add_argument("--task", action="append", choices=list(tasks))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seconds", type=float, default=seconds, help="no cell begins after that")
    read = parser.parse_args()
    machine = describe()
    print(machine)
    begin, rows = time.monotonic(), []
    left = {task: iter(tasks[task](read.quick)) for task in read.task or tasks}
    while left:  # one cell of each, so that no task is left out for want of time
        for task, cells in list(left.items()):
            what = task
            try:
                cell = next(cells, None)
                if cell is None:
                    del left[task]
                    continue
                what = cell.name
                if time.monotonic() - begin > read.seconds:
                    print(f"left out: {what}")
                    continue
                row = measure(cell, machine)
            except Exception as error:  # the other cells are measured all the same
                traceback.print_exc()
                row = {"task": what, "error": str(error)}
            rows.append(row)
            print(json.dumps(row), flush=True)
            save(name, {"device": machine, "cells": rows}, read.out)
            torch.cuda.empty_cache()
    if any("wrong" in row or "error" in row for row in rows):
        raise SystemExit("some cells went wrong: see the rows with 'wrong' or 'error'")
