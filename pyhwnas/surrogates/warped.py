"""Good values in detail, bad ones roughly."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pyhwnas.surrogates.base import Fitted, Floats, Surrogate, checked
from pyhwnas.surrogates.gaussian_process import GaussianProcess

__all__ = ["Warped"]

SPAN = 4.0
"""Distances from best to median within which values are nearly proportional."""

MOST = 20.0
"""Logarithm beyond which a prediction is not taken back further."""


@dataclass(frozen=True, slots=True)
class Warped:
    """Another surrogate that learns how much worse than the best values are, as a logarithm.

    Errors of networks have a heavy tail: a few train badly or not at all. What is learned here
    is ``log(1 + (y - best) / (4 (median - best)))``: nearly proportional to y for most values, so
    that sums over genes stay sums, and ever less for the tail.

    Parameters
    ----------
    surrogate : Surrogate

    Notes
    -----
    Values are minimised; best and median are those of the examples. Monotone, so that ranks stay,
    and taken back for predictions. Where half of the values are the best one, nothing is changed.

    References
    ----------
    Snelson, Ghahramani and Rasmussen, 2004, "Warped Gaussian Processes", NIPS 16
    """

    surrogate: Surrogate = field(default_factory=GaussianProcess)

    def fit(self, X: Floats, y: Floats, rng: np.random.Generator) -> Fitted:
        """Learn the logarithm."""
        X, y = checked(X, y)
        best = float(y.min())
        scale = SPAN * (float(np.median(y)) - best)
        if not 0 < scale < np.inf:
            return self.surrogate.fit(X, y, rng)
        return _Unwarped(self.surrogate.fit(X, np.log1p((y - best) / scale), rng), best, scale)


class _Unwarped:
    def __init__(self, function: Fitted, best: float, scale: float) -> None:
        self._function = function
        self._best = best
        self._scale = scale

    def predict(self, X: Floats) -> Floats:
        logarithm = np.minimum(self._function.predict(X), MOST)
        values: Floats = self._best + self._scale * np.expm1(logarithm)
        return values
