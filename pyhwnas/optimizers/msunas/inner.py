"""NSGA-II on values that cost nothing, to find what is worth evaluating."""

from __future__ import annotations

import numpy as np

from pyhwnas.history import Ints
from pyhwnas.optimizers.msunas.predicted import Measure, Values
from pyhwnas.optimizers.nsga3 import reference_directions, survivors_by_niche
from pyhwnas.optimizers.operators.selection import fronts_and_crowding, survivors, tournament
from pyhwnas.optimizers.operators.variation import polynomial_mutation, two_point_crossover
from pyhwnas.problem import Problem

__all__ = ["inner_search"]

CROSSOVER, ETA = 0.9, 1.0
"""Probability of crossover and index of the mutation, as published."""

MANY = 4
"""From so many objectives on, room around a row says little."""


def inner_search(
    problem: Problem,
    start: Ints,
    measure: Measure,
    rng: np.random.Generator,
    *,
    population: int,
    generations: int,
) -> tuple[Ints, Values]:
    """Search for the front of values that cost nothing.

    Parameters
    ----------
    problem : Problem
    start : ndarray of int64, shape (k, n_genes)
        First population; k is at least 1 and may be more or less than `population`.
    measure : callable
        Values of rows, see `Measure`.
    rng : numpy.random.Generator
    population, generations : int

    Returns
    -------
    X : ndarray of int64, shape (at most population, n_genes)
        The last population, best first, without duplicates.
    values : Values
        Of these rows.

    Notes
    -----
    From four objectives on, the last front that survives is filled by reference directions
    instead of crowding, see `NSGA3`.

    References
    ----------
    Deb et al., 2002, https://doi.org/10.1109/4235.996017;
    Deb and Jain, 2014, https://doi.org/10.1109/TEVC.2013.2281535
    """
    space = problem.space
    X = start[np.sort(np.unique(problem.key(start), return_index=True)[1])]
    values = measure(X)
    for _ in range(generations):
        order = fronts_and_crowding(*values)
        parents = X[tournament(order, 2 * population, rng)]
        first, second = parents[:population], parents[population:]
        crossed = two_point_crossover(space, first, second, rng)
        children = np.where(rng.random((population, 1)) < CROSSOVER, crossed, first)
        children = polynomial_mutation(space, children, rng, eta=ETA)
        children = children[space.valid(children)]
        keys = np.concatenate([problem.key(X), problem.key(children)])
        new = np.sort(np.unique(keys, return_index=True)[1])
        new = new[new >= len(X)] - len(X)
        X = np.concatenate([X, children[new]])
        values = values.join(measure(children[new]))
        kept = _survivors(values, population, rng)
        X, values = X[kept], values.take(kept)
    return X, values


def _survivors(values: Values, n: int, rng: np.random.Generator) -> Ints:
    """Choose rows by fronts and crowding, or by fronts and niches; the best front first."""
    order = fronts_and_crowding(*values)
    m = values.F.shape[1]
    if m < MANY or len(values.F) <= n:
        return survivors(order, n, rng)
    feasible = ~values.failed & (values.violation <= 0)
    directions = reference_directions(m, n)
    kept = survivors_by_niche(values.F, order.front, feasible, n, directions, rng)
    return kept[np.argsort(order.front[kept], kind="stable")]
