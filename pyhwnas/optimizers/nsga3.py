"""NSGA-III: survival by reference directions, for four objectives and more."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pyhwnas.history import Bools, Floats, History, Ints
from pyhwnas.moo.simplex import das_dennis
from pyhwnas.optimizers.nsga2 import NSGA2
from pyhwnas.optimizers.operators.selection import Order, fronts_and_crowding

__all__ = ["NSGA3", "niches", "reference_directions", "survivors_by_niche"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NSGA3(NSGA2):
    """NSGA-II whose last surviving front is filled along reference directions.

    With many objectives nearly all rows are on the first front, and a row's room says little.
    Here each direction from the ideal point keeps about as many rows as the others.

    Parameters
    ----------
    population : int
        Rows that survive, at least 2.
    partitions : int, optional
        Steps from 0 to 1 in which directions are spread; by default as many as give no more
        directions than rows in the population. Other parameters are those of `NSGA2`.

    Notes
    -----
    With fewer partitions than objectives every direction is on the rim; a second layer, half way
    to the centre, is added then, as in the paper. Parents are random rows, feasible ones first.

    Ideal and extreme points are those of the rows that compete in a generation, not of all
    generations, so that the history stays the only state. Where the extreme points span no
    hyperplane, the worst values of these rows take the place of its intercepts. Infinite
    values count as the largest or least finite one.

    References
    ----------
    Deb and Jain, 2014, https://doi.org/10.1109/TEVC.2013.2281535

    Examples
    --------
    >>> from pyhwnas import Problem, Search, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    >>> len(Search(problem, NSGA3(), seed=0).run(60))
    60
    """

    population: int = 20
    partitions: int | None = None

    def __post_init__(self) -> None:
        NSGA2.__post_init__(self)
        if self.partitions is not None and self.partitions < 1:
            raise ValueError(f"NSGA3: partitions is at least 1, got {self.partitions}")

    @classmethod
    def published(cls) -> NSGA3:
        """Return the settings of the paper for three objectives: 91 directions."""
        return cls(
            population=92,
            partitions=12,
            initial="random",
            crossover_rate=1.0,
            mutation="polynomial",
            eta=20.0,
        )

    def _survive(
        self, history: History, rows: Ints, rng: np.random.Generator
    ) -> tuple[Ints, Order]:
        F, feasible = history.F[rows], history.feasible[rows]
        front = fronts_and_crowding(F, history.violation[rows], history.failed[rows]).front
        n, m = min(self.population, len(rows)), F.shape[1]
        directions = (
            reference_directions(m, self.population)
            if self.partitions is None
            else _layers(m, self.partitions)
        )
        kept = survivors_by_niche(F, front, feasible, n, directions, rng)
        # Feasible parents are equals, others as they are ranked.
        order = Order(np.where(feasible, 0, front + 1)[kept], np.zeros(n))
        return rows[kept], order


def reference_directions(m: int, most: int) -> Floats:
    """Spread at most so many directions, or as few as there can be, as finely as that allows.

    Parameters
    ----------
    m : int
        Number of objectives.
    most : int

    Returns
    -------
    ndarray of float64, shape (d, m)
        One layer, or two where all directions of one lie on the rim.
    """
    partitions = 1
    while m > 1 and _count(m, partitions + 1) <= most:
        partitions += 1
    return _layers(m, partitions)


def survivors_by_niche(  # noqa: PLR0917
    F: Floats, front: Ints, feasible: Bools, n: int, directions: Floats, rng: np.random.Generator
) -> Ints:
    """Choose rows by fronts, and those of the last front by niches.

    Parameters
    ----------
    F : ndarray of float64, shape (k, m)
        Minimised.
    front : ndarray of int64, shape (k,)
        0 is best.
    feasible : ndarray of bool, shape (k,)
        Where the last front is not, random ones of its rows are chosen.
    n : int
        From 1 to k.
    directions : ndarray of float64, shape (d, m)
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (n,)
        Rows of the fronts that survive whole, then those of the last one.
    """
    split = np.sort(front)[n - 1]  # the front of the n-th best row
    kept, last = np.flatnonzero(front < split), np.flatnonzero(front == split)
    free = n - len(kept)
    if not feasible[last].all():
        return np.concatenate([kept, rng.permutation(last)[:free]])
    place = niches(F[np.concatenate([kept, last])], len(kept), free, directions, rng)
    return np.concatenate([kept, last[place]])


def niches(F: Floats, n_kept: int, free: int, directions: Floats, rng: np.random.Generator) -> Ints:
    """Fill up a population from its last front, the emptiest directions first.

    Parameters
    ----------
    F : ndarray of float64, shape (n_kept + k, m)
        Minimised: rows that survive anyhow, then those of the last front.
    n_kept : int
    free : int
        How many of the k rows to choose, at most k.
    directions : ndarray of float64, shape (d, m)
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (free,)
        Places in the last front. A direction without a row takes its nearest one, others any.
    """
    Z = _normalised(F)
    units = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    along = Z @ units.T
    away = np.maximum((Z**2).sum(axis=1)[:, None] - along**2, 0.0)
    nearest = away.argmin(axis=1)
    away = away[np.arange(len(Z)), nearest][n_kept:]
    count = np.bincount(nearest[:n_kept], minlength=len(units))
    niche = nearest[n_kept:]
    left = np.ones(len(niche), dtype=bool)
    chosen = []
    for _ in range(free):
        open_ = np.unique(niche[left])
        emptiest = open_[count[open_] == count[open_].min()]
        direction = rng.choice(emptiest)
        rows = np.flatnonzero(left & (niche == direction))
        row = int(rows[away[rows].argmin()] if count[direction] == 0 else rng.choice(rows))
        chosen.append(row)
        left[row] = False
        count[direction] += 1
    return np.array(chosen, dtype=np.int64)


def _normalised(F: Floats) -> Floats:
    """Move the ideal point to 0 and the hyperplane through the extreme points to 1."""
    finite = np.where(np.isfinite(F), F, np.nan)
    low, high = (np.nan_to_num(f.reduce(finite, axis=0)) for f in (np.fmin, np.fmax))
    Z: Floats = np.clip(F, low, high) - low
    # The row nearest each axis: the smallest largest coordinate, others weighing a million times.
    weights = np.where(np.eye(F.shape[1], dtype=bool), 1.0, 1e6)
    extreme = Z[(Z[:, None] * weights).max(axis=2).argmin(axis=0)]
    try:
        slopes = np.linalg.solve(extreme, np.ones(len(extreme)))
    except np.linalg.LinAlgError:
        slopes = np.zeros(len(extreme))
    with np.errstate(divide="ignore"):
        intercepts = 1.0 / slopes
    span = Z.max(axis=0)
    if not (np.isfinite(intercepts) & (intercepts > 1e-9 * span)).all():
        intercepts = span
    return Z / np.where(intercepts > 0, intercepts, 1.0)


def _layers(m: int, partitions: int) -> Floats:
    """Spread directions; where all of them lie on the rim, another layer is half way inside."""
    outer = das_dennis(m, partitions)
    if partitions >= m:
        return outer
    inner = das_dennis(m, max(partitions - 1, 1))
    return np.concatenate([outer, (inner + 1.0 / m) / 2.0])


def _count(m: int, partitions: int) -> int:
    """Count the directions of `_layers`."""
    outer = math.comb(partitions + m - 1, m - 1)
    return outer if partitions >= m else outer + math.comb(max(partitions - 1, 1) + m - 1, m - 1)
