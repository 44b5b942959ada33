"""What several tables say of one unit, as one entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from pyhwnas.latency.spread import process_interval
from pyhwnas.latency.tables.entry import Entry

__all__ = ["mean", "pool"]


class _Said(NamedTuple):
    """A quantity of a unit in one table or several."""

    value: float
    low: float | None
    high: float | None
    processes: tuple[float, ...]


def pool(rows: Sequence[tuple[Entry, float]]) -> Entry:
    """Pool entries of one unit.

    Parameters
    ----------
    rows : sequence of tuple of Entry and float
        At least one entry, each with the factor that takes its times to the common speed.

    Returns
    -------
    Entry
        Energies stay as they were counted.
    """
    counts = [max(entry.processes, 1) for entry, _ in rows]
    time = _together([_time(entry, speed) for entry, speed in rows], counts)
    least, quarter, half, carrier = (
        mean([_at(getattr(entry, name), speed) for entry, speed in rows], counts)
        for name in ("min_ms", "p25_ms", "median_ms", "carrier_ms")
    )
    pooled = Entry(
        ms=max(time.value, 0.0),
        low_ms=None if time.low is None else max(time.low, 0.0),
        high_ms=None if time.high is None else max(time.high, 0.0),
        min_ms=least,
        p25_ms=quarter,
        median_ms=half,
        carrier_ms=carrier,
        samples=sum(entry.samples for entry, _ in rows),
        processes=sum(entry.processes for entry, _ in rows),
        quality=_quality(rows, counts),
        process_ms=time.processes,
    )
    if any(entry.mj is None for entry, _ in rows):
        return pooled
    said = [_Said(e.mj or 0.0, e.low_mj, e.high_mj, e.process_mj) for e, _ in rows]
    value, low, high, processes = _together(said, counts)
    return replace(pooled, mj=value, low_mj=low, high_mj=high, process_mj=processes)


def mean(values: Sequence[float | None], weights: Sequence[int]) -> float | None:
    """Average what is known."""
    known = [(v, w) for v, w in zip(values, weights, strict=True) if v is not None]
    if not known:
        return None
    return float(np.average([v for v, _ in known], weights=[w for _, w in known]))


def _together(said: Sequence[_Said], counts: Sequence[int]) -> _Said:
    """Pool single processes, or where a table lacks them average and take the widest interval."""
    if all(one.processes for one in said):
        values = tuple(value for one in said for value in one.processes)
        low, high = process_interval(values) or (None, None)
        return _Said(float(np.median(values)), low, high, values)
    if len(said) == 1:  # which may have no interval
        return said[0]
    return _Said(
        float(np.average([one.value for one in said], weights=counts)),
        min(one.value if one.low is None else one.low for one in said),
        max(one.value if one.high is None else one.high for one in said),
        (),
    )


def _time(entry: Entry, speed: float) -> _Said:
    low, high = _at(entry.low_ms, speed), _at(entry.high_ms, speed)
    return _Said(entry.ms * speed, low, high, tuple(ms * speed for ms in entry.process_ms))


def _at(ms: float | None, speed: float) -> float | None:
    return None if ms is None else ms * speed


def _quality(rows: Sequence[tuple[Entry, float]], counts: Sequence[int]) -> str:
    flags = dict.fromkeys(flag for entry, _ in rows for flag in entry.quality.split(", "))
    if len(flags) > 1:
        flags.pop("ok", None)
    if sum(counts) > 1:
        flags.pop("one process", None)
    return ", ".join(flags) or "ok"
