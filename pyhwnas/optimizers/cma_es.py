"""CMA-ES on a discrete space, alone and inside a region."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pyhwnas import moo
from pyhwnas._optional import require
from pyhwnas.history import Batch, Floats, History, Ints
from pyhwnas.optimizers.lamoo.partition import dominance_numbers
from pyhwnas.optimizers.lamoo.regions import ROUNDS, Region
from pyhwnas.optimizers.operators.variation import are_new, unseen
from pyhwnas.problem import Problem
from pyhwnas.spaces import Space, sizes

__all__ = ["CMAES", "standing"]

FREE_GENERATIONS = 5
"""After so many generations in a row without a new row, the strategy starts over."""

FEWEST = 5
"""Rows that a strategy is told before it is asked inside a region."""


def standing(history: History, rows: Ints) -> Ints:
    """Rank rows among each other, for algorithms that need one number.

    Parameters
    ----------
    history : History
    rows : ndarray of int64, shape (n,)

    Returns
    -------
    ndarray of int64, shape (n,)
        0 is best: by dominance number, then by hypervolume contribution, larger first. Equals
        have the same rank.
    """
    numbers = dominance_numbers(history, rows)
    alone = np.zeros(len(rows))
    front = (numbers == 0) & history.feasible[rows]
    if history.ref_point is not None:
        alone[front] = moo.hypervolume_contributions(history.F[rows[front]], history.ref_point)
    pairs = np.column_stack([numbers, -alone])
    return np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1)


@dataclass(frozen=True, slots=True)
class CMAES:
    """Covariance matrix adaptation, minimising the dominance number.

    A gene with n values is a coordinate from 0 to 1, cut into n equal parts.

    Parameters
    ----------
    initial : int
        Rows drawn uniformly at the start, and whenever the strategy starts over; at least 2.
    population : int, optional
        Rows in a generation, at least 4; by default ``4 + 3 ln(n_genes)``.
    sigma : float
        First step size, as a share of a coordinate's range; above 0.

    Notes
    -----
    The fitness of a row is its rank by dominance number among all rows evaluated so far, ties by
    hypervolume contribution. The first mean is a random row of the front. The strategy starts
    over when one of pycma's criteria says so, or after five generations without a new row.

    ``aux`` holds the ``seed`` of each generation's normal numbers and the batch at which the
    strategy ``start``-ed; its state is made anew by asking and telling all generations since then,
    a millisecond each.

    Inside a region (`sample`), as in LaMOO: a new strategy for each batch, with a random one of
    the region's best rows as its mean, is told these rows and then asked for candidates, of which
    the new ones that lie in the region are kept. After five vain rounds the region loses its last
    boundary.

    References
    ----------
    Hansen, 2016, https://doi.org/10.48550/arXiv.1604.00772; pycma:
    https://doi.org/10.5281/zenodo.2559634

    Examples
    --------
    >>> from pyhwnas import Problem, Search, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    >>> len(Search(problem, CMAES(), seed=0).run(40))
    40
    """

    initial: int = field(default=10, kw_only=True)
    population: int | None = field(default=None, kw_only=True)
    sigma: float = field(default=0.3, kw_only=True)

    def __post_init__(self) -> None:
        if self.initial < 2:
            raise ValueError(f"initial: expected at least 2 rows, got {self.initial}")
        if self.population is not None and self.population < 4:
            raise ValueError(f"population: expected at least 4 rows, got {self.population}")
        if not (np.isfinite(self.sigma) and self.sigma > 0):
            raise ValueError(f"sigma: expected a finite number above 0, got {self.sigma}")

    def propose(
        self, problem: Problem, history: History, n: int | None, rng: np.random.Generator
    ) -> Batch:
        """Propose the next generation, whatever `n` is, or `initial` new rows to start from."""
        seed = int(rng.integers(2**63))
        if history.batches and not _stalled(history):
            start = history.batches[-1].aux["start"]
            strategy = self._replay(problem.space, history, start)
            if not strategy.ended():
                X = _decode(problem.space, strategy.ask(seed), rng)
                return Batch(X, {"seed": seed, "start": start})
        X = unseen(problem, history, self.initial, rng)
        return Batch(X, {"seed": seed, "start": len(history.batches)})

    def sample(
        self, problem: Problem, history: History, region: Region, n: int, rng: np.random.Generator
    ) -> Ints:
        """Choose `n` new rows of a region."""
        space = problem.space
        strategy = self._inside(space, history, region.rows, n, rng)
        found = np.empty((0, len(space.genes)), dtype=np.int64)
        vain = 0
        while len(found) < n:
            X = _decode(space, strategy.ask(int(rng.integers(2**63))), rng)
            X = X[region.contains(X)]
            X = X[are_new(problem, history, X, besides=found)]
            vain = 0 if len(X) else vain + 1
            found = np.concatenate([found, X])
            if vain < ROUNDS:
                continue
            if not region.path:
                rest = unseen(problem, history, n - len(found), rng, besides=found)
                return np.concatenate([found, rest])
            region, vain = region.wider(), 0
        return found[:n]

    def _inside(
        self, space: Space, history: History, rows: Ints, n: int, rng: np.random.Generator
    ) -> _Strategy:
        """Start from the best of some rows."""
        size = max(FEWEST, n)
        rank = standing(history, np.arange(len(history)))[rows]
        best = rows[np.argsort(rank, kind="stable")[:size]]
        Z = _encode(space, history.X[best])
        strategy = _Strategy(rng.choice(Z), self.sigma, size)
        strategy.ask(0)
        told = np.arange(size) % len(best)  # a small region's rows more than once
        strategy.tell(Z[told], told)
        return strategy

    def _replay(self, space: Space, history: History, start: int) -> _Strategy:
        """Ask and tell all generations since the start."""
        known = np.flatnonzero(history.batch <= start)
        front = known[dominance_numbers(history, known) == 0]
        first = np.random.default_rng(history.batches[start].aux["seed"])
        mean = _encode(space, history.X[first.choice(front)][None])[0]
        strategy = _Strategy(mean, self.sigma, self.population)
        for number in range(start + 1, len(history.batches)):
            batch = history.batches[number]
            Z = strategy.ask(batch.aux["seed"])
            rank = standing(history, np.flatnonzero(history.batch <= number))
            strategy.tell(Z, rank[history.lookup(batch.X)])
        return strategy


class _Strategy:
    """pycma's strategy in the unit cube, with its random numbers from seeds."""

    def __init__(self, mean: Floats, sigma: float, population: int | None) -> None:
        cma = require("cma", extra="surrogates")
        options: dict[str, Any] = {
            "bounds": [0.0, 1.0],
            "randn": self._normal,
            "seed": np.nan,  # leave numpy's global generator alone
            "verbose": -9,
            "verb_log": 0,
        }
        if population is not None:
            options["popsize"] = population
        self._rng = np.random.default_rng(0)
        self._strategy = cma.CMAEvolutionStrategy(mean, sigma, options)

    def ask(self, seed: int) -> Floats:
        """Return a generation."""
        self._rng = np.random.default_rng(seed)
        return np.array(self._strategy.ask())

    def tell(self, Z: Floats, fitness: Ints) -> None:
        """Learn from the generation that was asked for last, or from others in its place."""
        self._strategy.tell(list(Z), fitness.astype(np.float64).tolist())

    def ended(self) -> bool:
        """Tell whether one of pycma's criteria is met."""
        return bool(self._strategy.stop())

    def _normal(self, *shape: int) -> Floats:
        return self._rng.standard_normal(shape)


def _encode(space: Space, X: Ints) -> Floats:
    """Return the middle of each value's part; pycma wants two coordinates at least."""
    Z = (X + 0.5) / sizes(space)
    return np.pad(Z, ((0, 0), (0, max(2 - Z.shape[1], 0))), constant_values=0.5)


def _decode(space: Space, Z: Floats, rng: np.random.Generator) -> Ints:
    count = sizes(space)
    X = np.floor(Z[:, : len(count)] * count).astype(np.int64)
    return space.canonical(space.repair(X.clip(0, count - 1), rng))


def _stalled(history: History) -> bool:
    """Tell whether the last generations held nothing new."""
    last = int(history.batch[-1]) if len(history) else -1
    return len(history.batches) - 1 - last >= FREE_GENERATIONS
