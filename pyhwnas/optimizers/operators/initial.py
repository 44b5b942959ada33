"""The first rows of a search: at random, or with the smallest and the largest network in front."""

from __future__ import annotations

import numpy as np

from pyhwnas.history import History, Ints
from pyhwnas.optimizers.operators.variation import unseen
from pyhwnas.problem import Problem
from pyhwnas.spaces import Space, neighbours, sizes

__all__ = ["extremes", "first_rows", "smallest_and_largest"]


def extremes(space: Space) -> Ints:
    """Return the row of all first values of the genes and the row of all last ones.

    Parameters
    ----------
    space : Space

    Returns
    -------
    ndarray of int64, shape (1 or 2, n_genes)
        Repaired, canonical and distinct. Where genes count sizes from small to large, as in
        MobileNetV3, they are the smallest and the largest network.

    Examples
    --------
    >>> from pyhwnas import spaces
    >>> [spaces.NASBench201().to_str(x)[:15] for x in extremes(spaces.NASBench201())]
    ['|none~0|+|none~', '|avg_pool_3x3~0']
    """
    X = np.stack([np.zeros(len(space.genes), dtype=np.int64), sizes(space) - 1])
    # The same rows each time: they belong to the space, not to a search.
    X = space.canonical(space.repair(X, np.random.default_rng(0)))
    return X[:1] if (X[0] == X[1]).all() else X


def smallest_and_largest(problem: Problem) -> Ints:
    """Find networks with the least and the most of the first cheap objective.

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    ndarray of int64, shape (1 or 2, n_genes)
        Valid, canonical and distinct; `extremes` where no objective is cheap.

    Notes
    -----
    Steepest descent and ascent over all neighbours, from the row of all first values and from that
    of all last ones. Exact for an objective that is a sum over genes, such as MACs on
    NAS-Bench-201. What is evaluated is cheap, so that no budget is spent.

    Examples
    --------
    >>> from pyhwnas import Problem, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> macs = objectives.Macs(space)
    >>> X = smallest_and_largest(Problem(space, (macs,)))
    >>> bool(macs(X)[1] == macs(space.all()).max()), X.tolist()[1]
    (True, [3, 3, 3, 3, 3, 3])
    """
    ends = extremes(problem.space)
    if not any(objective.cost == "cheap" for objective in problem.objectives):
        return ends
    X = np.stack([_descend(problem, ends[0], 1.0), _descend(problem, ends[-1], -1.0)])
    return X[:1] if (X[0] == X[1]).all() else X


def first_rows(
    problem: Problem, history: History, n: int, rng: np.random.Generator, *, ends: bool
) -> Ints:
    """Draw the rows that a search begins with.

    Parameters
    ----------
    problem : Problem
    history : History
    n : int
    rng : numpy.random.Generator
    ends : bool
        Whether the smallest and the largest network come first.

    Returns
    -------
    ndarray of int64, shape (at most n, n_genes)
        Distinct rows, the others uniform over genes; fewer than `n` where the space has no more.
    """
    X = smallest_and_largest(problem)[:n] if ends else extremes(problem.space)[:0]
    return np.concatenate([X, unseen(problem, history, n - len(X), rng, besides=X)])


def _descend(problem: Problem, x: Ints, sign: float) -> Ints:
    """Go to the neighbour with the least ``sign * value`` as long as there is a lesser one."""
    column = next(i for i, o in enumerate(problem.objectives) if o.cost == "cheap")
    best = np.inf
    X = x[None]
    while len(X):
        values = sign * problem.evaluate(X, "cheap").values[:, column]
        values = np.where(np.isnan(values), np.inf, values)
        row = int(np.argmin(values))
        if not values[row] < best:
            break
        x, best = X[row], values[row]
        X = neighbours(problem.space, x)
    return x
