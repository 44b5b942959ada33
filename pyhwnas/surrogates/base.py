"""What a surrogate is."""

from __future__ import annotations

from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

__all__ = ["Constant", "Fitted", "Floats", "Surrogate", "checked"]

Floats: TypeAlias = npt.NDArray[np.float64]


class Fitted(Protocol):
    """A function of features that was learned from examples."""

    def predict(self, X: Floats, /) -> Floats:
        """Predict rows of features, float64[n, d] to float64[n]."""
        ...


@runtime_checkable
class Surrogate(Protocol):
    """A way to learn a function of features: the settings alone, a frozen dataclass."""

    def fit(self, X: Floats, y: Floats, rng: np.random.Generator, /) -> Fitted:
        """Learn from examples.

        Parameters
        ----------
        X : ndarray of float64, shape (n, d)
            Features, see `encode`; at least one row.
        y : ndarray of float64, shape (n,)
            Finite values; they may all be equal.
        rng : numpy.random.Generator
            The only source of randomness.

        Returns
        -------
        Fitted
        """
        ...


class Constant:
    """What can be learned from one value.

    Parameters
    ----------
    value : float
    """

    def __init__(self, value: float) -> None:
        self.value = value

    def predict(self, X: Floats) -> Floats:
        """Return the value for each row."""
        return np.full(len(X), self.value)


def checked(X: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Check examples.

    Parameters
    ----------
    X : array_like of float, shape (n, d)
    y : array_like of float, shape (n,)

    Returns
    -------
    tuple of ndarray of float64

    Raises
    ------
    ValueError
        If shapes do not fit, there is no row, or a number is not finite.
    """
    features, values = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if features.ndim != 2 or values.shape != features.shape[:1] or not len(values):
        raise ValueError(
            "X, y: expected at least one row of features and a value for each, got shapes "
            f"{features.shape} and {values.shape}"
        )
    if not (np.isfinite(features).all() and np.isfinite(values).all()):
        raise ValueError("X, y: expected finite numbers; leave failed rows out")
    return features, values
