"""What a latency table says of one unit."""

from __future__ import annotations

from dataclasses import dataclass

from pyhwnas.latency.spread import spread_of_median

__all__ = ["INTERPOLATED", "LEVEL", "PART", "Entry", "Z"]

LEVEL = 0.9
"""Probability of the intervals that entries carry."""

Z = 1.6448536269514722
"""Standard deviations from the middle of a normal interval of that level to its ends."""

PART = "part of a sum"
"""Quality of an entry that is known only together with others."""

INTERPOLATED = "interpolated"
"""Quality of an entry that was never measured, see `pyhwnas.latency.tables.interpolate`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One unit's latency; what is not known is None, 0 or empty.

    Parameters
    ----------
    ms : float
        Its marginal cost in milliseconds: timed in its carrier, minus the carrier, at least 0.
    low_ms, high_ms : float or None
        90 % interval over processes, Student's; None for a single one.
    min_ms, p25_ms, median_ms : float or None
        Readings with the carrier, medians over processes.
    carrier_ms : float or None
        The carrier's own reading.
    samples, processes : int
        Calls and processes behind it.
    quality : str
        ``"ok"``, or what speaks against it: ``"contended"`` (other programs had the core),
        ``"unsettled"`` (its interval within a process was wider than asked for), ``"below
        resolution"`` (not told from 0), ``"one process"``, ``"published"`` (by others,
        who state no error), ``"part of a sum"`` (known only together with other units),
        ``"interpolated"``.
    process_ms : tuple of float
        The cost in each process, of which `ms` is the median; what tables are merged by.
    mj, low_mj, high_mj : float or None
        Its marginal energy in millijoules, and a 90 % interval over processes; None where energy
        was not counted. Unlike a time it may be below 0, where a carrier alone was
        counted higher.
    process_mj : tuple of float
        The energy in each process, as `process_ms`.
    """

    ms: float
    low_ms: float | None = None
    high_ms: float | None = None
    min_ms: float | None = None
    p25_ms: float | None = None
    median_ms: float | None = None
    carrier_ms: float | None = None
    samples: int = 0
    processes: int = 0
    quality: str
    process_ms: tuple[float, ...] = ()
    mj: float | None = None
    low_mj: float | None = None
    high_mj: float | None = None
    process_mj: tuple[float, ...] = ()

    @property
    def deviation_ms(self) -> float:
        """Standard deviation: over processes, else of a normal value with this interval, else 0."""
        return _deviation(self.process_ms, self.ms, self.low_ms, self.high_ms)

    @property
    def deviation_mj(self) -> float:
        """Standard deviation of the energy, found as that of the time."""
        return _deviation(self.process_mj, self.mj, self.low_mj, self.high_mj)

    @property
    def interpolated(self) -> bool:
        """Whether it was never measured."""
        return self.quality == INTERPOLATED


def _deviation(
    values: tuple[float, ...], middle: float | None, low: float | None, high: float | None
) -> float:
    if len(values) > 1:
        return spread_of_median(values)
    if middle is None or low is None or high is None:
        return 0.0
    # The lower end is cut off at 0, so that the longer arm is the one to go by.
    return max(high - middle, middle - low) / Z
