"""Mutation and crossover of whole populations, for any space.

Operators take and return ``int64[n, n_genes]`` matrices. Results are repaired and canonical, and
only genes that canonical rows express are changed: a step is never lost in a gene without effect.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pyhwnas.history import Bools, Floats, History, Ints
from pyhwnas.problem import Problem
from pyhwnas.spaces import Space, sample, sizes

__all__ = [
    "MOST_ROWS",
    "are_new",
    "mutate_each",
    "mutate_one",
    "new_rows",
    "other_values",
    "polynomial_mutation",
    "two_point_crossover",
    "uniform_crossover",
    "unseen",
]

ENUMERABLE = 2**20
"""Spaces with at most this many rows are listed when drawing finds nothing new."""

BROODS = 10
"""So often children are bred in search of new ones."""

MOST_ROWS = 2**16
"""So many new rows at most are drawn at a time, however many are wished for."""


def mutate_each(
    space: Space, X: Ints, rng: np.random.Generator, *, probability: float | Floats
) -> Ints:
    """Change each gene with some probability.

    Parameters
    ----------
    space : Space
    X : ndarray of int64, shape (n, n_genes)
    rng : numpy.random.Generator
    probability : float or array_like that broadcasts to (n, n_genes)

    Returns
    -------
    ndarray of int64, shape (n, n_genes)
        A changed gene takes another value, see `other_values`.
    """
    change = rng.random(X.shape) < probability
    return _proper(space, np.where(change, other_values(space, X, rng), X), rng)


def mutate_one(space: Space, X: Ints, rng: np.random.Generator) -> Ints:
    """Change one gene of each row.

    Parameters
    ----------
    space : Space
    X : ndarray of int64, shape (n, n_genes)
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (n, n_genes)
        Every row differs from its origin in one gene, which is expressed, where the space has
        such a neighbour and repair does not undo the step.
    """
    X = space.canonical(X)
    steps, result = other_values(space, X, rng), X.copy()
    # Genes in random order; the first whose change survives canonical form is the one.
    order = rng.permuted(np.broadcast_to(np.arange(X.shape[1]), X.shape), axis=1)
    still = np.arange(len(X))
    for genes in order.T:
        if not len(still):
            break
        changed = X[still]
        changed[np.arange(len(still)), genes[still]] = steps[still, genes[still]]
        result[still] = space.canonical(changed)
        still = still[(result[still] == X[still]).all(axis=1)]
    return _proper(space, result, rng)


def other_values(space: Space, X: Ints, rng: np.random.Generator) -> Ints:
    """Draw another value for every gene of every row.

    An unordered gene takes each other value with equal probability. An ordinal one does so half
    of the time and otherwise moves one step up or down. A gene with one value keeps it.
    """
    count = sizes(space)
    ordinal = np.array([gene.ordinal for gene in space.genes], dtype=bool)
    anywhere = (X + rng.integers(1, np.maximum(count, 2), size=X.shape)) % count
    step = X + rng.choice(np.array([-1, 1]), size=X.shape)
    # At an end there is one neighbour only.
    step = np.where(step < 0, 1, np.where(step >= count, count - 2, step))
    near = ordinal & (rng.random(X.shape) < 0.5) & (count > 1)
    return np.where(near, step, anywhere)


def polynomial_mutation(
    space: Space,
    X: Ints,
    rng: np.random.Generator,
    *,
    eta: float,
    probability: float | None = None,
) -> Ints:
    """Change genes by steps of which small ones are likelier than large ones.

    Parameters
    ----------
    space : Space
    X : ndarray of int64, shape (n, n_genes)
    rng : numpy.random.Generator
    eta : float
        At least 0; the larger, the smaller the steps.
    probability : float, optional
        That a gene takes a step, which may end where it began; by default ``1 / n_genes``.

    Returns
    -------
    ndarray of int64, shape (n, n_genes)

    Notes
    -----
    The bounded polynomial distribution over the interval from -0.5 to n - 0.5, rounded, so that
    the first and the last value have as much room as the others.

    References
    ----------
    Deb and Goyal, 1996; bounded form: Deb and Agrawal, 1999, "A niched-penalty approach"
    """
    count = sizes(space)
    probability = 1.0 / X.shape[1] if probability is None else probability
    step = rng.random(X.shape) < probability
    u = rng.random(X.shape)
    power = eta + 1.0
    below = (X + 0.5) / count  # the room on either side, as a share of the range
    room = np.where(u < 0.5, 1.0 - below, below) ** power
    left = np.power(
        2.0 * u + (1.0 - 2.0 * u) * room, 1.0 / power, where=u < 0.5, out=np.ones_like(u)
    )
    right = np.power(
        2.0 * (1.0 - u) + (2.0 * u - 1.0) * room, 1.0 / power, where=u >= 0.5, out=np.ones_like(u)
    )
    moved = np.rint(X + count * np.where(u < 0.5, left - 1.0, 1.0 - right)).astype(np.int64)
    return _proper(space, np.where(step, moved.clip(0, count - 1), X), rng)


def uniform_crossover(space: Space, A: Ints, B: Ints, rng: np.random.Generator) -> Ints:
    """Take each gene from one of two parents.

    Parameters
    ----------
    space : Space
    A, B : ndarray of int64, shape (n, n_genes)
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (n, n_genes)
    """
    return _proper(space, np.where(rng.random(A.shape) < 0.5, A, B), rng)


def two_point_crossover(space: Space, A: Ints, B: Ints, rng: np.random.Generator) -> Ints:
    """Take the genes between two random cuts from the second parent, the others from the first.

    Parameters
    ----------
    space : Space
    A, B : ndarray of int64, shape (n, n_genes)
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (n, n_genes)
    """
    n, d = A.shape
    cuts = np.sort(rng.integers(0, d + 1, size=(n, 2)), axis=1)
    genes = np.arange(d)
    inside = (genes >= cuts[:, :1]) & (genes < cuts[:, 1:])
    return _proper(space, np.where(inside, B, A), rng)


def new_rows(
    problem: Problem,
    history: History,
    n: int,
    rng: np.random.Generator,
    breed: Callable[[int], Ints],
) -> Ints:
    """Breed distinct rows that have not been evaluated.

    Parameters
    ----------
    problem : Problem
    history : History
    n : int
        How many.
    rng : numpy.random.Generator
    breed : callable
        Makes so many canonical rows; it is called again where too few of them are new.

    Returns
    -------
    ndarray of int64, shape (at most n, n_genes)
        In the order of breeding. After ten calls random rows fill up, see `unseen`; fewer than
        `n` where the space has no more.
    """
    found = np.empty((0, len(problem.space.genes)), dtype=np.int64)
    for _ in range(BROODS):
        if len(found) >= n:
            break
        X = breed(n)
        X = X[are_new(problem, history, X, besides=found)][: n - len(found)]
        found = np.concatenate([found, X])
    return np.concatenate([found, unseen(problem, history, n - len(found), rng, besides=found)])


def unseen(
    problem: Problem,
    history: History,
    n: int,
    rng: np.random.Generator,
    *,
    besides: Ints | None = None,
) -> Ints:
    """Draw distinct rows that have not been evaluated.

    Parameters
    ----------
    problem : Problem
    history : History
    n : int
        How many; beyond 2^16 counts as that.
    rng : numpy.random.Generator
    besides : ndarray of int64, shape (k, n_genes), optional
        Rows to leave out too.

    Returns
    -------
    ndarray of int64, shape (at most n, n_genes)
        Uniform over genes, valid, canonical. Fewer than `n` where the space has no more, or
        where `n` is beyond 2^16.

    Notes
    -----
    Rows are drawn and rejected; where that stalls, a space of at most 2^20 rows is listed, so
    that a small one is exhausted exactly.
    """
    space, n = problem.space, min(n, MOST_ROWS)
    found = np.empty((0, len(space.genes)), dtype=np.int64)
    taken = found if besides is None else besides
    small = math.prod(gene.n for gene in space.genes) <= ENUMERABLE
    for _ in range(8 if small else 1000):
        if len(found) >= n:
            break
        X = sample(space, max(64, 2 * (n - len(found))), rng)
        X = X[are_new(problem, history, X, besides=taken)][: n - len(found)]
        found, taken = np.concatenate([found, X]), np.concatenate([taken, X])
    if len(found) < n and small:
        X = np.array(list(itertools.product(*(range(gene.n) for gene in space.genes))))
        X = X[space.valid(X) & (space.canonical(X) == X).all(axis=1)]
        X = X[rng.permutation(len(X))]
        X = X[are_new(problem, history, X, besides=taken)][: n - len(found)]
        found = np.concatenate([found, X])
    return found


def are_new(problem: Problem, history: History, X: Ints, *, besides: Ints | None = None) -> Bools:
    """Tell which rows are valid, have not been evaluated, and are the first of their kind.

    Parameters
    ----------
    problem : Problem
    history : History
    X : ndarray of int64, shape (n, n_genes)
    besides : ndarray of int64, shape (k, n_genes), optional
        Rows that count as known too.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    keys = problem.key(X)
    new: Bools = np.zeros(len(X), dtype=np.bool_)
    new[np.unique(keys, return_index=True)[1]] = True
    new &= problem.space.valid(X) & (history.lookup(X) < 0)
    if besides is not None:
        new &= ~np.isin(keys, problem.key(besides))
    return new


def _proper(space: Space, X: npt.NDArray[np.int64], rng: np.random.Generator) -> Ints:
    return space.canonical(space.repair(X, rng))
