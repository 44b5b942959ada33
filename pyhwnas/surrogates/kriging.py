"""Kriging as in DACE."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pyhwnas._optional import require
from pyhwnas.surrogates.base import Constant, Fitted, Floats, checked
from pyhwnas.surrogates.gaussian_process import VAGUE, fit_likeliest

__all__ = ["Kriging"]

SHORTEST, START, LONGEST = 200**-0.5, 0.5**0.5, 5e4**0.5
"""Length scales that belong to theta = 100, 1 and 1e-5."""


@dataclass(frozen=True, slots=True)
class Kriging:
    """Gaussian process with a linear trend and a Gaussian correlation, as published.

    Parameters
    ----------
    steps : int
        Most steps in the search for the likeliest hyperparameters.

    Notes
    -----
    Features and values have mean 0 and deviation 1. The correlation is ``exp(-theta r^2)`` with
    one theta from 1e-5 to 100, found from 1 by likelihood, and there is no noise. The trend has a
    vague prior, of which the generalised least squares of DACE are the limit; so there may be
    fewer rows than features. Through scikit-learn, O(n^3) for each step; no random numbers are
    drawn.

    References
    ----------
    Lophaven, Nielsen and Sondergaard, 2002, "DACE: A Matlab Kriging Toolbox";
    Lu et al., 2020, https://doi.org/10.1007/978-3-030-58452-8_3
    """

    steps: int = 30

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps: expected at least 1, got {self.steps}")

    def fit(self, X: Floats, y: Floats, rng: np.random.Generator) -> Fitted:
        """Choose theta and the amplitude by their likelihood, and condition on the examples."""
        X, y = checked(X, y)
        mean, scale = X.mean(axis=0), X.std(axis=0)
        varying = scale > 0
        if (y == y[0]).all() or not varying.any():
            return Constant(float(y.mean()))
        kernels = require("sklearn.gaussian_process.kernels", extra="surrogates")
        covariance = kernels.ConstantKernel(1.0, (1e-3, 1e3))
        covariance *= kernels.RBF(START, (SHORTEST, LONGEST))
        covariance += kernels.ConstantKernel(VAGUE, "fixed") * kernels.DotProduct(1.0, "fixed")
        scale = np.where(varying, scale, np.inf)  # what never varied says nothing
        return _Scaled(fit_likeliest(covariance, (X - mean) / scale, y, self.steps), mean, scale)


class _Scaled:
    """A function of features with mean 0 and deviation 1."""

    def __init__(self, function: Fitted, mean: Floats, scale: Floats) -> None:
        self._function = function
        self._mean = mean
        self._scale = scale

    def predict(self, X: Floats) -> Floats:
        return self._function.predict((X - self._mean) / self._scale)
