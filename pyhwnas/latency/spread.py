"""How far a median over a few processes is known."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["median_deviation", "process_interval", "spread_of_median", "student_quantile"]

Vector = npt.NDArray[np.float64]


def median_deviation(n: int) -> float:
    """Return the standard deviation of the median of n normal values, relative to that of one.

    Notes
    -----
    To four digits up to eight values, from the order statistics of a normal sample; above the
    limit ``sqrt(pi / 2 n)``, which is some per cent too large there.
    """
    exact = (1.0, 0.7071, 0.6698, 0.5461, 0.5356, 0.4634, 0.4587, 0.4101)
    return exact[n - 1] if n <= len(exact) else math.sqrt(math.pi / (2 * n))


def process_interval(
    values: Sequence[float] | Vector, *, level: float = 0.9
) -> tuple[float, float] | None:
    """Interval of the median over processes.

    Calls within a process agree with each other far better than processes do, so only processes
    count: with the usual two or three of them the interval is wide, and rightly so.

    Parameters
    ----------
    values : array_like of float, shape (n_processes,)
    level : float

    Returns
    -------
    tuple of float or None
        Lower and upper end; None for a single process, which says nothing of others.

    Notes
    -----
    Student's, around the median, with the standard deviation of a median of normal values.
    """
    n = len(values)
    if n < 2:
        return None
    reach = student_quantile((1 + level) / 2, n - 1) * spread_of_median(values)
    center = float(np.median(values))
    return center - reach, center + reach


def spread_of_median(values: Sequence[float] | Vector) -> float:
    """Estimate the standard deviation of the median of these values, two at least."""
    return float(np.std(values, ddof=1)) * median_deviation(len(values))


@functools.lru_cache
def student_quantile(p: float, freedom: float) -> float:
    """Quantile of Student's t distribution.

    Parameters
    ----------
    p : float
        From 0.5 up, below 1.
    freedom : float
        Degrees of freedom, at least 1, whole or not.

    Returns
    -------
    float
        To four digits at least where p is at most 0.9999.

    Notes
    -----
    With ``t = sqrt(freedom) tan(a)`` the density is a power of a cosine: its integral is taken by
    Gauss and Legendre's rule, and the angle is found by bisection.
    """
    nodes, weights = np.polynomial.legendre.leggauss(64)
    whole = math.sqrt(math.pi) * math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom + 1) / 2))
    low, high = 0.0, math.pi / 2
    for _ in range(52):
        angle = (low + high) / 2
        mass = angle / 2 * weights @ np.cos(angle / 2 * (nodes + 1)) ** (freedom - 1)
        low, high = (angle, high) if mass < (p - 0.5) * whole else (low, angle)
    return math.sqrt(freedom) * math.tan((low + high) / 2)
