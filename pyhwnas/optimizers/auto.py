"""The optimizer for those who do not want to choose one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pyhwnas.history import Batch, History
from pyhwnas.optimizers.msunas import MSuNAS
from pyhwnas.optimizers.random import Random
from pyhwnas.problem import Problem
from pyhwnas.surrogates import RBF

__all__ = ["Auto"]

ITERATIONS = 100
"""About so many times a surrogate learns in a search, however long it is."""

LEARNED = 1000
"""From more evaluations a Gaussian process learns too slowly: its time grows with their cube."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Auto:
    """Another optimizer, chosen by budget and cost of the objectives.

    Parameters
    ----------
    evals : int
        Distinct networks that the search is going to evaluate; at least 1.

    Notes
    -----
    The first rule that fits decides:

    1. The budget is enough for all networks of the space: `Random`, which evaluates all of them.
    2. An objective is expensive and there are more than 1000 evaluations: `MSuNAS` with radial
       basis functions.
    3. Otherwise `MSuNAS` as it stands. Where all objectives are cheap, it learns nothing and
       searches their exact values between evaluations.

    Longer searches take larger steps, about 100 of them. On the three named problems `MSuNAS` is
    ahead of random search, NSGA-II, regularised evolution and LaMOO (``bench/auto.py``); what it
    costs is its own time, a fraction of a second for each network. With one objective on a small
    space, `LocalSearch` may need fewer evaluations. The choice depends on the problem and on
    `evals` alone; `Search` runs it in place of this one, so that the file of a run says what it
    was.

    Examples
    --------
    >>> from pyhwnas import Problem, Search, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    >>> Auto(evals=20_000).choose(problem)
    Random(step=32)
    >>> auto = Auto(evals=2000)
    >>> auto.choose(problem).step
    20
    >>> Search(problem, auto).optimizer == auto.choose(problem)
    True
    """

    evals: int = 400

    def __post_init__(self) -> None:
        if self.evals < 1:
            raise ValueError(f"Auto: evals is at least 1, got {self.evals}")

    def choose(self, problem: Problem) -> MSuNAS | Random:
        """Choose for a problem.

        Parameters
        ----------
        problem : Problem

        Returns
        -------
        Optimizer
        """
        size = problem.space.n_genotypes
        if size is not None and size <= self.evals:
            return Random()
        best = MSuNAS()
        step = max(best.step, self.evals // ITERATIONS)
        expensive = any(objective.cost == "expensive" for objective in problem.objectives)
        if expensive and self.evals > LEARNED:
            return MSuNAS(surrogate=RBF(), step=step)
        return MSuNAS(step=step)

    def propose(
        self, problem: Problem, history: History, n: int | None, rng: np.random.Generator
    ) -> Batch:
        """Propose what the chosen optimizer does."""
        return self.choose(problem).propose(problem, history, n, rng)
