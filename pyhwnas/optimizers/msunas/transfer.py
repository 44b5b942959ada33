"""What one search hands to another, on another data set or device."""

from __future__ import annotations

import warnings

import numpy as np

from pyhwnas._optional import require
from pyhwnas.history import Ints
from pyhwnas.problem import Problem
from pyhwnas.spaces import Space, choice_frequencies, sample, sizes

__all__ = ["cost_agreement", "draw_like"]

UNIFORM = 0.05
"""Share of uniform draws in `draw_like`."""

AGREEMENT = 0.5
"""With less than this, `cost_agreement` warns."""


def draw_like(space: Space, X: Ints, n: int, rng: np.random.Generator) -> Ints:
    """Draw networks whose choices are as frequent as in others.

    Parameters
    ----------
    space : Space
    X : ndarray of int64, shape (k, n_genes)
        Such as the front of another run; k is at least 1.
    n : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (n, n_genes)
        Valid and canonical; rows may repeat.

    Notes
    -----
    Each gene by itself, by its frequencies among the rows that express it, so that the layers of
    a stage are drawn given that they are there; one draw in 20 is uniform.
    """
    shares = choice_frequencies(space, X)
    count = sizes(space)
    total = shares.sum(axis=1, keepdims=True)
    even = (np.arange(shares.shape[1]) < count[:, None]) / count[:, None]
    known = np.divide(shares, total, out=even.copy(), where=total > 0)
    bounds = ((1 - UNIFORM) * known + UNIFORM * even).cumsum(axis=1)
    drawn = (rng.random((n, len(count), 1)) >= bounds).sum(axis=2)
    return space.canonical(space.repair(np.minimum(drawn, count - 1), rng))


def cost_agreement(
    source: Problem, target: Problem, rng: np.random.Generator, *, n: int = 200
) -> float:
    """Measure whether two problems agree about which networks are costly.

    Parameters
    ----------
    source, target : Problem
        With a cheap objective each, on equal genes.
    rng : numpy.random.Generator
    n : int
        How many random networks to compare.

    Returns
    -------
    float
        Spearman's correlation between their first cheap objectives; NaN where one is constant.

    Raises
    ------
    ValueError
        If a problem has no cheap objective.

    Warns
    -----
    UserWarning
        Below 0.5: then the front of one says little about that of the other.

    Examples
    --------
    >>> from pyhwnas import objectives, spaces
    >>> space = spaces.NASBench201()
    >>> macs, params = (Problem(space, (o(space),)) for o in (objectives.Macs, objectives.Params))
    >>> round(cost_agreement(macs, params, np.random.default_rng(0)), 2)
    1.0
    """
    X = sample(target.space, n, rng)
    costs = []
    for problem in (source, target):
        column = [objective.cost for objective in problem.objectives]
        if "cheap" not in column:
            raise ValueError(
                f"expected a cheap objective to compare, got {', '.join(problem.names)}"
            )
        values = problem.evaluate(X, "cheap").values
        costs.append(problem.minimised(values)[:, column.index("cheap")])
    known = np.isfinite(costs).all(axis=0)
    if not known.any() or any(np.ptp(cost[known]) == 0 for cost in costs):
        return float("nan")
    stats = require("scipy.stats", extra="surrogates")
    agreement = float(stats.spearmanr(costs[0][known], costs[1][known])[0])
    if agreement < AGREEMENT:
        warnings.warn(
            f"the costs of the two problems agree little (Spearman {agreement:.2f} on {n} random "
            "networks); a front of the one is a poor start for the other",
            stacklevel=2,
        )
    return agreement
