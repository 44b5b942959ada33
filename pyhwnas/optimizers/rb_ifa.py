"""RB-IFA: a firefly algorithm whose light is a weighted sum of ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pyhwnas.history import Batch, Floats, History, Ints
from pyhwnas.optimizers.variation import mutate_one, other_values, uniform_crossover, unseen
from pyhwnas.problem import Problem
from pyhwnas.spaces import Space, distance, sizes

__all__ = ["RBIFA", "competition_ranks"]

INFEASIBLE, FAILED = 1, 2


@dataclass(frozen=True, slots=True)
class RBIFA:
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
    population : int
        Fireflies in a swarm.
    alpha : float
        Size of the random step.
    beta : float
        Attractiveness at distance 0.
    gamma : float
        How fast attractiveness falls with distance.
    chances : int
        Generations without a better network before a swarm starts over.
    rank_set : {"epoch", "population", "history"}
        Among which rows a swarm ranks for its best: those it saw since it last started over, its
        population and the best before, or all rows evaluated.
    movement : {"categorical", "continuous"}
        How fireflies fly, see Notes.

    Notes
    -----
    Ranks are competition ranks ("1224") of minimised values; infeasible rows rank behind all
    feasible ones, by their violation, and failed ones last. A sweep ranks the current population
    and goes from the dimmest firefly to the second brightest; each makes one step towards every
    brighter one, from dim to bright, and is evaluated once, after its last step.

    The paper does not say how fireflies move between categories. ``"categorical"``: a gene takes
    the brighter one's value with probability ``beta * exp(-gamma * distance)``, where distance
    counts the genes that differ, and another random value with probability ``alpha / n_genes``.
    ``"continuous"`` is the arithmetic of the authors' program on ``gene / (n - 1)``, with its
    noise from 0 to ``alpha``, which drifts towards the last value of each gene, and rounding.

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
    population: int = field(default=20, kw_only=True)
    alpha: float = field(default=0.5, kw_only=True)
    beta: float = field(default=0.95, kw_only=True)
    gamma: float = field(default=0.15, kw_only=True)
    chances: int = field(default=5, kw_only=True)
    rank_set: Literal["epoch", "population", "history"] = field(default="epoch", kw_only=True)
    movement: Literal["categorical", "continuous"] = field(default="categorical", kw_only=True)

    def __post_init__(self) -> None:
        for name in ("performance", "efficiency"):
            names = getattr(self, name)
            if isinstance(names, str):
                raise TypeError(f"{name}: expected a sequence of names, got {names!r}")
            object.__setattr__(self, name, tuple(names))
        object.__setattr__(self, "weights", tuple(float(weight) for weight in self.weights))
        _check(self)

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
        return (
            batch
            if not _stalled(history, batch, self.chances)
            else self._fresh(problem, history, batch, rng)
        )

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
            elites = [batch.aux["elite"][swarm] for batch in history.batches]
            rows = [history.lookup([elite])[0] for elite in elites if elite is not None]
            if history.batches:
                archive = _archive(history, history.batches[-1].aux["epoch"][swarm], swarm)
                rows.append(self._best(history, metrics, archive, swarm))
            candidates = np.array([row for row in rows if row >= 0], dtype=np.int64)
            answers[swarm] = self._best(history, metrics, candidates, swarm)
        return answers

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
            return self._sweep(problem.space, X, light, rng), memory
        first = rng.integers(0, len(X), size=len(X))
        second = (first + rng.integers(1, max(len(X), 2), size=len(X))) % len(X)
        children = uniform_crossover(problem.space, X[first], X[second], rng)
        start = len(history.batches)
        memory = {"chances": self.chances, "epoch": start, "best": None, "elite": best}
        return mutate_one(problem.space, children, rng), memory

    def _fresh(
        self, problem: Problem, history: History, batch: Batch, rng: np.random.Generator
    ) -> Batch:
        """Put new rows in the place of the dimmest; an empty batch where there are none."""
        X, swarm = batch.X.copy(), batch.aux["swarm"]
        new = unseen(problem, history, len(self.weights), rng)
        for number, row in enumerate(new):
            # A generation is ordered from dim to bright.
            X[np.flatnonzero(swarm == number)[0]] = row
        return Batch(X, batch.aux) if len(new) else Batch(X[:0])

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
        group = np.where(
            history.failed[rows],
            FAILED,
            np.where(history.violation[rows] > 0, INFEASIBLE, 0),
        )
        weight = self.weights[swarm]
        light = np.zeros(len(rows))
        for position, metric in enumerate(metrics):
            values = np.where(group == INFEASIBLE, history.violation[rows], history.F[rows, metric])
            ranks = competition_ranks(np.where(group == FAILED, 0.0, values), group)
            if position < len(self.performance):
                light += ranks * (weight / len(self.performance))
            else:
                light += ranks * ((1.0 - weight) / len(self.efficiency))
        return light

    def _sweep(self, space: Space, X: Ints, light: Floats, rng: np.random.Generator) -> Ints:
        """Move every firefly towards all brighter ones; return them from dim to bright.

        A firefly's targets have not moved yet when it is its turn, so that all fireflies can make
        their step towards one target at once.
        """
        order = np.argsort(-light, kind="stable")
        targets, light = X[order], light[order]
        scale = np.maximum(sizes(space) - 1, 1)
        moving: npt.NDArray[Any] = targets / scale if self.movement == "continuous" else targets
        moving = moving.copy()
        for position, target in enumerate(targets):
            dimmer = int(np.searchsorted(-light, -light[position]))
            if self.movement == "continuous":
                moving[:dimmer] = self._glide(moving[:dimmer], target / scale, rng)
            else:
                moving[:dimmer] = self._copy_genes(space, moving[:dimmer], target, rng)
        if self.movement == "continuous":
            moving = np.rint(moving * (sizes(space) - 1))
        return space.canonical(space.repair(moving.astype(np.int64), rng))

    def _copy_genes(self, space: Space, X: Ints, target: Ints, rng: np.random.Generator) -> Ints:
        attraction = self.beta * np.exp(-self.gamma * distance(space, X, target[None]))
        X = np.where(rng.random(X.shape) < attraction, target, X)
        change = rng.random(X.shape) < self.alpha / X.shape[1]
        return np.where(change, other_values(space, X, rng), X)

    def _glide(self, Z: Floats, target: Floats, rng: np.random.Generator) -> Floats:
        step = target - Z
        attraction = self.beta * np.exp(-self.gamma * (step**2).sum(axis=1, keepdims=True))
        moved: Floats = Z + step * attraction + self.alpha * rng.random(Z.shape)
        return moved.clip(0.0, 1.0)

    def _metrics(self, problem: Problem) -> Ints:
        names = (*self.performance, *self.efficiency)
        missing = [name for name in names if name not in problem.names]
        if missing:
            raise ValueError(
                f"RBIFA: {', '.join(missing)} is not among the problem's objectives "
                f"({', '.join(problem.names)}); add it there or leave it out of performance and "
                "efficiency"
            )
        return np.array([problem.names.index(name) for name in names], dtype=np.int64)


def competition_ranks(values: Floats, group: Ints | None = None) -> Ints:
    """Rank values: 1 for the smallest, equals share the smaller rank, the next one skips.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Without NaN.
    group : ndarray of int64, shape (n,), optional
        Rows of a smaller group rank before all of a larger one, whatever their values.

    Returns
    -------
    ndarray of int64, shape (n,)

    Examples
    --------
    >>> competition_ranks(np.array([30.0, 10.0, 20.0, 20.0]))
    array([4, 1, 2, 2])
    """
    group = np.zeros(len(values), dtype=np.int64) if group is None else group
    order = np.lexsort((values, group))
    sorted_values, sorted_group = values[order], group[order]
    starts = np.ones(len(values), dtype=bool)
    starts[1:] = (sorted_values[1:] != sorted_values[:-1]) | (sorted_group[1:] != sorted_group[:-1])
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order] = np.maximum.accumulate(np.where(starts, np.arange(1, len(values) + 1), 0))
    return ranks


def _batch(populations: Sequence[Ints], state: dict[str, Any]) -> Batch:
    swarm = np.repeat(np.arange(len(populations)), [len(X) for X in populations])
    return Batch(np.concatenate(populations), {"swarm": swarm, **state})


def _archive(history: History, epoch: int, swarm: int) -> Ints:
    """Return a swarm's distinct evaluated rows since a batch, in the order they were proposed."""
    X = [batch.X[batch.aux["swarm"] == swarm] for batch in history.batches[epoch:]]
    rows = history.lookup(np.concatenate(X))
    rows = rows[rows >= 0]
    return rows[np.sort(np.unique(rows, return_index=True)[1])]


