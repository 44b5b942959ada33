"""From sums of units to networks: one scale factor, and how far off the result is.

A runtime does not run a network as the sum of its units: it fuses across their borders and finds
caches warm. Both act on all networks of a space alike, so that one factor, fitted on a few whole
networks, takes most of the difference away. A constant beside it did not predict better: on one
network left out of 12 to 20, in five tables, factors alone were off by 1.9 to 3.7 %, with a
constant by 2.2 to 3.4 %, in turns the better. What is left is measured on other networks and stays
with the table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyhwnas.latency.spread import median_deviation, spread_of_median

__all__ = [
    "Accuracy",
    "EnergyAccuracy",
    "NetworkEnergy",
    "NetworkError",
    "accuracy",
    "choose_scale",
    "energy_accuracy",
    "fit_scale",
    "remeasure_floor",
    "spearman",
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
        How far another measurement of the same networks is to be expected off, in percent, see
        `remeasure_floor`; None for a single process.
    residual_spread : float
        How far another measurement of a network is to be expected off its prediction, relative to
        that: `own_spread` and `shared_spread` together.
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

    @property
    def scale_deviation(self) -> float | None:
        """Standard deviation of the scale relative to it, by the probes; None for fewer than two.

        That of a median of ratios, as the scale is one.
        """
        ratios = [network.measured_ms / network.predicted_ms for network in self.probes]
        return spread_of_median(ratios) if len(ratios) > 1 else None

    @property
    def own_spread(self) -> float:
        """Root mean square of measured over predicted, minus one, on held-out networks."""
        _, spread = _errors(*_times(self.held_out))
        return spread

    @property
    def shared_spread(self) -> float:
        """What two measurements differ by on all networks alike, relative to these."""
        return math.sqrt(max(self.residual_spread**2 - self.own_spread**2, 0.0))

    def freedom(self, processes: int) -> float:
        """Degrees of freedom of `residual_spread`, by Welch and Satterthwaite.

        Its own part rests on the held-out networks, the shared one on the processes. In a
        simulation with three of them and a shared part of twice the own, intervals held 89 % of
        measurements to come, 85 % with the networks' number.
        """
        own, shared = self.own_spread**2, self.shared_spread**2
        parts = own**2 / len(self.held_out) + shared**2 / max(processes - 1, 1)
        return (own + shared) ** 2 / parts if parts else len(self.held_out)


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


def choose_scale(predicted: Vector, measured: Vector) -> float:
    """Find the factor on predictions, by cross-validation: 1 unless a fitted one does better.

    Parameters
    ----------
    predicted, measured : ndarray of float64, shape (n,)
        Sums of units and measured networks, positive milliseconds.

    Returns
    -------
    float
        That of `fit_scale`, or 1: where there is no network, and where factors that were fitted
        to all networks but one are on average further off on that one than the sum as it is.

    Notes
    -----
    A single network leaves nothing to check a factor on: it is taken as fitted.

    Examples
    --------
    >>> measured = np.array([2.0, 3.0, 4.0])
    >>> choose_scale(0.8 * measured, measured)
    1.25
    >>> choose_scale(measured * [1.01, 0.97, 1.02], measured)
    1.0
    """
    n = len(measured)
    if n == 0:
        return 1.0
    if n > 1:
        others = [np.flatnonzero(np.arange(n) != i) for i in range(n)]
        fitted = np.array([fit_scale(predicted[rest], measured[rest]) for rest in others])
        if (
            np.abs(fitted * predicted / measured - 1).mean()
            >= np.abs(predicted / measured - 1).mean()
        ):
            return 1.0
    return fit_scale(predicted, measured)


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
        For each held-out network its milliseconds in each process, NaN where it has none.
    scale : float
        The factor in the predictions.

    Returns
    -------
    Accuracy
    """
    predicted, measured = _times(held_out)
    error, spread = _errors(predicted, measured)
    return Accuracy(
        mape=float(error.mean()),
        mape_unscaled=float(100 * np.abs(predicted / scale / measured - 1).mean()),
        within_5=float(100 * (error <= 5).mean()),
        within_10=float(100 * (error <= 10).mean()),
        spearman=spearman(predicted, measured) if len(held_out) > 2 else None,
        floor=remeasure_floor(repeats),
        # The measurement that is to come has such a factor of its own.
        residual_spread=math.hypot(spread, math.sqrt(2) * shared_deviation(repeats)),
        probes=tuple(probes),
        held_out=tuple(held_out),
    )


def shared_deviation(repeats: Sequence[Sequence[float]]) -> float:
    """Estimate how far the networks of a measurement are off together, as a fraction.

    Parameters
    ----------
    repeats : sequence of sequence of float
        For each network its milliseconds in each process, NaN where it has none.

    Returns
    -------
    float
        Standard deviation of the median over processes of the factor that all networks share in
        one; 0 where nothing was repeated.

    Notes
    -----
    A scale is fitted in the same processes as it is checked in and takes such a factor in: errors
    on held-out networks do not show it, later measurements do. Networks that lack a process are
    left out.
    """
    most = max(map(len, repeats), default=0)
    whole = [values for values in repeats if len(values) == most and not np.isnan(values).any()]
    if most < 2 or not whole:
        return 0.0
    logs = np.log(whole)
    return spread_of_median((logs - logs.mean(axis=1, keepdims=True)).mean(axis=0))


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
    error, spread = _errors(predicted, np.array([network.measured_mj for network in held_out]))
    return EnergyAccuracy(
        counter=counter,
        scale=scale,
        mape=float(error.mean()),
        floor=remeasure_floor(repeats),
        residual_spread=spread,
        probes=tuple(probes),
        held_out=tuple(held_out),
    )


def _times(networks: Sequence[NetworkError]) -> tuple[Vector, Vector]:
    """Return predicted and measured milliseconds."""
    rows = np.array([(network.predicted_ms, network.measured_ms) for network in networks])
    return rows[:, 0], rows[:, 1]


def _errors(predicted: Vector, measured: Vector) -> tuple[Vector, float]:
    """Return absolute errors in percent of the measured values, and `Accuracy.own_spread`."""
    error: Vector = 100 * np.abs(predicted / measured - 1)
    return error, float(np.sqrt(np.mean((measured / predicted - 1) ** 2)))


def remeasure_floor(repeats: Sequence[Sequence[float]]) -> float | None:
    """Tell how far another measurement of the same networks would be off.

    Parameters
    ----------
    repeats : sequence of sequence of float
        For each network its milliseconds in each process, NaN where it has none.

    Returns
    -------
    float or None
        Expected difference in percent between two medians over as many processes; None where
        nothing was repeated.

    Notes
    -----
    The mean difference between single processes, over networks and pairs of processes, times the
    standard deviation of a median relative to that of a single value, for normal values.
    """
    known = [[value for value in values if not math.isnan(value)] for values in repeats]
    gaps = [
        200 * abs(a - b) / (a + b)
        for values in known
        for i, a in enumerate(values)
        for b in values[:i]
    ]
    if not gaps:
        return None
    fewest = min(len(values) for values in known if len(values) > 1)
    return float(np.mean(gaps)) * median_deviation(fewest)


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
