"""NSGA-II: survival by fronts and crowding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from pyhwnas.history import Batch, History, Ints
from pyhwnas.optimizers.operators.initial import first_rows
from pyhwnas.optimizers.operators.levels import level_crossover, level_mutation
from pyhwnas.optimizers.operators.selection import Order, fronts_and_crowding, survivors, tournament
from pyhwnas.optimizers.operators.variation import (
    mutate_each,
    mutate_one,
    new_rows,
    polynomial_mutation,
    two_point_crossover,
    uniform_crossover,
)
from pyhwnas.problem import Problem
from pyhwnas.spaces import Space

__all__ = ["NSGA2"]

Crossover = Literal["two-point", "uniform", "levels"]
Mutation = Literal["each", "one", "polynomial", "levels"]
CROSSOVERS = {
    "two-point": two_point_crossover,
    "uniform": uniform_crossover,
    "levels": level_crossover,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NSGA2:
    """Non-dominated Sorting Genetic Algorithm II.

    Parents and children compete: earlier fronts survive, within the last one the rows with most
    room around them. Parents are winners of binary tournaments by the same order.

    Parameters
    ----------
    population : int
        Rows that survive, at least 2.
    offspring : int, optional
        Children in a generation; as many as `population` by default.
    initial : {"extremes", "random"}
        Whether the first population holds the smallest and the largest network.
    crossover : {"two-point", "uniform", "levels"}
        ``"levels"`` exchanges whole stages and blocks, of spaces whose genes are grouped by them.
    crossover_rate : float
        Probability that a child has two parents; otherwise it is a mutated copy.
    mutation : {"each", "one", "polynomial", "levels"}
        Each gene with some probability, exactly one, each by steps that are rather small, or each
        and now and then a whole stage or block.
    mutation_rate : float, optional
        Probability for each gene, ``1 / n_genes`` by default; without effect on ``"one"``.
    eta : float
        Of ``"polynomial"``: the larger, the smaller the steps.

    Notes
    -----
    Nothing is evaluated twice: children that are known are bred again, and random rows take the
    place of those that cannot be found. Constraints are feasibility first, failed rows come last.
    A generation comes whole, whatever the search wishes for. A population of 10 is made for 100
    to 400 evaluations of two objectives; 40 and more need thousands.

    References
    ----------
    Deb et al., 2002, https://doi.org/10.1109/4235.996017

    Examples
    --------
    >>> from pyhwnas import Problem, Search, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    >>> history = Search(problem, NSGA2(), seed=0).run(60)
    >>> [len(batch.X) for batch in history.batches]
    [10, 10, 10, 10, 10, 10]
    """

    population: int = 10
    offspring: int | None = None
    initial: Literal["extremes", "random"] = "extremes"
    crossover: Crossover = "two-point"
    crossover_rate: float = 0.9
    mutation: Mutation = "each"
    mutation_rate: float | None = None
    eta: float = 3.0

    def __post_init__(self) -> None:
        _check(self)

    @classmethod
    def published(cls) -> NSGA2:
        """Return the settings of the paper, for thousands of evaluations.

        The paper's crossover of real variables has no counterpart among categories; this is its
        crossover of bits, at one more point.
        """
        return cls(population=100, initial="random", mutation="polynomial", eta=20.0)

    @classmethod
    def nsga_net(cls) -> NSGA2:
        """Return the settings of NSGA-Net's program: population 40, steps with eta 3.

        Lu et al., 2019, https://doi.org/10.1145/3321707.3321729
        """
        return cls(population=40, initial="random", mutation="polynomial", eta=3.0)

    def propose(
        self, problem: Problem, history: History, n: int | None, rng: np.random.Generator
    ) -> Batch:
        """Propose the next generation, whatever `n` is."""
        if not history.batches:
            ends = self.initial == "extremes"
            X = first_rows(problem, history, self.population, rng, ends=ends)
            return Batch(X, {"parents": []})
        last = history.batches[-1]
        family = np.concatenate(
            [np.array(last.aux["parents"], dtype=np.int64), history.lookup(last.X)]
        )
        parents, order = self._survive(history, family, rng)
        X = history.X[parents]

        def breed(count: int) -> Ints:
            first, second = (tournament(order, count, rng) for _ in range(2))
            return self._vary(problem.space, X[first], X[second], rng)

        children = new_rows(problem, history, self.offspring or self.population, rng, breed)
        return Batch(children, {"parents": parents.tolist()})

    def _survive(
        self, history: History, rows: Ints, rng: np.random.Generator
    ) -> tuple[Ints, Order]:
        """Choose the rows of the history that become parents, and their order for mating."""
        order = fronts_and_crowding(history.F[rows], history.violation[rows], history.failed[rows])
        kept = survivors(order, self.population, rng)
        return rows[kept], order.take(kept)

    def _vary(self, space: Space, A: Ints, B: Ints, rng: np.random.Generator) -> Ints:
        mixed = rng.random((len(A), 1)) < self.crossover_rate
        X = np.where(mixed, CROSSOVERS[self.crossover](space, A, B, rng), A)
        if self.mutation == "one":
            return mutate_one(space, X, rng)
        rate = 1.0 / X.shape[1] if self.mutation_rate is None else self.mutation_rate
        if self.mutation == "levels":
            return level_mutation(space, X, rng, probability=rate)
        if self.mutation == "each":
            return mutate_each(space, X, rng, probability=rate)
        return polynomial_mutation(space, X, rng, eta=self.eta, probability=rate)


def _check(optimizer: NSGA2) -> None:
    what = type(optimizer).__name__
    for label, low in (("population", 2), ("offspring", 1)):
        value = getattr(optimizer, label)
        if value is not None and value < low:
            raise ValueError(f"{what}: {label} is at least {low}, got {value}")
    for label in ("crossover_rate", "mutation_rate"):
        value = getattr(optimizer, label)
        if value is not None and not 0 <= value <= 1:
            raise ValueError(f"{what}: {label} is from 0 to 1, got {value}")
    if not 0 <= optimizer.eta < np.inf:
        raise ValueError(f"{what}: eta is finite and not negative, got {optimizer.eta}")
    for label, options in (
        ("initial", ("extremes", "random")),
        ("crossover", get_args(Crossover)),
        ("mutation", get_args(Mutation)),
    ):
        value = getattr(optimizer, label)
        if value not in options:
            raise ValueError(f"{what}: {label} is one of {', '.join(options)}, got {value!r}")
