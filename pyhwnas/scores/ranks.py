"""How well one ordering of networks agrees with another: rank correlations and shared tops.

Scores may be missing: NaN and -inf share the last place, so that a proxy is not excused from the
networks that it cannot score.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyhwnas._optional import require
from pyhwnas.history import Floats, Ints

__all__ = ["kendall", "spearman", "spearman_interval", "top_overlap"]

ENDS = (2.5, 97.5)
"""Percentiles of an interval."""


def spearman(scores: Floats, accuracy: Floats) -> float:
    """Compute Spearman's rank correlation.

    Parameters
    ----------
    scores : ndarray of float64, shape (n,)
        More is better; NaN and -inf are worst.
    accuracy : ndarray of float64, shape (n,)
        Finite.

    Returns
    -------
    float
        Equal values have the mean of their ranks; NaN where one side has a single value.

    Examples
    --------
    >>> import numpy as np
    >>> spearman(np.array([3.0, 1.0, np.nan]), np.array([90.0, 80.0, 70.0]))
    1.0
    """
    a, b = _levels(scores), _levels(accuracy)
    if not (a.any() and b.any()):
        return float("nan")
    return float(require("scipy.stats", extra="surrogates").spearmanr(a, b).statistic)


def kendall(scores: Floats, accuracy: Floats) -> float:
    """Compute Kendall's tau-b, which counts ties; see `spearman` for the arguments."""
    a, b = _levels(scores), _levels(accuracy)
    if not (a.any() and b.any()):
        return float("nan")
    return float(require("scipy.stats", extra="surrogates").kendalltau(a, b).statistic)


def spearman_interval(
    scores: Floats, accuracy: Floats, *, resamples: int, seed: int
) -> tuple[float, float]:
    """Estimate a 95 % interval of Spearman's rank correlation by resampling networks.

    Parameters
    ----------
    scores, accuracy : ndarray of float64, shape (n,)
        As in `spearman`.
    resamples : int
        Bootstrap samples of n networks each.
    seed : int
        The same seed draws the same networks, so that columns can be compared.

    Returns
    -------
    tuple of float
        Percentiles 2.5 and 97.5; NaN where there is no correlation.

    Notes
    -----
    A sample gives each network a weight, the number of times that it was drawn, and the middle of
    the weight at its value is its rank: the same as sorting the sample, in time proportional to n.

    References
    ----------
    Efron and Tibshirani, 1993, https://doi.org/10.1201/9780429246593
    """
    rng = np.random.default_rng(seed)
    a, b = _levels(scores), _levels(accuracy)
    n = len(a)
    found = np.full(resamples, np.nan)
    for sample in range(resamples):
        weights = np.bincount(rng.integers(0, n, n), minlength=n)
        found[sample] = _weighted_correlation(
            _weighted_ranks(a, weights), _weighted_ranks(b, weights), weights
        )
    found = found[np.isfinite(found)]
    if not len(found):
        return float("nan"), float("nan")
    low, high = np.percentile(found, ENDS)
    return float(low), float(high)


def top_overlap(scores: Floats, accuracy: Floats, percent: float) -> float:
    """Tell which share of the most accurate networks is among those with the best scores.

    Parameters
    ----------
    scores, accuracy : ndarray of float64, shape (n,)
        As in `spearman`.
    percent : float
        How many networks count as the top on either side, above 0 and at most 100; at least one.

    Returns
    -------
    float
        From 0 to 1; a score that knows nothing has ``percent / 100`` on average.

    Notes
    -----
    Where equal values straddle the border of a top, each of them is in it with the probability
    that a random choice among them gives: the result is the mean over all ways to break ties.

    Examples
    --------
    >>> import numpy as np
    >>> top_overlap(np.array([2.0, 1.0, 1.0, 0.0]), np.array([90.0, 80.0, 70.0, 60.0]), 50)
    0.75
    """
    size = max(1, round(len(scores) * percent / 100))
    return float(_in_top(_levels(scores), size) @ _in_top(_levels(accuracy), size) / size)


def _levels(values: Floats) -> Ints:
    """Return the number of each distinct value from the worst, 0; NaN is as bad as -inf."""
    known = np.where(np.isnan(values), -np.inf, values)
    level: Ints = np.unique(known, return_inverse=True)[1].astype(np.int64)
    return level


def _in_top(level: Ints, size: int) -> Floats:
    """Return the probability of each network to be among the best."""
    border = np.partition(level, len(level) - size)[len(level) - size]
    above, at = level > border, level == border
    share: Floats = above + at * ((size - above.sum()) / at.sum())
    return share


def _weighted_ranks(level: Ints, weights: npt.NDArray[np.int64]) -> Floats:
    mass = np.bincount(level, weights)
    middles: Floats = (np.cumsum(mass) - mass / 2)[level]
    return middles


def _weighted_correlation(a: Floats, b: Floats, weights: npt.NDArray[np.int64]) -> float:
    a = a - weights @ a / weights.sum()
    b = b - weights @ b / weights.sum()
    spread = (weights @ a**2) * (weights @ b**2)
    return float(weights @ (a * b) / np.sqrt(spread)) if spread > 0 else float("nan")
