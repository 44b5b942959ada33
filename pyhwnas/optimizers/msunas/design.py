"""The first networks of a surrogate-assisted search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from pyhwnas.history import History, Ints
from pyhwnas.optimizers.msunas.transfer import draw_like
from pyhwnas.optimizers.operators.initial import smallest_and_largest
from pyhwnas.optimizers.operators.variation import unseen
from pyhwnas.problem import Problem
from pyhwnas.spaces import as_genotypes, sample

__all__ = ["Design", "first_design", "tilted"]

Design: TypeAlias = Literal["tilted", "uniform"]


def first_design(
    problem: Problem,
    history: History,
    n: int,
    rng: np.random.Generator,
    *,
    design: Design,
    transfer: Sequence[Sequence[int]] | None = None,
) -> Ints:
    """Draw the first networks of a search, the smallest and the largest among them.

    Parameters
    ----------
    problem : Problem
    history : History
    n : int
        At least 2.
    rng : numpy.random.Generator
    design : {"tilted", "uniform"}
    transfer : sequence of rows, optional
        Networks are drawn like these instead.

    Returns
    -------
    ndarray of int64, shape (at most n, n_genes)
        Valid, canonical, distinct; fewer than `n` where the space has no more.
    """
    space = problem.space
    ends = smallest_and_largest(problem)
    if transfer is not None:
        X = draw_like(space, as_genotypes(space, transfer), 2 * n, rng)
    elif design == "tilted":
        X = tilted(problem, ends, n - len(ends), rng)
    else:
        X = sample(space, n, rng)
    X = np.concatenate([ends, X])
    X = X[space.valid(X)]
    X = X[np.sort(np.unique(problem.key(X), return_index=True)[1])][:n]
    return np.concatenate([X, unseen(problem, history, n - len(X), rng, besides=X)])


def tilted(problem: Problem, ends: Ints, n: int, rng: np.random.Generator) -> Ints:
    """Draw networks from small ones to large ones.

    Parameters
    ----------
    problem : Problem
    ends : ndarray of int64, shape (1 or 2, n_genes)
        The smallest and the largest network.
    n : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (n, n_genes)
        Half of the ordinal genes come from the largest network with a probability that goes from 0
        in the first row to 1 in the last, else from the smallest; all other genes are uniform.
        That an operation is the smallest says nothing about those beside it.
    """
    ordinal = np.array([gene.ordinal for gene in problem.space.genes], dtype=bool)
    share = (np.arange(n)[:, None] + 0.5) / n
    shape = (n, ends.shape[1])
    end = np.where(rng.random(shape) < share, ends[-1], ends[0])
    take = ordinal & (rng.random(shape) < 0.5)
    X = np.where(take, end, sample(problem.space, n, rng))
    return problem.space.canonical(problem.space.repair(X, rng))
