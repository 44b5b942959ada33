"""Multi-objective functions as they are defined, with plain loops. All objectives are minimised."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np


def dominates(a, b):
    return all(x <= y for x, y in zip(a, b, strict=True)) and any(
        x < y for x, y in zip(a, b, strict=True)
    )


def dominance_counts(F):
    return np.array([sum(dominates(a, b) for a in F) for b in F], dtype=np.int32)


def nondominated_mask(F, keep_equal=True):
    rows = [tuple(row + 0.0) for row in F]  # -0.0 + 0.0 is 0.0
    return np.array(
        [
            not any(dominates(a, b) for a in rows) and (keep_equal or b not in rows[:i])
            for i, b in enumerate(rows)
        ],
        dtype=bool,
    )


def nondominated_sort(F):
    ranks = np.full(len(F), -1, dtype=np.int32)
    for rank in itertools.count():
        left = np.flatnonzero(ranks < 0)
        if not len(left):
            return ranks
        ranks[left[nondominated_mask(F[left])]] = rank


def crowding_distance(F, ranks=None):
    ranks = np.zeros(len(F), dtype=int) if ranks is None else ranks
    distances = np.zeros(len(F))
    for rank in set(ranks):
        front = [i for i in range(len(F)) if ranks[i] == rank]
        if len(front) <= 2:
            distances[front] = math.inf
            continue
        for values in F.T:
            order = sorted(front, key=lambda i: (values[i], i))
            if values[order[0]] == values[order[-1]]:
                continue
            finite = [values[i] for i in front if math.isfinite(values[i])] or [0.0]
            low, high = min(finite), max(finite)
            distances[order[0]] = distances[order[-1]] = math.inf
            for before, i, after in zip(order, order[1:], order[2:], strict=False):
                if high > low:
                    gap = np.clip(values[after], low, high) - np.clip(values[before], low, high)
                    distances[i] += gap / (high - low)
    return distances


def hypervolume(F, ref_point):
    """Inclusion and exclusion over all subsets, in exact arithmetic: for a handful of rows."""
    ref = [Fraction(x) for x in ref_point]
    rows = [[Fraction(x) for x in row] for row in F]
    rows = [row for row in rows if all(x < r for x, r in zip(row, ref, strict=True))]
    total = Fraction(0)
    for size in range(1, len(rows) + 1):
        for subset in itertools.combinations(rows, size):
            corner = [max(column) for column in zip(*subset, strict=True)]
            volume = math.prod((r - x for r, x in zip(ref, corner, strict=True)), start=Fraction(1))
            total += volume if size % 2 else -volume
    return total


def hypervolume_contributions(F, ref_point):
    """The difference that each row makes, rounded once."""
    whole = hypervolume(F, ref_point)
    return np.array(
        [float(whole - hypervolume(np.delete(F, i, axis=0), ref_point)) for i in range(len(F))]
    )


def hypervolume_subset(F, k, ref_point):
    """Greedy: each time the row that adds most, of equal gains the first."""
    chosen = []
    for _ in range(k):
        left = [i for i in range(len(F)) if i not in chosen]
        chosen.append(max(left, key=lambda i: (hypervolume(F[[*chosen, i]], ref_point), -i)))
    return chosen
