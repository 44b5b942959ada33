"""NSGA-III: survival by reference directions, for four objectives and more."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from pyhwnas.history import Floats, History, Ints
from pyhwnas.optimizers.nsga2 import NSGA2
from pyhwnas.optimizers.operators.selection import Order, fronts_and_crowding

__all__ = ["NSGA3", "das_dennis", "niches"]


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
    hyperplane, the worst values on the first front take the place of its intercepts. Infinite
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
        F, failed = history.F[rows], history.failed[rows]
        front = fronts_and_crowding(F, history.violation[rows], failed).front
        n = min(self.population, len(rows))
        split = np.sort(front)[n - 1]  # the front of the n-th best row
        kept, last = np.flatnonzero(front < split), np.flatnonzero(front == split)
        free = n - len(kept)
        feasible = history.feasible[rows]
        if feasible[last].all():
            both = np.concatenate([kept, last])
            place = niches(F[both], len(kept), free, self._directions(F.shape[1]), rng)
            kept = np.concatenate([kept, last[place]])
        else:
            kept = np.concatenate([kept, rng.permutation(last)[:free]])
        # Feasible parents are equals, others as they are ranked.
        order = Order(np.where(feasible, 0, front + 1)[kept], np.zeros(n))
        return rows[kept], order

    def _directions(self, m: int) -> Floats:
        if self.partitions is not None:
            return _layers(m, self.partitions)
        partitions = 1
        while m > 1 and _count(m, partitions + 1) <= self.population:
            partitions += 1
        return _layers(m, partitions)


def das_dennis(m: int, partitions: int) -> Floats:
    """Spread directions evenly over the simplex.

    Parameters
    ----------
    m : int
        Number of objectives.
    partitions : int
        Coordinates are multiples of ``1 / partitions``.

    Returns
    -------
    ndarray of float64, shape (comb(partitions + m - 1, m - 1), m)
        Rows are not negative and sum to 1.

    References
    ----------
    Das and Dennis, 1998, https://doi.org/10.1137/S1052623496307510

    Examples
    --------
    >>> das_dennis(2, 2)
    array([[0. , 1. ],
           [0.5, 0.5],
           [1. , 0. ]])
    """
    # Each way to write `partitions` as an ordered sum: bars among that many stars.
    bars = list(itertools.combinations(range(partitions + m - 1), m - 1))
    edges = np.pad(np.array(bars).reshape(len(bars), m - 1), ((0, 0), (1, 1)))
    edges[:, 0], edges[:, -1] = -1, partitions + m - 1
    spread: Floats = (np.diff(edges, axis=1) - 1) / partitions
    return spread


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
