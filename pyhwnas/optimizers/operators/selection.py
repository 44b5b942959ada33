"""Which rows are better, survive and mate: ranks, fronts and crowding, feasible rows first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pyhwnas import moo
from pyhwnas.history import Bools, Floats, History, Ints
from pyhwnas.problem import Problem

__all__ = [
    "Order",
    "columns",
    "competition_ranks",
    "fronts_and_crowding",
    "metric_ranks",
    "survivors",
    "tournament",
]

INFEASIBLE, FAILED = 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """How good rows are: first by front, then by crowding distance.

    Parameters
    ----------
    front : ndarray of int64, shape (n,)
        0 is best.
    crowding : ndarray of float64, shape (n,)
        Within its front, more is better.
    """

    front: Ints
    crowding: Floats

    def take(self, rows: Ints) -> Order:
        """Return the order of some of the rows."""
        return Order(self.front[rows], self.crowding[rows])


def fronts_and_crowding(F: Floats, violation: Floats, failed: Bools) -> Order:
    """Order rows by constrained domination.

    Parameters
    ----------
    F : ndarray of float64, shape (n, m)
        Minimised; rows that failed may hold NaN.
    violation : ndarray of float64, shape (n,)
        0 is feasible. Those that are not come behind all feasible rows, by their violation.
    failed : ndarray of bool, shape (n,)
        They come last.

    Returns
    -------
    Order

    References
    ----------
    Deb et al., 2002, https://doi.org/10.1109/4235.996017
    """
    front = np.zeros(len(F), dtype=np.int64)
    crowding = np.zeros(len(F))
    feasible = ~failed & (violation <= 0)
    if feasible.any():
        front[feasible] = moo.nondominated_sort(F[feasible])
        crowding[feasible] = moo.crowding_distance(F[feasible], front[feasible])
    behind = int(front.max(initial=-1)) + 1 if feasible.any() else 0
    violating = ~failed & ~feasible
    levels, place = np.unique(violation[violating], return_inverse=True)
    front[violating] = behind + place
    front[failed] = behind + len(levels)
    return Order(front, crowding)


def survivors(order: Order, n: int, rng: np.random.Generator) -> Ints:
    """Choose the n best rows, best first; equals in a random order.

    Parameters
    ----------
    order : Order
    n : int
        All rows where there are fewer.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (min(n, len(order.front)),)
    """
    luck = rng.random(len(order.front))
    return np.lexsort((luck, -order.crowding, order.front))[:n]


def tournament(order: Order, n: int, rng: np.random.Generator) -> Ints:
    """Choose parents: of two different random rows the better one, a random one of equals.

    Parameters
    ----------
    order : Order
        Of at least one row.
    n : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    size = len(order.front)
    first = rng.integers(0, size, size=n)
    second = (first + rng.integers(1, max(size, 2), size=n)) % size
    # Later keys are stronger; what is equal was drawn at random.
    place = np.empty(size, dtype=np.int64)
    place[survivors(order, size, rng)] = np.arange(size)
    same = (order.front[first] == order.front[second]) & (
        order.crowding[first] == order.crowding[second]
    )
    return np.where(same | (place[first] < place[second]), first, second)


def competition_ranks(values: Floats, group: Ints | None = None) -> Ints:
    """Rank values: 1 for the smallest, equals share the smaller rank, the next one skips.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Without NaN.
    group : ndarray of int64, shape (n,), optional
        Rows of a smaller group rank before all of a larger one, whatever their values.

    Returns
    -------
    ndarray of int64, shape (n,)

    Examples
    --------
    >>> competition_ranks(np.array([30.0, 10.0, 20.0, 20.0]))
    array([4, 1, 2, 2])
    """
    group = np.zeros(len(values), dtype=np.int64) if group is None else group
    order = np.lexsort((values, group))
    sorted_values, sorted_group = values[order], group[order]
    starts = np.ones(len(values), dtype=bool)
    starts[1:] = (sorted_values[1:] != sorted_values[:-1]) | (sorted_group[1:] != sorted_group[:-1])
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order] = np.maximum.accumulate(np.where(starts, np.arange(1, len(values) + 1), 0))
    return ranks


def columns(problem: Problem, names: Sequence[str], what: str) -> Ints:
    """Return the columns of objectives by name; `what` asks for them."""
    missing = [name for name in names if name not in problem.names]
    if missing:
        raise ValueError(
            f"{what}: {', '.join(missing)} is not among the problem's objectives "
            f"({', '.join(problem.names)}); add it there or do not name it here"
        )
    return np.array([problem.names.index(name) for name in names], dtype=np.int64)


def metric_ranks(history: History, rows: Ints, column: int) -> Ints:
    """Rank some rows of a history by one objective.

    Parameters
    ----------
    history : History
    rows : ndarray of int64, shape (n,)
    column : int
        Of the objective.

    Returns
    -------
    ndarray of int64, shape (n,)
        Competition ranks from 1, less is better: feasible rows by their value, then infeasible
        ones by their violation, then failed ones.
    """
    infeasible = np.where(history.violation[rows] > 0, INFEASIBLE, 0)
    group = np.where(history.failed[rows], FAILED, infeasible)
    values = np.where(group == INFEASIBLE, history.violation[rows], history.F[rows, column])
    return competition_ranks(np.where(group == FAILED, 0.0, values), group)
