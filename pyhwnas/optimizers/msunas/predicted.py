"""Values of rows before they are evaluated: cheap objectives exact, expensive ones predicted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

import numpy as np

from pyhwnas.history import Bools, Floats, History, Ints
from pyhwnas.problem import Problem
from pyhwnas.surrogates import Encoding, Fitted, Surrogate, encode

__all__ = ["Measure", "Prediction", "Values", "accuracy_column", "learn"]


class Values(NamedTuple):
    """What is known or predicted of some rows.

    Parameters
    ----------
    F : ndarray of float64, shape (n, m)
        Minimised.
    violation : ndarray of float64, shape (n,)
    failed : ndarray of bool, shape (n,)
        Whether some value is not finite.
    """

    F: Floats
    violation: Floats
    failed: Bools

    def take(self, rows: Ints) -> Values:
        """Return the values of some rows."""
        return Values(self.F[rows], self.violation[rows], self.failed[rows])

    def join(self, other: Values) -> Values:
        """Return these rows and then the other ones."""
        return Values(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))


Measure: TypeAlias = Callable[[Ints], Values]
"""Values of rows that cost nothing."""


class Prediction:
    """A problem whose expensive objectives are functions that were learned.

    Parameters
    ----------
    problem : Problem
    fitted : mapping of int to Fitted
        By column; values are minimised.
    encoding : {"index", "mixed", "one_hot"}
    """

    def __init__(self, problem: Problem, fitted: Mapping[int, Fitted], encoding: Encoding) -> None:
        self._problem = problem
        self._fitted = fitted
        self._encoding = encoding
        self._sign = np.where(np.array(problem.senses) == "max", -1.0, 1.0)

    def __call__(self, X: Ints) -> Values:
        """Measure and predict rows."""
        values = self._problem.evaluate(X, only="cheap").values
        if self._fitted and len(X):
            features = encode(self._problem.space, X, self._encoding)
            for column, function in self._fitted.items():
                values[:, column] = function.predict(features) * self._sign[column]
        failed = ~np.asarray(np.isfinite(values).all(axis=1))
        return Values(self._problem.minimised(values), self._problem.violation(values), failed)


def learn(
    problem: Problem,
    history: History,
    surrogate: Surrogate,
    encoding: Encoding,
    rng: np.random.Generator,
    *,
    winsorise: bool,
) -> Prediction | None:
    """Fit one surrogate for each expensive objective.

    Parameters
    ----------
    problem : Problem
    history : History
        Rows without a finite value of an objective are left out for that objective.
    surrogate : Surrogate
    encoding : {"index", "mixed", "one_hot"}
    rng : numpy.random.Generator
    winsorise : bool
        Whether values beyond the reference point count as lying on it: how far beyond makes no
        difference to the front, and heavy tails mislead.

    Returns
    -------
    Prediction or None
        None where no row has all its values.
    """
    if not history.ok.any():
        return None
    F = history.F
    if winsorise and history.ref_point is not None:
        F = np.minimum(F, history.ref_point)
    fitted = {}
    features = encode(problem.space, history.X, encoding)
    for column, objective in enumerate(problem.objectives):
        if objective.cost == "cheap":
            continue
        known = np.isfinite(F[:, column])
        if not known.any():
            return None
        fitted[column] = surrogate.fit(features[known], F[known, column], rng)
    return Prediction(problem, fitted, encoding)


def accuracy_column(problem: Problem) -> int:
    """Return the column of the first expensive objective, or of the first one."""
    costs = [objective.cost for objective in problem.objectives]
    return costs.index("expensive") if "expensive" in costs else 0
