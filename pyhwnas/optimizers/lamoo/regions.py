"""Parts of a space that a tree of classifiers bounds, and drawing new rows from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np

from pyhwnas.history import Bools, Floats, History, Ints
from pyhwnas.optimizers.operators.variation import unseen
from pyhwnas.problem import Problem
from pyhwnas.spaces import Space, one_hot, sizes

__all__ = ["Encoding", "Region", "Sampler", "Uniform", "draw", "encode"]

Encoding: TypeAlias = Literal["by gene", "ordinal"]

POOL = 4096
"""So many new rows are drawn at a time."""

ROUNDS = 5
"""After so many draws with too few rows inside, a region loses its last boundary."""


def encode(space: Space, X: Ints, encoding: Encoding) -> Floats:
    """Write rows as real vectors.

    Parameters
    ----------
    space : Space
    X : ndarray of int64, shape (n, n_genes)
    encoding : {"by gene", "ordinal"}
        Unordered genes as one column for each value and ordinal ones as a column from 0 to 1, or
        all genes as if they were ordinal.

    Returns
    -------
    ndarray of float64, shape (n, n_columns)
    """
    if encoding == "by gene":
        return one_hot(space, X)
    return space.canonical(X) / np.maximum(sizes(space) - 1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """All rows of a space on given sides of some boundaries.

    Parameters
    ----------
    space : Space
    rows : ndarray of int64, shape (n,)
        Rows of the history that belong to it.
    path : tuple of (classifier, bool)
        Boundaries, the outermost first, and the side of each; none for the whole space.
    encoding : {"by gene", "ordinal"}
        What the boundaries were trained on.
    """

    space: Space
    rows: Ints
    path: tuple[tuple[Any, bool], ...] = ()
    encoding: Encoding = "by gene"

    def contains(self, X: Ints) -> Bools:
        """Tell which rows lie on the right side of every boundary, bool[n]."""
        Z = encode(self.space, X, self.encoding)
        inside = np.ones(len(X), dtype=bool)
        for boundary, good in self.path:
            left = np.flatnonzero(inside)
            if not len(left):
                break
            inside[left] = boundary.predict(Z[left]) == good
        return inside

    def wider(self) -> Region:
        """Return the region without its last boundary."""
        return replace(self, path=self.path[:-1])


@runtime_checkable
class Sampler(Protocol):
    """How new rows are chosen inside a region."""

    def sample(
        self, problem: Problem, history: History, region: Region, n: int, rng: np.random.Generator
    ) -> Ints:
        """Choose distinct new rows.

        Parameters
        ----------
        problem : Problem
        history : History
            With a reference point and at least one row.
        region : Region
            Widened where it holds too few new rows.
        n : int
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of int64, shape (at most n, n_genes)
            Valid, canonical, not evaluated; fewer than `n` only at the end of the space.
        """
        ...


@dataclass(frozen=True, slots=True)
class Uniform:
    """Draw rows of a region, each as likely as any other."""

    def sample(
        self, problem: Problem, history: History, region: Region, n: int, rng: np.random.Generator
    ) -> Ints:
        """Draw `n` rows."""
        return draw(problem, history, region, n, rng)[:n]


def draw(
    problem: Problem,
    history: History,
    region: Region,
    n: int,
    rng: np.random.Generator,
    *,
    most: int | None = None,
) -> Ints:
    """Draw distinct new rows of a region.

    Parameters
    ----------
    problem : Problem
    history : History
    region : Region
    n : int
        So many at least.
    rng : numpy.random.Generator
    most : int, optional
        As many as this if they can be had without widening the region; `n` by default.

    Returns
    -------
    ndarray of int64, shape (at most max(n, most), n_genes)
        Fewer than `n` only where the space has no more new rows; those of the region itself come
        first.

    Notes
    -----
    Rows are drawn uniformly over genes and rejected. After five rounds of 4096 (or `n`) rows, or
    when the space has been seen whole, with too few inside, the last boundary is dropped, so that
    drawing always ends.
    """
    wanted = n if most is None else max(n, most)
    found = np.empty((0, len(problem.space.genes)), dtype=np.int64)
    while True:
        pool = max(POOL, n) if region.path else max(wanted - len(found), 1)
        for _ in range(ROUNDS):
            X = unseen(problem, history, pool, rng, besides=found)
            found = np.concatenate([found, X[region.contains(X)]])[:wanted]
            if len(found) == wanted or len(X) < pool:
                break
        if len(found) >= n or not region.path:
            return found
        region = region.wider()
