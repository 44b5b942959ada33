"""Local search: hill climbing with one objective, Pareto local search with several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pyhwnas.history import Batch, History, Ints
from pyhwnas.optimizers.operators.initial import first_rows
from pyhwnas.optimizers.operators.selection import fronts_and_crowding
from pyhwnas.optimizers.operators.variation import are_new
from pyhwnas.problem import Problem
from pyhwnas.spaces import neighbours

__all__ = ["LocalSearch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSearch:
    """Evaluate neighbours of the best rows until none is left, then start over elsewhere.

    Parameters
    ----------
    step : int, optional
        Neighbours to evaluate before looking for the best rows again; None takes all of a row's,
        as in the paper. A wish of the search comes first.
    starts : int
        Rows that a climb begins with.
    initial : {"extremes", "random"}
        Whether the first climb begins with the smallest and the largest network among them.

    Notes
    -----
    A neighbour differs in one gene, see `pyhwnas.spaces.neighbours`. The best rows are the first
    front of the climb, with one objective the best row: hill climbing. A random one of them that
    has neighbours nobody has evaluated comes next. When all have been evaluated, the climb has
    reached a local optimum, and another one begins at random rows.

    References
    ----------
    White et al., 2021, https://doi.org/10.48550/arXiv.2005.02960;
    with several objectives: Paquete et al., 2004, https://doi.org/10.1007/978-3-642-17144-4_7

    Examples
    --------
    >>> from pyhwnas import Problem, Search, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space),))
    >>> climb = Search(problem, LocalSearch(initial="random"), seed=0).run(120)
    >>> float(climb.front().values[0, 0])
    7783040.0
    """

    step: int | None = 8
    starts: int = 10
    initial: Literal["extremes", "random"] = "extremes"

    def __post_init__(self) -> None:
        for label in ("step", "starts"):
            value = getattr(self, label)
            if value is not None and value < 1:
                raise ValueError(f"LocalSearch: {label} is at least 1, got {value}")
        if self.initial not in ("extremes", "random"):
            raise ValueError(f"LocalSearch: initial is extremes or random, got {self.initial!r}")

    @classmethod
    def published(cls) -> LocalSearch:
        """Return the settings of the paper: one random row, all neighbours before a step."""
        return cls(step=None, starts=1, initial="random")

    def propose(
        self, problem: Problem, history: History, n: int | None, rng: np.random.Generator
    ) -> Batch:
        """Propose neighbours of one of the best rows, or where there are none a new start."""
        if not history.batches:
            ends = self.initial == "extremes"
            return Batch(first_rows(problem, history, self.starts, rng, ends=ends), {"start": 0})
        start = history.batches[-1].aux["start"]
        for row in rng.permutation(_best(history, start)):
            X = neighbours(problem.space, history.X[row])
            X = rng.permutation(X[are_new(problem, history, X)])
            if len(X):
                return Batch(X[: n or self.step], {"start": start})
        X = first_rows(problem, history, self.starts, rng, ends=False)
        return Batch(X, {"start": len(history)})


def _best(history: History, start: int) -> Ints:
    """Return the rows of the climb's first front."""
    F, failed = history.F[start:], history.failed[start:]
    front = fronts_and_crowding(F, history.violation[start:], failed).front
    return start + np.flatnonzero((front == 0) & ~failed)
