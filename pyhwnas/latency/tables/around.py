"""Intervals around predictions; `LatencyTable.interval` says what they hold."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from pyhwnas import _core
from pyhwnas.latency.spread import student_quantile

__all__ = ["around"]


def around(
    center: npt.NDArray[np.float64],
    ids: npt.NDArray[np.int32],
    variance: npt.NDArray[np.float64],
    *,
    spread: float,
    freedom: float,
    level: float,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Find an interval around each prediction.

    Parameters
    ----------
    center : ndarray of float64, shape (n,)
        Predictions.
    ids : ndarray of int32, shape (n, n_slots)
        Live unit ids of the rows.
    variance : ndarray of float64, shape (n_units,)
        What each unit adds to the square of the deviation.
    spread : float
        How far measured networks are off their predictions, relative to these.
    freedom : float
        How many degrees of freedom that is known with.
    level : float
        Probability with which a measured network is to lie within, above 0 and below 1.

    Returns
    -------
    tuple of ndarray of float64, shape (n,)
        Lower and upper ends, the lower at least 0.
    """
    if not 0 < level < 1:
        raise ValueError(f"level: expected a number between 0 and 1, got {level}")
    tail = (1 + level) / 2
    network = student_quantile(tail, freedom) * spread * center
    units = NormalDist().inv_cdf(tail) * np.sqrt(_core.gather_sum(variance, ids, 1))
    reach = np.hypot(network, units)
    return np.maximum(center - reach, 0.0), center + reach
