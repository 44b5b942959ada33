"""Sets of objective vectors on which multi-objective kernels are compared; all are minimised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["convex", "cube", "integers", "layers", "linear", "sphere"]

N_LAYERS = 40
N_VALUES = 100


def _rng(n: int, m: int) -> np.random.Generator:
    return np.random.default_rng([n, m])


def _directions(n: int, m: int) -> NDArray[np.float64]:
    """Uniform on the positive part of the unit sphere."""
    x = np.abs(_rng(n, m).standard_normal((n, m)))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def cube(n: int, m: int) -> NDArray[np.float64]:
    """Uniform in the unit cube: few rows are non-dominated when m is small."""
    return _rng(n, m).random((n, m))


def sphere(n: int, m: int) -> NDArray[np.float64]:
    """On a sphere around the ideal point: a concave front, all rows non-dominated."""
    return _directions(n, m)


def convex(n: int, m: int) -> NDArray[np.float64]:
    """On a sphere around the nadir: a convex front, all rows non-dominated."""
    return 1.0 - _directions(n, m)


def linear(n: int, m: int) -> NDArray[np.float64]:
    """On the simplex, all rows non-dominated."""
    return _rng(n, m).dirichlet(np.ones(m), n)


def layers(n: int, m: int) -> NDArray[np.float64]:
    """Forty fronts, each a sphere behind the one before."""
    radius = 1.0 + _rng(n, m).integers(0, N_LAYERS, n) / N_LAYERS
    return _directions(n, m) * radius[:, None]


def integers(n: int, m: int) -> NDArray[np.float64]:
    """A hundred values in each objective: many ties, and equal rows when m is small."""
    return _rng(n, m).integers(0, N_VALUES, (n, m)).astype(np.float64)
