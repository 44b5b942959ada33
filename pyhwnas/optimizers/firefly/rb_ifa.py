"""RB-IFA: a firefly algorithm whose light is a weighted sum of ranks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from pyhwnas import moo
from pyhwnas.history import Batch, Floats, History, Ints
from pyhwnas.optimizers.firefly.swarm import ImprovedFireflies, with_new_rows
from pyhwnas.optimizers.operators.selection import columns, metric_ranks
from pyhwnas.optimizers.operators.variation import unseen
from pyhwnas.problem import Problem

__all__ = ["PSEUDO_FRONT_WEIGHTS", "RBIFA"]

PSEUDO_FRONT_WEIGHTS = tuple(np.linspace(0.05, 1.0, 19).tolist())
"""Weights of the swarms whose answers make the paper's pseudo-front."""


@dataclass(frozen=True, slots=True)
class RBIFA(ImprovedFireflies):
    """Rank-Based Improved Firefly Algorithm, with one swarm per weight.

    Networks are fireflies. Each flies towards all that are brighter; the light is the weighted
    sum of a network's ranks under performance metrics (proxies, accuracy) and efficiency metrics
    (MACs, latency), so that no scale has to be chosen. A swarm that finds nothing better for some
    generations remembers its best network and starts over from crossover and mutation.

    Parameters
    ----------
    performance : sequence of str
        Names of objectives that share the weight evenly.
    efficiency : sequence of str
        Names of objectives that share what is left of it, 1 - weight; may be empty if all weights
        are 1.
    weights : sequence of float
        Weight of the performance metrics, from 0 to 1, one for each swarm.
    rank_set : {"epoch", "population", "history"}
        Among which rows a swarm ranks for its best: those it saw since it last started over, its
        population and the best before, or all rows evaluated.
    population, alpha, beta, gamma, movement
        Of each swarm, see `Fireflies`.
    chances, crossover
        Of the genetic iteration, see `ImprovedFireflies`.

    Notes
    -----
    Ranks are competition ranks ("1224") of minimised values; infeasible rows rank behind all
    feasible ones, by their violation, and failed ones last. A sweep ranks the current population.

    The paper leaves open which rows are ranked for the best network of a swarm, and results
    depend on it: the more bad rows there are to rank, the more cheap rows gain.

    Swarms start from one population, and rows that any of them has evaluated are free to all. A
    generation of all swarms is one batch. If `chances` generations in a row hold nothing new, a
    random new row takes the place of each swarm's dimmest, so that the search only ends with the
    space.

    References
    ----------
    RB-IFA: https://doi.org/10.5220/0013296900003890

    Examples
    --------
    >>> from pyhwnas import Problem, Search, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    >>> optimizer = RBIFA(performance=("params",), efficiency=("macs",), weights=(0.5,))
    >>> history = Search(problem, optimizer, seed=0).run(60)
    >>> answers = optimizer.select(problem, history)
    >>> bool(history.values[answers[0], 0] == history.values[:, 0].min())
    True
    """

    performance: Sequence[str]
    efficiency: Sequence[str]
    weights: Sequence[float] = field(default=(0.2, 0.35, 0.5, 0.65, 0.8), kw_only=True)
    rank_set: Literal["epoch", "population", "history"] = field(default="epoch", kw_only=True)

    def __post_init__(self) -> None:
        ImprovedFireflies.__post_init__(self)
        for name in ("performance", "efficiency"):
            names = getattr(self, name)
            if isinstance(names, str):
                raise TypeError(f"{name}: expected a sequence of names, got {names!r}")
            object.__setattr__(self, name, tuple(names))
        object.__setattr__(self, "weights", tuple(float(weight) for weight in self.weights))
        _check(self)

    @classmethod
    def published(
        cls, performance: Sequence[str], efficiency: Sequence[str], *, weight: float = 0.5
    ) -> RBIFA:
        """Make the optimizer of the paper: one swarm for one trade-off.

        Parameters
        ----------
        performance, efficiency : sequence of str
        weight : float
            Of the performance metrics.

        Returns
        -------
        RBIFA
            What the paper does not state is taken from the program of IFA, which it improves
            (population, step, attraction, chances); the program moves fireflies as
            ``movement="continuous"`` and crosses them as ``crossover="halves"``.
        """
        return cls._of(performance, efficiency, (weight,))

    @classmethod
    def published_front(cls, performance: Sequence[str], efficiency: Sequence[str]) -> RBIFA:
        """Make the swarms of the paper's pseudo-front, which share what they evaluate.

        Parameters
        ----------
        performance, efficiency : sequence of str

        Returns
        -------
        RBIFA
            `published` with 19 weights from 0.05 to 1, evenly spaced since the paper does not
            state the step; see `pseudo_front`.
        """
        return cls._of(performance, efficiency, PSEUDO_FRONT_WEIGHTS)

    @classmethod
    def _of(
        cls, performance: Sequence[str], efficiency: Sequence[str], weights: Sequence[float]
    ) -> RBIFA:
        return cls(
            performance,
            efficiency,
            weights=weights,
            rank_set="epoch",
            population=20,
            alpha=0.5,
            beta=0.95,
            gamma=0.15,
            movement="categorical",
            chances=5,
            crossover="uniform",
        )

    def propose(
        self, problem: Problem, history: History, n: int | None, rng: np.random.Generator
    ) -> Batch:
        """Propose the next generation of all swarms, whatever `n` is."""
        metrics = self._metrics(problem)
        swarms = range(len(self.weights))
        if not history.batches:
            X = unseen(problem, history, self.population, rng)
            none: list[None] = [None for _ in swarms]
            state: dict[str, Any] = {
                "chances": [self.chances for _ in swarms],
                "epoch": [0 for _ in swarms],
                "best": none,
                "elite": none,
            }
            return _batch([X for _ in swarms], state)
        state = {name: [] for name in ("chances", "epoch", "best", "elite")}
        populations = []
        for swarm in swarms:
            X, memory = self._generation(problem, history, metrics, swarm, rng)
            populations.append(X)
            for name, value in memory.items():
                state[name].append(value)
        batch = _batch(populations, state)
        # A swept population is ordered from dim to bright.
        dimmest = [int(np.flatnonzero(batch.aux["swarm"] == swarm)[0]) for swarm in swarms]
        X = with_new_rows(problem, history, batch.X, rng, places=dimmest, patience=self.chances)
        return Batch(X, batch.aux if len(X) else {})

    def select(self, problem: Problem, history: History) -> Ints:
        """Choose each swarm's final answer.

        Parameters
        ----------
        problem : Problem
        history : History
            Of a search with this optimizer.

        Returns
        -------
        ndarray of int64, shape (len(weights),)
            Row of the history, -1 while a swarm has none: the best among the rows that the swarm
            remembered when it started over and the best since then, ranked among each other (or
            among all rows for ``rank_set="history"``).
        """
        metrics = self._metrics(problem)
        answers = np.full(len(self.weights), -1, dtype=np.int64)
        for swarm in range(len(self.weights)):
            elites = (batch.aux["elite"][swarm] for batch in history.batches)
            rows = _lookup(history, elites)
            if history.batches:
                archive = _archive(history, history.batches[-1].aux["epoch"][swarm], swarm)
                rows = np.append(rows, self._best(history, metrics, archive, swarm))
            answers[swarm] = self._best(history, metrics, rows[rows >= 0], swarm)
        return answers

    def pseudo_front(self, problem: Problem, history: History) -> Ints:
        """Choose a front from all rows that were the best of a swarm at some time.

        Parameters
        ----------
        problem : Problem
        history : History
            Of a search with this optimizer; with weights from low to high, such as those of
            `published_front`, the front spans all trade-offs.

        Returns
        -------
        ndarray of int64, shape (k,)
            Rows of the history in order of evaluation, none of which dominates another in the
            metrics of the swarms: the feasible ones if there are any, or those of least violation.
        """
        bests = [
            x for batch in history.batches for name in ("best", "elite") for x in batch.aux[name]
        ]
        rows = np.append(_lookup(history, bests), self.select(problem, history))
        rows = np.unique(rows[rows >= 0])
        rows = rows[history.violation[rows] == history.violation[rows].min(initial=np.inf)]
        fronts = moo.dominance_degree_sort(history.F[rows][:, self._metrics(problem)])
        first: Ints = rows[fronts == 0]
        return first

    def _generation(
        self,
        problem: Problem,
        history: History,
        metrics: Ints,
        swarm: int,
        rng: np.random.Generator,
    ) -> tuple[Ints, dict[str, Any]]:
        """Judge a swarm's last generation; return the next one and what to remember."""
        last = history.batches[-1]
        X = last.X[last.aux["swarm"] == swarm]
        rows = history.lookup(X)
        epoch, before = last.aux["epoch"][swarm], last.aux["best"][swarm]
        if self.rank_set == "population":
            known = rows if before is None else np.append(history.lookup([before]), rows)
        else:
            known = _archive(history, epoch, swarm)
        row = self._best(history, metrics, known, swarm)
        best = None if row < 0 else history.X[row].tolist()
        chances = self.chances if best != before else last.aux["chances"][swarm] - 1
        if chances > 0:
            light = self._light(history, metrics, rows, swarm)
            memory = {"chances": chances, "epoch": epoch, "best": best, "elite": None}
            return self.sweep(problem.space, X, light, rng), memory
        start = len(history.batches)
        memory = {"chances": self.chances, "epoch": start, "best": None, "elite": best}
        return self.genetic_iteration(problem.space, X, rng), memory

    def _best(self, history: History, metrics: Ints, rows: Ints, swarm: int) -> int:
        """Return the brightest of some rows that did not fail, the first of equals, or -1."""
        rows = rows[~history.failed[rows]]
        if not len(rows):
            return -1
        everything = np.arange(len(history)) if self.rank_set == "history" else rows
        light = self._light(history, metrics, everything, swarm)
        light = light[rows] if self.rank_set == "history" else light
        return int(rows[np.argmin(light)])

    def _light(self, history: History, metrics: Ints, rows: Ints, swarm: int) -> Floats:
        """Return the weighted rank R of rows among each other; less is brighter."""
        weight = self.weights[swarm]
        light = np.zeros(len(rows))
        for position, metric in enumerate(metrics):
            ranks = metric_ranks(history, rows, metric)
            if position < len(self.performance):
                light += ranks * (weight / len(self.performance))
            else:
                light += ranks * ((1.0 - weight) / len(self.efficiency))
        return light

    def _metrics(self, problem: Problem) -> Ints:
        return columns(problem, (*self.performance, *self.efficiency), "RBIFA")


