"""From sums of units to networks: one scale factor, and how far off the result is.

A runtime does not run a network as the sum of its units: it fuses across their borders and finds
caches warm. Both act on all networks of a space alike, so that one factor, fitted on a few whole
networks, takes most of the difference away; more parameters did not predict better. What is left
is measured on other networks and stays with the table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

__all__ = [
    "Accuracy",
    "EnergyAccuracy",
    "NetworkEnergy",
    "NetworkError",
    "accuracy",
    "bootstrap",
    "energy_accuracy",
    "fit_scale",
    "remeasure_floor",
    "spearman",
    "student_quantile",
]

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NetworkError:
    """A whole network: what the table says and what was measured.

    Parameters
    ----------
    arch : str
        In its space's notation.
    predicted_ms, measured_ms : float
    """

    arch: str
    predicted_ms: float
    measured_ms: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How far a table was off on whole networks that it was not fitted to.

    Parameters
    ----------
    mape : float
        Mean absolute error relative to the measured latency, in percent.
    mape_unscaled : float
        The same without the scale factor.
    within_5, within_10 : float
        Share of networks, in percent, that are off by at most 5 and 10 percent.
    spearman : float or None
        Rank correlation; None for fewer than three networks.
    floor : float or None
        How far a repeated measurement of the same networks in another process is off, in percent:
        no table can be expected to do better. None for a single process.
    residual_spread : float
        Root mean square of measured over predicted, minus one.
    probes, held_out : tuple of NetworkError
        The networks that the scale was fitted to, and those it was checked on.
    """

    mape: float
    mape_unscaled: float
    within_5: float
    within_10: float
    spearman: float | None
    floor: float | None
    residual_spread: float
    probes: tuple[NetworkError, ...]
    held_out: tuple[NetworkError, ...]


@dataclass(frozen=True, slots=True)
class NetworkEnergy:
    """A whole network: what the table says and what was counted.

    Parameters
    ----------
    arch : str
        In its space's notation.
    predicted_mj, measured_mj : float
    """

    arch: str
    predicted_mj: float
    measured_mj: float


@dataclass(frozen=True, slots=True)
class EnergyAccuracy:
    """How energies of units come to those of networks, and how far that was off.

    Parameters
    ----------
    counter : str
        What was counted.
    scale : float
        Factor from the sum of units to a network.
    mape : float
        Mean absolute error on held-out networks relative to the counted energy, in percent.
    floor : float or None
        How far counting the same networks in another process is off, in percent; None for one.
    residual_spread : float
        Root mean square of counted over predicted, minus one.
    probes, held_out : tuple of NetworkEnergy
        The networks that the scale was fitted to, and those it was checked on.
    """

    counter: str
    scale: float
    mape: float
    floor: float | None
    residual_spread: float
    probes: tuple[NetworkEnergy, ...]
    held_out: tuple[NetworkEnergy, ...]


def fit_scale(predicted: Vector, measured: Vector) -> float:
    """Find the factor on predictions with the least sum of absolute relative errors.

    Parameters
    ----------
    predicted, measured : ndarray of float64, shape (n,)
        Positive milliseconds; n at least 1.

    Returns
    -------
    float
        The ``s`` that minimises ``sum |s * predicted / measured - 1|``.

    Notes
    -----
    With ``r = measured / predicted`` the sum is ``sum |s - r| / r``: its minimum is the median of
    ``r`` weighted by ``1 / r``.

    Examples
    --------
    >>> fit_scale(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 9.0]))
    2.0
    """
    ratios = np.sort(measured / predicted)
    weights = np.cumsum(1.0 / ratios)
    return float(ratios[np.searchsorted(weights, weights[-1] / 2)])


