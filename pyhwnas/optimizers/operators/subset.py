"""Which of many candidates to evaluate, given what is predicted of them."""

from __future__ import annotations

import numpy as np

from pyhwnas import moo
from pyhwnas.history import Floats, Ints

__all__ = [
    "farthest",
    "gap_deviation",
    "gap_filling",
    "hypervolume_improvement",
    "most_volume",
    "sparse_regions",
]

SUBSETS, GENERATIONS = 100, 60
"""Size and length of the genetic algorithm of `gap_filling`, as published."""


def hypervolume_improvement(F: Floats, front: Floats, k: int, ref_point: Floats) -> Ints:
    """Choose the rows that add most hypervolume to a front, one after the other.

    Parameters
    ----------
    F : ndarray of float64, shape (n, m)
        Predicted values of the candidates, minimised.
    front : ndarray of float64, shape (a, m)
        Values that have been measured.
    k : int
    ref_point : ndarray of float64, shape (m,)

    Returns
    -------
    ndarray of int64, shape (at most k,)
        Distinct rows, in the order in which each adds most to the front and the rows before it,
        the first of equals. Rows that add nothing are left out.

    Notes
    -----
    What a row adds is its own volume less that of what it shares with the others. A row that
    another dominates never comes before that one and adds nothing after it, so only the
    candidates' own front is measured, k times.

    References
    ----------
    Emmerich, Giannakoglou and Naujoks, 2006, https://doi.org/10.1109/TEVC.2005.859463

    Examples
    --------
    >>> import numpy as np
    >>> front = np.array([[1.0, 3.0], [3.0, 1.0]])
    >>> F = np.array([[2.0, 2.0], [4.0, 4.0], [0.0, 3.5], [2.0, 2.0]])
    >>> hypervolume_improvement(F, front, 3, np.array([4.0, 4.0]))
    array([0, 2])
    """
    rows = np.flatnonzero(moo.nondominated_mask(F, keep_equal=False))
    known, chosen = front, np.empty(0, dtype=np.int64)
    while len(rows) and len(chosen) < k:
        own = np.prod(np.maximum(ref_point - F[rows], 0.0), axis=1)
        shared = moo.hypervolume(np.maximum(F[rows, None], known[None]), ref_point)
        gain = own - shared
        best = int(np.argmax(gain))
        # Both volumes are rounded; less than this is nothing.
        more = gain > 1e-12 * own
        if not more[best]:
            break
        chosen = np.append(chosen, rows[best])
        known = np.concatenate([known, F[rows[best]][None]])
        more[best] = False
        rows = rows[more]
    return chosen


def most_volume(F: Floats, front: Floats, k: int, ref_point: Floats | None) -> Ints:
    """Choose the candidates with most hypervolume, first beyond a front, then behind it.

    Parameters
    ----------
    F : ndarray of float64, shape (n, m)
        Predicted values of the candidates, minimised, the best ones first.
    front : ndarray of float64, shape (a, m)
        Values that have been measured.
    k : int
        From 0 to n.
    ref_point : ndarray of float64, shape (m,), or None
        Without it, and where nothing adds volume, candidates are taken as they come.

    Returns
    -------
    ndarray of int64, shape (k,)
        Distinct candidates: those of `hypervolume_improvement`; then, as if there were no front
        and with what is left, those that add most to each other, again and again.
    """
    chosen = np.empty(0, dtype=np.int64)
    rest = np.arange(len(F))
    while ref_point is not None and len(chosen) < k:
        more = rest[hypervolume_improvement(F[rest], front, k - len(chosen), ref_point)]
        if not len(more) and not len(front):
            break
        chosen, rest = np.concatenate([chosen, more]), np.setdiff1d(rest, more)
        front = front[:0]
    return np.concatenate([chosen, rest[: k - len(chosen)]])


def sparse_regions(
    F: Floats, front: Floats, k: int, accuracy: int, rng: np.random.Generator, *, best: bool
) -> Ints:
    """Choose candidates where the front has few rows along its costs.

    Parameters
    ----------
    F : ndarray of float64, shape (n, m)
        Predicted values of the candidates, minimised.
    front : ndarray of float64, shape (a, m)
        Values that have been measured.
    k : int
        From 1 to n.
    accuracy : int
        The column that is no cost, unless it is the only one.
    rng : numpy.random.Generator
    best : bool
        Whether the first candidate is the one with the best accuracy.

    Returns
    -------
    ndarray of int64, shape (k,)
        Distinct candidates: by `gap_filling` for one cost, by `farthest` for several.
    """
    if F.shape[1] == 1:
        return np.argsort(F[:, 0], kind="stable")[:k]
    rest = np.arange(len(F))
    first = rest[:0]
    if best:
        first = np.argmin(F[:, accuracy], keepdims=True)
        rest = np.delete(rest, first)
    cost, known = np.delete(F, accuracy, axis=1), np.delete(front, accuracy, axis=1)
    known = np.concatenate([known, cost[first]])
    if cost.shape[1] == 1:
        more = gap_filling(cost[rest, 0], known[:, 0], k - len(first), rng)
    else:
        more = farthest(cost[rest], known, k - len(first))
    return np.concatenate([first, rest[more]])


