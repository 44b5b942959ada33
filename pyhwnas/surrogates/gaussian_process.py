"""Gaussian process regression."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyhwnas._optional import require
from pyhwnas.surrogates.base import Constant, Fitted, Floats, checked

__all__ = ["VAGUE", "GaussianProcess", "fit_likeliest"]

VAGUE = 100.0
"""Prior variance of a trend about which nothing is known, in variances of the values."""


@dataclass(frozen=True, slots=True)
class GaussianProcess:
    """Gaussian process: a shrunk linear part, and Matern 5/2 with one length scale for the rest.

    Parameters
    ----------
    steps : int
        Most steps in the search for the likeliest hyperparameters.

    Notes
    -----
    On one-hot features the linear part adds up what each choice is worth, and the Matern
    covariance of two rows falls with the number of genes in which they differ. Both amplitudes,
    length scale and noise are the likeliest ones, from a start at the typical distance between
    rows; the mean has a vague prior instead of a fixed value. Through scikit-learn, O(n^3) for
    each step; no random numbers are drawn.

    References
    ----------
    Rasmussen and Williams, 2006, "Gaussian Processes for Machine Learning", chapters 2.7 and 5.4
    """

    steps: int = 30

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps: expected at least 1, got {self.steps}")

    def fit(self, X: Floats, y: Floats, rng: np.random.Generator) -> Fitted:
        """Choose hyperparameters by their likelihood, and condition on the examples."""
        X, y = checked(X, y)
        if (y == y[0]).all():
            return Constant(float(y[0]))
        kernels = require("sklearn.gaussian_process.kernels", extra="surrogates")
        typical = float(np.sqrt(2 * X.var(axis=0).sum())) or 1.0  # root mean square distance
        covariance = kernels.ConstantKernel(1.0, (1e-2, 1e3))
        covariance *= kernels.Matern(typical, (typical / 10, typical * 30), nu=2.5)
        covariance += kernels.ConstantKernel(VAGUE, "fixed") + kernels.WhiteKernel(
            1e-3, (1e-6, 1.0)
        )
        return fit_likeliest(covariance, X, y, self.steps)


def fit_likeliest(covariance: Any, X: Floats, y: Floats, steps: int) -> Fitted:
    """Fit a process whose hyperparameters are the likeliest ones found in so many steps.

    Parameters
    ----------
    covariance : sklearn.gaussian_process.kernels.Kernel
        With the hyperparameters to start from, for values of mean 0 and variance 1.
    X : ndarray of float64, shape (n, d)
    y : ndarray of float64, shape (n,)
        Not all equal.
    steps : int

    Returns
    -------
    Fitted
    """
    optimize = require("scipy.optimize", extra="surrogates")

    def likeliest(loss: Any, start: Floats, bounds: Floats) -> tuple[Floats, float]:
        found = optimize.minimize(
            loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": steps}
        )
        return found.x, found.fun

    module = require("sklearn.gaussian_process", extra="surrogates")
    process = module.GaussianProcessRegressor(
        covariance, alpha=1e-8, normalize_y=True, optimizer=likeliest
    )
    with warnings.catch_warnings():
        # Hyperparameters at their bounds are no news: a constant feature, an exact function.
        warnings.simplefilter("ignore")
        return _Process(process.fit(X, y))


class _Process:
    def __init__(self, process: Any) -> None:
        self._process = process

    def predict(self, X: Floats) -> Floats:
        mean: Floats = self._process.predict(X) if len(X) else np.empty(0)
        return mean