def accuracy(
    probes: Sequence[NetworkError],
    held_out: Sequence[NetworkError],
    repeats: Sequence[Sequence[float]],
    scale: float,
) -> Accuracy:
    """Compare predictions with measurements of held-out networks.

    Parameters
    ----------
    probes, held_out : sequence of NetworkError
        Predictions with the scale applied; at least one held-out network.
    repeats : sequence of sequence of float
        For each held-out network its milliseconds in each process.
    scale : float
        The factor in the predictions.

    Returns
    -------
    Accuracy
    """
    predicted = np.array([network.predicted_ms for network in held_out])
    measured = np.array([network.measured_ms for network in held_out])
    error = 100 * np.abs(predicted / measured - 1)
    return Accuracy(
        mape=float(error.mean()),
        mape_unscaled=float(100 * np.abs(predicted / scale / measured - 1).mean()),
        within_5=float(100 * (error <= 5).mean()),
        within_10=float(100 * (error <= 10).mean()),
        spearman=spearman(predicted, measured) if len(held_out) > 2 else None,
        floor=remeasure_floor(repeats),
        residual_spread=float(np.sqrt(np.mean((measured / predicted - 1) ** 2))),
        probes=tuple(probes),
        held_out=tuple(held_out),
    )


def energy_accuracy(
    counter: str,
    probes: Sequence[NetworkEnergy],
    held_out: Sequence[NetworkEnergy],
    repeats: Sequence[Sequence[float]],
    scale: float,
) -> EnergyAccuracy:
    """Compare predicted energies with counted ones of held-out networks.

    Parameters
    ----------
    counter : str
        What was counted.
    probes, held_out : sequence of NetworkEnergy
        Predictions with the scale applied; at least one held-out network.
    repeats : sequence of sequence of float
        For each held-out network its millijoules in each process.
    scale : float
        The factor in the predictions.

    Returns
    -------
    EnergyAccuracy
    """
    predicted = np.array([network.predicted_mj for network in held_out])
    measured = np.array([network.measured_mj for network in held_out])
    return EnergyAccuracy(
        counter=counter,
        scale=scale,
        mape=float(100 * np.abs(predicted / measured - 1).mean()),
        floor=remeasure_floor(repeats),
        residual_spread=float(np.sqrt(np.mean((measured / predicted - 1) ** 2))),
        probes=tuple(probes),
        held_out=tuple(held_out),
    )


def remeasure_floor(repeats: Sequence[Sequence[float]]) -> float | None:
    """Tell how far two processes are off from each other on the same networks.

    Parameters
    ----------
    repeats : sequence of sequence of float
        For each network its milliseconds in each process.

    Returns
    -------
    float or None
        Mean difference in percent of the mean, over networks and pairs of processes; None where
        nothing was repeated.
    """
    gaps = [
        200 * abs(a - b) / (a + b)
        for values in repeats
        for i, a in enumerate(values)
        for b in values[:i]
    ]
    return float(np.mean(gaps)) if gaps else None


def bootstrap(values: Vector, *, level: float = 0.9, seed: int = 0) -> tuple[float, float]:
    """Interval of the median over processes, by resampling whole processes.

    Calls within a process agree with each other far better than processes do, so resampling
    calls would promise too much.

    Parameters
    ----------
    values : ndarray of float64, shape (n_processes,)
    level : float
    seed : int

    Returns
    -------
    tuple of float
        Lower and upper end; both are the value itself for a single process.
    """
    rng = np.random.default_rng(seed)
    medians = np.median(rng.choice(values, size=(1000, len(values))), axis=1)
    low, high = np.quantile(medians, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def student_quantile(p: float, freedom: int) -> float:
    """Quantile of Student's t distribution, to two digits from four degrees of freedom on.

    Notes
    -----
    Cornish-Fisher expansion around the normal quantile (Abramowitz and Stegun, 26.7.5).
    """
    z = NormalDist().inv_cdf(p)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + math.fsum(term / freedom**i for i, term in enumerate(terms, 1))


def spearman(x: Vector, y: Vector) -> float | None:
    """Rank correlation of two vectors, ties at their mean rank; None where one is constant."""
    a, b = (ranks - ranks.mean() for ranks in (_ranks(x), _ranks(y)))
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / spread if spread else None


def _ranks(x: Vector) -> Vector:
    """Rank from 0, ties get their mean rank."""
    _, place, count = np.unique(x, return_inverse=True, return_counts=True)
    ranks: Vector = (np.cumsum(count) - (count + 1) / 2)[place]
    return ranks
