"""Rows of a region that a predictor expects most of."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pyhwnas import moo
from pyhwnas.history import Floats, History, Ints
from pyhwnas.optimizers.lamoo.regions import Encoding, Region, draw, encode
from pyhwnas.optimizers.operators.subset import hypervolume_improvement
from pyhwnas.problem import Problem
from pyhwnas.surrogates import Surrogate

__all__ = ["Screened"]


@dataclass(frozen=True, slots=True)
class Screened:
    """Draw many rows of a region and choose those that a predictor expects most of.

    Parameters
    ----------
    predictor : Surrogate
        Learns each expensive objective from the evaluated rows; cheap objectives are measured.
    candidates : int
        New rows to predict for each batch; at least 1.
    encoding : {"by gene", "ordinal"}
        What the predictor sees.

    Notes
    -----
    Rows are chosen one by one, each the one that adds most hypervolume to the front and the rows
    before it. Then come those that add nothing, by predicted dominance; behind all others, those
    that are predicted to break a constraint, by their violation. Values beyond the reference point
    are learned as lying on it: how far beyond makes no difference to the front.

    References
    ----------
    LaMOO with predictors: Zhao et al., 2024, https://doi.org/10.48550/arXiv.2406.00291; choice by
    hypervolume: Emmerich et al., 2006, https://doi.org/10.1109/TEVC.2005.859463
    """

    predictor: Surrogate
    candidates: int = field(default=4096, kw_only=True)
    encoding: Encoding = field(default="by gene", kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.predictor, Surrogate):
            raise TypeError(
                f"predictor: expected an object with a method fit, got {self.predictor!r}"
            )
        if self.candidates < 1:
            raise ValueError(f"candidates: expected at least 1 row, got {self.candidates}")

    def sample(
        self, problem: Problem, history: History, region: Region, n: int, rng: np.random.Generator
    ) -> Ints:
        """Choose `n` new rows."""
        X = draw(problem, history, region, n, rng, most=self.candidates)
        values = self._predict(problem, history, X, rng)
        if values is None or len(X) <= n:
            return X[:n]
        F, violation = problem.minimised(values), problem.violation(values)
        F[np.isnan(F)] = np.inf
        front = history.F[history.feasible]
        front = front[moo.nondominated_mask(front, keep_equal=False)]
        allowed = np.flatnonzero(violation <= 0)
        best = allowed[hypervolume_improvement(F[allowed], front, n, np.asarray(history.ref_point))]
        rank = np.zeros(len(X), dtype=np.int64)
        rank[allowed] = moo.dominance_counts(F[allowed])
        rest = np.lexsort((rank, violation))
        order = np.concatenate([best, rest[~np.isin(rest, best)]])
        chosen: Ints = X[order[:n]]
        return chosen

    def _predict(
        self, problem: Problem, history: History, X: Ints, rng: np.random.Generator
    ) -> Floats | None:
        """Return values in natural units, or None where an objective has none to learn from."""
        values = problem.evaluate(X, only="cheap").values
        seen = problem.minimised(np.minimum(history.F, np.asarray(history.ref_point)))
        Z, wanted = (encode(problem.space, rows, self.encoding) for rows in (history.X, X))
        for column, objective in enumerate(problem.objectives):
            if objective.cost == "cheap":
                continue
            known = np.isfinite(seen[:, column])
            if not known.any():
                return None
            fitted = self.predictor.fit(Z[known], seen[known, column], rng)
            values[:, column] = fitted.predict(wanted)
        return values
