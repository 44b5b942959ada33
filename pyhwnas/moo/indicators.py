"""How far a set is from a reference set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhwnas import _core
from pyhwnas._arrays import as_matrix, as_vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["epsilon_additive", "epsilon_multiplicative", "igd", "igd_plus", "r2"]


def igd(F: ArrayLike, R: ArrayLike, *, threads: int = 1) -> float:
    """Mean distance of the rows of R to F."""
    return _core.igd(as_matrix(F, "F"), as_matrix(R, "R"), threads)


def igd_plus(F: ArrayLike, R: ArrayLike, *, threads: int = 1) -> float:
    """Mean distance of the rows of R to what F dominates."""
    return _core.igd_plus(as_matrix(F, "F"), as_matrix(R, "R"), threads)


def epsilon_additive(F: ArrayLike, R: ArrayLike, *, threads: int = 1) -> float:
    """Least shift after which F weakly dominates R."""
    return _core.epsilon_additive(as_matrix(F, "F"), as_matrix(R, "R"), threads)


def epsilon_multiplicative(F: ArrayLike, R: ArrayLike, *, threads: int = 1) -> float:
    """Least divisor after which F weakly dominates R."""
    return _core.epsilon_multiplicative(as_matrix(F, "F"), as_matrix(R, "R"), threads)


def r2(
    F: ArrayLike, ideal: ArrayLike, weights: ArrayLike | None = None, *, threads: int = 1
) -> float:
    """Mean over the weights of the least weighted distance from the ideal point."""
    if weights is None:
        raise NotImplementedError
    return _core.r2(
        as_matrix(F, "F"), as_vector(ideal, "ideal"), as_matrix(weights, "weights"), threads
    )
