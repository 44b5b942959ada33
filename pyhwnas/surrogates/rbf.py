"""Interpolation by radial basis functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pyhwnas._optional import require
from pyhwnas.surrogates.base import Constant, Fitted, Floats, checked

__all__ = ["RBF"]


@dataclass(frozen=True, slots=True)
class RBF:
    """Cubic radial basis functions with a linear tail.

    Parameters
    ----------
    smoothing : float
        Weight of smoothness against exactness, the ridge of the interpolation system; 0
        interpolates, and then rows have to be distinct.

    Notes
    -----
    ``sum_i w_i |x - x_i|^3 + b x + a``, through SciPy. Directions in which the examples do not
    vary are left out of distances and tail, so that the tail is determined for any number of rows
    and for one-hot features; with as many rows as varying directions or fewer, what is left is
    the plane of smallest slope through the values. O(n^3 + n^2 d) for n rows.

    References
    ----------
    Lu et al., 2020, https://doi.org/10.1007/978-3-030-58452-8_3;
    Regis and Shoemaker, 2007, https://doi.org/10.1287/ijoc.1060.0182
    """

    smoothing: float = 1e-6

    def __post_init__(self) -> None:
        if not self.smoothing >= 0:
            raise ValueError(f"smoothing: expected at least 0, got {self.smoothing}")

    def fit(self, X: Floats, y: Floats, rng: np.random.Generator) -> Fitted:
        """Solve for the weights; no random numbers are drawn."""
        X, y = checked(X, y)
        mean = X.mean(axis=0)
        _, size, directions = np.linalg.svd(X - mean, full_matrices=False)
        directions = directions[size > 1e-9 * max(float(size.max(initial=0.0)), 1e-300)]
        if not len(directions) or (y == y[0]).all():
            return Constant(float(y.mean()))
        interpolate = require("scipy.interpolate", extra="surrogates")
        function = interpolate.RBFInterpolator(
            (X - mean) @ directions.T, y, kernel="cubic", degree=1, smoothing=self.smoothing
        )
        return _Interpolant(function, mean, directions)


class _Interpolant:
    def __init__(self, function: Any, mean: Floats, directions: Floats) -> None:
        self._function = function
        self._mean = mean
        self._directions = directions

    def predict(self, X: Floats) -> Floats:
        values: Floats = self._function((X - self._mean) @ self._directions.T)
        return values