def gap_filling(cost: Floats, front: Floats, k: int, rng: np.random.Generator) -> Ints:
    """Choose candidates such that front and candidates together are evenly spaced.

    Parameters
    ----------
    cost : ndarray of float64, shape (n,)
        Of the candidates.
    front : ndarray of float64, shape (a,)
        Costs of the networks that are in the front already.
    k : int
        From 0 to n.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (k,)
        Distinct candidates, ascending.

    Notes
    -----
    Minimises `gap_deviation` by a genetic algorithm over subsets of k: 100 of them, 60
    generations, binary tournament; a child keeps what its parents share and draws the rest from
    what only one of them has, then swaps one candidate for another.

    References
    ----------
    Lu et al., 2020, https://doi.org/10.1007/978-3-030-58452-8_3
    """
    n = len(cost)
    if not 0 < k < n:
        return np.arange(n if k else 0)
    subsets = _first_k(rng.random((SUBSETS, n)), k)
    loss = gap_deviation(cost[subsets], front)
    for _ in range(GENERATIONS):
        pairs = rng.integers(0, SUBSETS, size=(2, 2, SUBSETS))
        mother, father = np.where(loss[pairs[0]] <= loss[pairs[1]], pairs[0], pairs[1])
        children = _swapped(_crossed(subsets[mother], subsets[father], n, rng), n, rng)
        everyone = np.concatenate([subsets, children])
        losses = np.concatenate([loss, gap_deviation(cost[children], front)])
        order = np.argsort(losses, kind="stable")[:SUBSETS]
        subsets, loss = everyone[order], losses[order]
    return np.sort(subsets[0])


def gap_deviation(cost: Floats, front: Floats) -> Floats:
    """Measure how unevenly costs are spaced.

    Parameters
    ----------
    cost : ndarray of float64, shape (b, k)
        Costs of b subsets.
    front : ndarray of float64, shape (a,)
        Costs that join each of them.

    Returns
    -------
    ndarray of float64, shape (b,)
        Standard deviation of the gaps between neighbours.
    """
    together = np.concatenate([np.repeat(front[None], len(cost), axis=0), cost], axis=1)
    gaps = np.diff(np.sort(together, axis=1), axis=1)
    return gaps.std(axis=1) if gaps.shape[1] else np.zeros(len(cost))


def farthest(costs: Floats, front: Floats, k: int) -> Ints:
    """Choose candidates far from the front and from each other, one after the other.

    Parameters
    ----------
    costs : ndarray of float64, shape (n, m)
        Of the candidates.
    front : ndarray of float64, shape (a, m)
        Costs of the networks that are in the front already.
    k : int

    Returns
    -------
    ndarray of int64, shape (min(k, n),)
        Distinct candidates; each has the largest distance to its nearest neighbour among the
        front and those before it. Axes are scaled by the range of the front, or of the
        candidates where the front has none.
    """
    span = np.ptp(front, axis=0) if len(front) else np.zeros(costs.shape[1])
    span = np.where(span > 0, span, np.ptp(costs, axis=0) if len(costs) else 1.0)
    span = np.where(span > 0, span, 1.0)
    nearest = np.full(len(costs), np.inf)
    for place in front:
        nearest = np.minimum(nearest, np.linalg.norm((costs - place) / span, axis=1))
    chosen = np.empty(min(k, len(costs)), dtype=np.int64)
    for position in range(len(chosen)):
        row = int(np.argmax(nearest))
        chosen[position] = row
        nearest = np.minimum(nearest, np.linalg.norm((costs - costs[row]) / span, axis=1))
        nearest[chosen[: position + 1]] = -1.0
    return chosen


def _first_k(preference: Floats, k: int) -> Ints:
    return np.argsort(-preference, axis=1, kind="stable")[:, :k]


def _membership(subsets: Ints, n: int) -> Floats:
    members = np.zeros((len(subsets), n))
    np.put_along_axis(members, subsets, 1.0, axis=1)
    return members


def _crossed(mothers: Ints, fathers: Ints, n: int, rng: np.random.Generator) -> Ints:
    """Keep what both have, and fill up with what one of them has."""
    count = _membership(mothers, n) + _membership(fathers, n)
    return _first_k(count + (count == 1) * rng.random(count.shape) / 2, mothers.shape[1])


def _swapped(subsets: Ints, n: int, rng: np.random.Generator) -> Ints:
    """Put a random candidate in the place of a random member."""
    outside = rng.random((len(subsets), n)) - 2.0 * _membership(subsets, n)
    swapped = subsets.copy()
    place = rng.integers(0, subsets.shape[1], size=len(subsets))
    swapped[np.arange(len(subsets)), place] = outside.argmax(axis=1)
    return swapped