def _stalled(history: History, batch: Batch, patience: int) -> bool:
    if (history.lookup(batch.X) < 0).any():
        return False
    return len(history.batches) - 1 - int(history.batch.max(initial=0)) >= patience


def _check(optimizer: RBIFA) -> None:
    names = (*optimizer.performance, *optimizer.efficiency)
    weights = optimizer.weights
    if not optimizer.performance or len(set(names)) != len(names):
        raise ValueError(f"RBIFA: expected distinct names with a performance metric, got {names}")
    if not weights or not all(0 <= weight <= 1 for weight in weights):
        raise ValueError(f"RBIFA: weights are from 0 to 1, at least one; got {weights}")
    if not optimizer.efficiency and min(weights) < 1:
        raise ValueError("RBIFA: weights below 1 need an efficiency metric; name one")
    for label, low in (("population", 2), ("chances", 1)):
        if getattr(optimizer, label) < low:
            raise ValueError(f"RBIFA: {label} is at least {low}, got {getattr(optimizer, label)}")
    for label in ("alpha", "beta", "gamma"):
        if not 0 <= getattr(optimizer, label) < np.inf:
            raise ValueError(f"RBIFA: {label} is not negative, got {getattr(optimizer, label)}")
    if optimizer.rank_set not in ("epoch", "population", "history"):
        raise ValueError(
            f"RBIFA: rank_set is epoch, population or history, got {optimizer.rank_set!r}"
        )
    if optimizer.movement not in ("categorical", "continuous"):
        raise ValueError(
            f"RBIFA: movement is categorical or continuous, got {optimizer.movement!r}"
        )
