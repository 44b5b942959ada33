"""Screening: of many random rows, evaluate those that a cheap score likes best."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pyhwnas.history import Batch, Floats, History, Ints
from pyhwnas.optimizers.operators.variation import unseen
from pyhwnas.problem import Problem

__all__ = ["Screening"]


@dataclass(frozen=True, slots=True)
class Screening:
    """Draw rows at random and propose the one with the best value of a cheap objective.

    The search of NASWOT, with any score: a single evaluation is spent on the best of `draws`
    networks. Further ones go to the best of further draws.

    Parameters
    ----------
    score : str
        Name of a cheap objective, best as its sense says.
    draws : int
        Rows to score for each one that is proposed.

    Notes
    -----
    Scores are asked for outside the budget, `draws` at a time. Rows that break a constraint on a
    cheap objective come behind those that break none, rows without a score last.

    References
    ----------
    Mellor et al., 2021, https://proceedings.mlr.press/v139/mellor21a.html

    Examples
    --------
    >>> from pyhwnas import Problem, Search, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space),))
    >>> float(Search(problem, Screening("macs"), seed=0).run(1).values[0, 0]) < 12e6
    True
    """

    score: str
    draws: int = field(default=1000, kw_only=True)

    def __post_init__(self) -> None:
        if self.draws < 1:
            raise ValueError(f"Screening: draws is at least 1, got {self.draws}")

    @classmethod
    def published(cls, score: str) -> Screening:
        """Return the setting of NASWOT's program: the best of 100."""
        return cls(score, draws=100)

    def propose(
        self, problem: Problem, history: History, n: int | None, rng: np.random.Generator
    ) -> Batch:
        """Propose the best of new draws; of `n` times as many the `n` best."""
        count = n or 1
        X = unseen(problem, history, self.draws * count, rng)
        values = problem.evaluate(X, "cheap").values
        score = problem.minimised(values)[:, _column(problem, self.score)]
        score = np.where(np.isnan(score), np.inf, score)
        best: Ints = np.lexsort((score, _violation(problem, values)))
        return Batch(X[best[:count]])


def _violation(problem: Problem, values: Floats) -> Floats:
    """Sum the excesses over those constraints that cheap objectives can tell."""
    total = np.zeros(len(values))
    for constraint in problem.constraints:
        column = problem.names.index(constraint.name)
        if problem.objectives[column].cost == "cheap":
            total += constraint.violation(values[:, column])
    return total


def _column(problem: Problem, name: str) -> int:
    cheap = [o.name for o in problem.objectives if o.cost == "cheap"]
    if name not in cheap:
        raise ValueError(
            f"Screening: score {name!r} is not among the cheap objectives of the problem "
            f"({', '.join(cheap) or 'none'}); name one of them"
        )
    return problem.names.index(name)
