"""Regularised (aging) evolution: the oldest dies, not the worst."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pyhwnas.history import Batch, History, Ints
from pyhwnas.optimizers.operators.initial import first_rows
from pyhwnas.optimizers.operators.selection import fronts_and_crowding, survivors
from pyhwnas.optimizers.operators.variation import mutate_one, new_rows
from pyhwnas.problem import Problem

__all__ = ["RegularizedEvolution"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegularizedEvolution:
    """Mutate the best of a random sample of the population, and let the oldest go.

    Parameters
    ----------
    population : int
        The youngest so many rows are alive.
    sample : int
        So many of them compete to be the parent.
    objective : str, optional
        Name of the objective to compete by, as in the paper; by default all of them do, by front
        and crowding distance.
    initial : {"extremes", "random"}
        Whether the smallest and the largest network are in the first population.
    distinct : bool
        Whether children that are known are bred again. In the paper they join the population.

    Notes
    -----
    A child differs in one gene. Each call breeds one, or as many as the search wishes for, as
    parallel workers would. A known child costs no evaluation here.

    References
    ----------
    Real et al., 2019, https://doi.org/10.1609/aaai.v33i01.33014780

    Examples
    --------
    >>> from pyhwnas import Problem, Search, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space),))
    >>> best = Search(problem, RegularizedEvolution(initial="random"), seed=0).run(300).front()
    >>> float(best.values[0, 0]) < 10e6
    True
    """

    population: int = 20
    sample: int = 5
    objective: str | None = None
    initial: Literal["extremes", "random"] = "extremes"
    distinct: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.sample <= self.population:
            raise ValueError(
                "RegularizedEvolution: sample is from 1 to the population of "
                f"{self.population}, got {self.sample}"
            )
        if self.initial not in ("extremes", "random"):
            raise ValueError(
                f"RegularizedEvolution: initial is extremes or random, got {self.initial!r}"
            )

    @classmethod
    def published(cls, objective: str | None = None) -> RegularizedEvolution:
        """Return the settings of the paper: 100 rows, samples of 25."""
        return cls(population=100, sample=25, objective=objective, initial="random", distinct=False)

    @classmethod
    def nas_bench_201(cls, objective: str | None = None) -> RegularizedEvolution:
        """Return the settings of NAS-Bench-201's authors: 10 rows, samples of 3.

        Dong and Yang, 2020, https://openreview.net/forum?id=HJxyZkBKDr
        """
        return cls(population=10, sample=3, objective=objective, initial="random", distinct=False)

    def propose(
        self, problem: Problem, history: History, n: int | None, rng: np.random.Generator
    ) -> Batch:
        """Propose the first population, whatever `n` is, then one child, or `n`."""
        alive = _youngest(history, self.population)
        missing = self.population - len(alive)
        if missing:
            ends = self.initial == "extremes" and not len(history)
            return Batch(first_rows(problem, history, missing, rng, ends=ends))
        columns = slice(None)
        if self.objective is not None:
            column = _column(problem, self.objective)
            columns = slice(column, column + 1)
        order = fronts_and_crowding(
            history.F[alive, columns], history.violation[alive], history.failed[alive]
        )
        best_first = history.X[alive[survivors(order, len(alive), rng)]]

        def breed(count: int) -> Ints:
            # The best of a sample without replacement is its smallest place.
            places = np.broadcast_to(np.arange(self.population), (count, self.population))
            winner = rng.permuted(places, axis=1)[:, : self.sample].min(axis=1)
            return mutate_one(problem.space, best_first[winner], rng)

        count = n or 1
        return Batch(
            new_rows(problem, history, count, rng, breed) if self.distinct else breed(count)
        )


def _youngest(history: History, count: int) -> Ints:
    """Return the rows of the history that were proposed last, repeats included."""
    proposed: list[Ints] = []
    for batch in reversed(history.batches):
        if sum(map(len, proposed)) >= count:
            break
        proposed.insert(0, batch.X)
    return history.lookup(np.concatenate([history.X[:0], *proposed]))[-count:]


def _column(problem: Problem, name: str) -> int:
    if name not in problem.names:
        raise ValueError(
            f"RegularizedEvolution: objective {name!r} is not among the problem's "
            f"({', '.join(problem.names)})"
        )
    return problem.names.index(name)