def _batch(populations: Sequence[Ints], state: dict[str, Any]) -> Batch:
    swarm = np.repeat(np.arange(len(populations)), [len(X) for X in populations])
    return Batch(np.concatenate(populations), {"swarm": swarm, **state})


def _lookup(history: History, remembered: Iterable[list[int] | None]) -> Ints:
    X = [x for x in remembered if x is not None]
    return history.lookup(np.array(X).reshape(len(X), history.X.shape[1]))


def _archive(history: History, epoch: int, swarm: int) -> Ints:
    """Return a swarm's distinct evaluated rows since a batch, in the order they were proposed."""
    X = [batch.X[batch.aux["swarm"] == swarm] for batch in history.batches[epoch:]]
    rows = history.lookup(np.concatenate(X))
    rows = rows[rows >= 0]
    return rows[np.sort(np.unique(rows, return_index=True)[1])]


def _check(optimizer: RBIFA) -> None:
    names = (*optimizer.performance, *optimizer.efficiency)
    weights = optimizer.weights
    if not optimizer.performance or len(set(names)) != len(names):
        raise ValueError(f"RBIFA: expected distinct names with a performance metric, got {names}")
    if not weights or not all(0 <= weight <= 1 for weight in weights):
        raise ValueError(f"RBIFA: weights are from 0 to 1, at least one; got {weights}")
    if not optimizer.efficiency and min(weights) < 1:
        raise ValueError("RBIFA: weights below 1 need an efficiency metric; name one")
    if optimizer.rank_set not in ("epoch", "population", "history"):
        raise ValueError(
            f"RBIFA: rank_set is epoch, population or history, got {optimizer.rank_set!r}"
        )
