"""Fair times for calls that are compared with each other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["interleaved"]

SAMPLE_SECONDS = 2e-3  # a call shorter than this is repeated within one sample
SLOW_SECONDS = 1.0  # a call longer than this gets fewer rounds


def interleaved(
    calls: Mapping[str, Callable[[], Any]], rounds: int, clock: Callable[[], float]
) -> dict[str, float]:
    """Median seconds of each call, in rounds in which each has its turn.

    What disturbs the machine for a while then disturbs all of them. With `time.process_time` as
    the clock, other processes do not count; with `time.perf_counter`, several threads do.
    """
    repeats = {}
    for name, call in calls.items():  # also warms caches up
        start = time.perf_counter()
        call()
        seconds = time.perf_counter() - start
        repeats[name] = seconds, max(1, round(SAMPLE_SECONDS / max(seconds, 1e-9)))
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds):
        for name, call in calls.items():
            seconds, repeat = repeats[name]
            if turn > 0 and seconds > SLOW_SECONDS:
                continue
            start = clock()
            for _ in range(repeat):
                call()
            samples[name].append((clock() - start) / repeat)
    return {name: float(np.median(values)) for name, values in samples.items()}
