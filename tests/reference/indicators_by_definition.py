"""Indicators of sets as they are defined, with plain loops and exact arithmetic where it exists."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction


def _exact(rows):
    return [[Fraction(x) for x in row] for row in rows]


def _mean_root(squares):
    # Square roots of fractions: 2^600 keeps more digits than a float has, at any scale.
    scale = 1 << 600
    roots = [Fraction(math.isqrt(int(s * scale * scale)), scale) for s in squares]
    return float(sum(roots) / len(roots))


def igd(F, R):
    F, R = _exact(F), _exact(R)
    return _mean_root(
        [min(sum((x - y) ** 2 for x, y in zip(f, r, strict=True)) for f in F) for r in R]
    )


def igd_plus(F, R):
    F, R = _exact(F), _exact(R)
    return _mean_root(
        [min(sum(max(x - y, 0) ** 2 for x, y in zip(f, r, strict=True)) for f in F) for r in R]
    )


def epsilon_additive(F, R):
    return max(min(max(x - y for x, y in zip(f, r, strict=True)) for f in F) for r in R)


def epsilon_multiplicative(F, R):
    return max(min(max(x / y for x, y in zip(f, r, strict=True)) for f in F) for r in R)


def r2(F, ideal, weights):
    F, weights = _exact(F), _exact(weights)
    ideal = [Fraction(x) for x in ideal]
    nearest = [
        min(max(w * abs(x - z) for w, x, z in zip(weight, f, ideal, strict=True)) for f in F)
        for weight in weights
    ]
    return float(sum(nearest) / len(nearest))


def simplex_lattice(m, divisions):
    """All rows of m multiples of 1 / divisions that add up to 1, in lexicographic order."""
    return [
        [part / divisions for part in parts]
        for parts in itertools.product(range(divisions + 1), repeat=m)
        if sum(parts) == divisions
    ]
