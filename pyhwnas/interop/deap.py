"""NSGA-II's selection for DEAP's individuals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from pyhwnas import moo
from pyhwnas._optional import require
from pyhwnas.history import Floats, Ints

__all__ = ["sel_nsga2"]


def sel_nsga2(individuals: Sequence[Any], k: int) -> list[Any]:
    """Select by front, then by crowding distance: ``deap.tools.selNSGA2`` with these kernels.

    Parameters
    ----------
    individuals : sequence of individuals
        Each with an evaluated ``fitness``; weights of any sign, as many objectives as they are.
    k : int
        How many to select; all of them where there are fewer.

    Returns
    -------
    list of individuals
        References into `individuals`: whole fronts, then of the last front those with the largest
        crowding distances. The same individuals in the same order as DEAP returns.

    Raises
    ------
    MissingExtraError
        If DEAP is not installed.
    TypeError
        If the fitness has a dominance of its own, as ``deap.base.ConstrainedFitness`` has.
    ValueError
        If `k` is negative, a fitness was not evaluated, holds NaN or has another number of values
        than the rest; the message names the row.

    Notes
    -----
    As with DEAP, dominance is that of ``fitness.wvalues`` and distances are those of
    ``fitness.values``: the sum over objectives of the gap between neighbours over m times the
    range of the front. They are written to ``fitness.crowding_dist`` of every individual of the
    fronts that were looked at, with DEAP's bits.

    Ties are DEAP's too: equal fitnesses stand together, a front lists its rows as the bookkeeping
    of the fast non-dominated sort finds them [1]_, and each objective reorders equal values of the
    order before. Only where infinite values make a distance NaN, the order of a front that is cut
    may differ: here such rows come last.

    Ranks come from `moo.nondominated_sort`; the order within fronts adds one comparison for each
    pair of rows in neighbouring fronts, in numpy.

    References
    ----------
    .. [1] K. Deb, A. Pratap, S. Agarwal, T. Meyarivan, "A fast and elitist multiobjective genetic
       algorithm: NSGA-II", IEEE Trans. Evol. Comput. 6 (2002), doi:10.1109/4235.996017

    Examples
    --------
    >>> from pyhwnas.interop.deap import sel_nsga2
    >>> from deap import base
    >>> class Cost(base.Fitness):
    ...     weights = (-1.0, -1.0)
    >>> class Network(list):
    ...     def __init__(self, genes, values):
    ...         super().__init__(genes)
    ...         self.fitness = Cost(values)
    >>> population = [Network([i], v) for i, v in enumerate([(0, 4), (1, 2), (3, 1), (4, 4)])]
    >>> toolbox = base.Toolbox()
    >>> toolbox.register("select", sel_nsga2)
    >>> toolbox.select(population, k=3)
    [[0], [2], [1]]
    >>> population[1].fitness.crowding_dist
    1.0
    """
    if k < 0:
        raise ValueError(f"k must be at least 0, got {k}")
    if k == 0 or not individuals:
        return []
    fitnesses = [individual.fitness for individual in individuals]
    _check_dominance(fitnesses)
    values = _matrix([fitness.values for fitness in fitnesses])
    chosen: list[int] = []
    for front in _fronts(_matrix([fitness.wvalues for fitness in fitnesses]), k):
        distances = _crowding(values[front])
        for row, distance in zip(front.tolist(), distances.tolist(), strict=True):
            fitnesses[row].crowding_dist = distance
        is_last = len(chosen) + len(front) >= min(k, len(individuals))
        chosen += front[np.argsort(-distances, kind="stable") if is_last else ...].tolist()
    return [individuals[row] for row in chosen[:k]]


def _fronts(W: Floats, k: int) -> Iterator[Ints]:
    """Rows of each front, all maximised, until there are `k`; in the order in which they are found.

    The fast non-dominated sort meets a row of the next front when it has gone through the last of
    its dominators, so that one's place in the front before gives the place of the row.
    """
    # Adding 0 makes -0.0 and 0.0 one. Rows of one number stand together, in row order.
    _, first, numbers = np.unique(W + 0.0, axis=0, return_index=True, return_inverse=True)
    by_appearance = np.argsort(first)
    number = np.argsort(by_appearance)[numbers.reshape(-1)]
    rows = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[rows], np.arange(len(first) + 1))
    distinct = W[first[by_appearance]]
    ranks = moo.nondominated_sort(-distinct)
    previous, n_found = np.flatnonzero(ranks == 0), 0
    for rank in range(int(ranks.max()) + 1):
        if rank:
            members = np.flatnonzero(ranks == rank)
            found = _last_dominator(distinct[previous], distinct[members])
            previous = members[np.argsort(found, kind="stable")]
        front = np.concatenate([rows[starts[i] : starts[i + 1]] for i in previous.tolist()])
        yield front
        n_found += len(front)
        if n_found >= k:
            return


def _last_dominator(above: Floats, below: Floats) -> Ints:
    """Place in `above` of the last dominator of each row of `below`; no two rows are equal."""
    last = np.empty(len(below), dtype=np.int64)
    step = max(1, 2**22 // len(above))
    for start in range(0, len(below), step):
        block = below[start : start + step]
        dominates = np.ones((len(block), len(above)), dtype=np.bool_)
        for column in range(above.shape[1]):
            dominates &= above[:, column] >= block[:, column, None]
        last[start : start + step] = len(above) - 1 - dominates[:, ::-1].argmax(axis=1)
    return last


def _crowding(V: Floats) -> Floats:
    """Crowding distances of one front in DEAP's arithmetic."""
    n, m = V.shape
    distances = np.zeros(n)
    order = np.arange(n)
    with np.errstate(invalid="ignore", over="ignore"):
        for column in V.T:
            order = order[np.argsort(column[order], kind="stable")]
            v = column[order]
            distances[order[0]] = distances[order[-1]] = np.inf
            if v[-1] != v[0]:
                distances[order[1:-1]] += (v[2:] - v[:-2]) / (m * (v[-1] - v[0]))
    return distances


def _check_dominance(fitnesses: list[Any]) -> None:
    plain = require("deap.base", extra="deap").Fitness.dominates
    for kind in dict.fromkeys(map(type, fitnesses)):
        if getattr(kind, "dominates", plain) is not plain:
            raise TypeError(
                f"individuals: {kind.__name__} decides dominance in its own way, which these "
                "kernels do not see; use deap.tools.selNSGA2"
            )


def _matrix(rows: list[tuple[float, ...]]) -> Floats:
    for row, values in enumerate(rows):
        if len(values) != len(rows[0]) or not values:
            expected = f"expected {len(rows[0])} as in row 0" if row else "evaluate it first"
            raise ValueError(f"individuals: row {row} has {len(values)} fitness values; {expected}")
    matrix = np.array(rows, dtype=np.float64)
    if np.isnan(matrix).any():
        row = int(np.isnan(matrix).any(axis=1).argmax())
        raise ValueError(f"individuals: the fitness of row {row} holds NaN")
    return matrix
