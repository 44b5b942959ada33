"""What curves of several seeds say: quartiles, evaluations to a level, and tests of differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pyhwnas._optional import require
from pyhwnas.history import Floats

__all__ = ["Difference", "Speedup", "difference", "evaluations_to", "holm", "speedup"]

RESAMPLES = 2000


class Speedup(NamedTuple):
    """How many times fewer evaluations one optimizer needs than another.

    Parameters
    ----------
    evaluations : float
        To the other's final mean; infinite where it was not reached.
    ratio : float
        0 where it was not reached.
    low, high : float
        A bootstrap interval of 95 %.
    """

    evaluations: float
    ratio: float
    low: float
    high: float


class Difference(NamedTuple):
    """How two optimizers differ in their final values.

    Parameters
    ----------
    superiority : float
        Probability that a run of the first is better than one of the second, ties by half.
    p : float
        Of Wilcoxon's rank-sum test, two-sided, not corrected.
    """

    superiority: float
    p: float


def evaluations_to(level: npt.ArrayLike, mean: Floats) -> Floats:
    """Count evaluations until mean curves reach a level.

    Parameters
    ----------
    level : float or array_like, shape (k,)
    mean : ndarray of float64, shape (evals,) or (k, evals)
        Never decreasing.

    Returns
    -------
    ndarray of float64, shape () or (k,)
        From 1 on; infinite where the level is not reached.

    Examples
    --------
    >>> evaluations_to([2.0, 9.0], np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]))
    array([ 2., inf])
    """
    # A mean of equal numbers may differ from them in the last digit.
    level = np.asarray(level, dtype=np.float64)
    reached = mean >= (level - 1e-12 * np.abs(level))[..., None]
    return np.where(reached.any(axis=-1), reached.argmax(axis=-1) + 1.0, np.inf)


def speedup(volume: Floats, rival: Floats, rng: np.random.Generator) -> Speedup:
    """Compare how soon one optimizer reaches where another one ends.

    Parameters
    ----------
    volume, rival : ndarray of float64, shape (seeds, evals)
        Hypervolume after each evaluation.
    rng : numpy.random.Generator
        For the bootstrap.

    Returns
    -------
    Speedup
        Evaluations that the rival's mean curve needs to its final level, over those of the
        other's mean curve to the same level.

    Notes
    -----
    Seeds of both are drawn again with replacement, 2000 times; the interval holds the middle 95 %
    of the ratios.

    References
    ----------
    Efron and Tibshirani, 1993, https://doi.org/10.1201/9780429246593
    """
    evaluations, ratio = _ratio(volume.mean(axis=0), rival.mean(axis=0))
    means = [_resampled_means(runs, rng) for runs in (volume, rival)]
    _, ratios = _ratio(*means)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return Speedup(float(evaluations), float(ratio), float(low), float(high))


def _ratio(mean: Floats, rival: Floats) -> tuple[Floats, Floats]:
    level = rival[..., -1]
    evaluations = evaluations_to(level, mean)
    return evaluations, evaluations_to(level, rival) / evaluations


def _resampled_means(runs: Floats, rng: np.random.Generator) -> Floats:
    n = len(runs)
    weights = rng.multinomial(n, np.full(n, 1.0 / n), size=RESAMPLES) / n
    means: Floats = weights @ runs
    return means


def difference(a: Floats, b: Floats) -> Difference:
    """Test whether final values of two optimizers differ.

    Parameters
    ----------
    a, b : ndarray of float64, shape (seeds,)
        More is better. Runs of two optimizers with the same seed have nothing in common, so that
        they are not paired.

    Returns
    -------
    Difference

    Raises
    ------
    MissingExtraError
        If scipy is not installed.

    References
    ----------
    Wilcoxon, 1945, https://doi.org/10.2307/3001968; Mann and Whitney, 1947,
    https://doi.org/10.1214/aoms/1177730491; superiority: Vargha and Delaney, 2000,
    https://doi.org/10.3102/10769986025002101
    """
    stats = require("scipy.stats", extra="surrogates")
    if len(np.unique(np.concatenate([a, b]))) == 1:
        return Difference(0.5, 1.0)
    u, p = stats.mannwhitneyu(a, b, alternative="two-sided")
    return Difference(float(u) / (len(a) * len(b)), float(p))


def holm(p: Sequence[float]) -> Floats:
    """Correct p-values for their number.

    Parameters
    ----------
    p : sequence of float

    Returns
    -------
    ndarray of float64, shape (len(p),)
        At most 1. Rejecting what is below 5 % makes a wrong rejection among all of them with a
        probability of at most 5 %.

    References
    ----------
    Holm, 1979, https://www.jstor.org/stable/4615733

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    scaled = values[order] * np.arange(len(values), 0, -1)
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return corrected
