"""PF-IFA: fireflies whose light is the front they are in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from pyhwnas import moo
from pyhwnas.history import Batch, Floats, History, Ints
from pyhwnas.optimizers.firefly.swarm import ImprovedFireflies, with_new_rows
from pyhwnas.optimizers.operators.selection import columns, fronts_and_crowding
from pyhwnas.optimizers.operators.variation import unseen
from pyhwnas.problem import Problem

__all__ = ["PFIFA"]


@dataclass(frozen=True, slots=True)
class PFIFA(ImprovedFireflies):
    """Pareto-Front Improved Firefly Algorithm: one swarm for the whole front.

    A firefly is the brighter the earlier its front and, within a front, the more room around it.
    The swarm makes progress while its first front grows; it starts over from crossover and
    mutation when that has not happened for some generations.

    Parameters
    ----------
    metrics : sequence of str
        Names of objectives; all of the problem's if there are none here.
    rank_set : {"history", "population"}
        Where the first front is taken from: all rows evaluated, so that it is never lost and its
        members fly along, or the swarm alone.
    size : {"max", "sum"}
        How many fireflies there are when the largest front so far has k members: ``population``
        or k, whichever is more, or ``population + k``.
    population, alpha, beta, gamma, movement
        Of the swarm, see `Fireflies`.
    chances, crossover
        Of the genetic iteration, see `ImprovedFireflies`.

    Notes
    -----
    Infeasible rows come behind all feasible ones, by their violation, and failed ones last. The
    first front is found by dominance degrees, as in the paper; any sort finds the same. The best
    rows of the swarm and the front make up the next swarm, joined by random new rows while they
    are too few.

    The paper states Algorithm 1 and little else. The rule for the size of the population is
    garbled in print, which is why there are two; with ``rank_set="population"`` the front is part
    of the swarm, so that ``"max"`` keeps the size as it is. The counter of chances is set back
    when the front has grown, as in IFA. If `chances` generations in a row hold nothing new, a
    random new row takes the place of the dimmest, so that the search only ends with the space.

    References
    ----------
    RB-IFA: https://doi.org/10.5220/0013296900003890;
    Zhou et al., 2017, https://doi.org/10.1109/TEVC.2016.2567648

    Examples
    --------
    >>> from pyhwnas import Problem, Search, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    >>> optimizer = PFIFA()
    >>> history = Search(problem, optimizer, seed=0).run(100)
    >>> front = history.values[optimizer.select(problem, history)]
    >>> bool((front == history.values.min(axis=0)).all())  # fewer parameters, fewer MACs
    True
    """

    metrics: Sequence[str] = ()
    rank_set: Literal["history", "population"] = field(default="history", kw_only=True)
    size: Literal["max", "sum"] = field(default="max", kw_only=True)

    def __post_init__(self) -> None:
        ImprovedFireflies.__post_init__(self)
        if isinstance(self.metrics, str):
            raise TypeError(f"metrics: expected a sequence of names, got {self.metrics!r}")
        object.__setattr__(self, "metrics", tuple(self.metrics))
        if len(set(self.metrics)) != len(self.metrics):
            raise ValueError(f"PFIFA: expected distinct names, got {self.metrics}")
        if self.rank_set not in ("history", "population"):
            raise ValueError(f"PFIFA: rank_set is history or population, got {self.rank_set!r}")
        if self.size not in ("max", "sum"):
            raise ValueError(f"PFIFA: size is max or sum, got {self.size!r}")

    @classmethod
    def published(cls, metrics: Sequence[str] = (), *, population: int = 20) -> PFIFA:
        """Make the optimizer of the paper.

        Parameters
        ----------
        metrics : sequence of str
        population : int
            20, 75 and 100 were compared.

        Returns
        -------
        PFIFA
            The front of the population alone and ``size="sum"``, the reading of Algorithm 1 in
            which its rule has an effect. What the paper does not state is taken from the program
            of IFA, as in `RBIFA.published`.
        """
        return cls(
            metrics,
            rank_set="population",
            size="sum",
            population=population,
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
        """Propose the next generation, whatever `n` is."""
        metrics = self._metrics(problem)
        if not history.batches:
            X = unseen(problem, history, self.population, rng)
            return Batch(X, {"chances": self.chances, "largest": 0})
        last = history.batches[-1]
        rows, largest, chances = history.lookup(last.X), last.aux["largest"], last.aux["chances"]
        front = self._front(history, metrics, rows)
        chances = self.chances if len(front) > largest else chances - 1
        largest = max(largest, len(front))
        size = max(self.population, largest) if self.size == "max" else self.population + largest
        rows = np.append(rows, np.setdiff1d(front, rows))
        X, light = self._swarm(problem, history, rows, size, rng)
        if chances > 0:
            X = self.sweep(problem.space, X, light, rng)
        else:
            X, chances = self.genetic_iteration(problem.space, X, rng), self.chances
        X = with_new_rows(problem, history, X, rng, places=[0], patience=self.chances)
        return Batch(X, {"chances": chances, "largest": largest})

    def select(self, problem: Problem, history: History) -> Ints:
        """Choose the final front.

        Parameters
        ----------
        problem : Problem
        history : History
            Of a search with this optimizer.

        Returns
        -------
        ndarray of int64, shape (k,)
            Rows of the history in order of evaluation, none of which dominates another: the
            feasible ones if there are any, or those of least violation.
        """
        if not history.batches:
            return np.empty(0, dtype=np.int64)
        rows = history.lookup(history.batches[-1].X)
        return self._front(history, self._metrics(problem), rows[rows >= 0])

    def _swarm(
        self,
        problem: Problem,
        history: History,
        rows: Ints,
        size: int,
        rng: np.random.Generator,
    ) -> tuple[Ints, Floats]:
        """Return the fireflies that fly next, chosen from some rows, and their light."""
        light = _light(history, rows, self._metrics(problem))
        best = np.argsort(light, kind="stable")[:size]
        X, light = history.X[rows[best]], light[best]
        if len(X) < size:
            new = unseen(problem, history, size - len(X), rng)
            # Nothing is known of them yet: they fly towards everyone.
            light = np.append(light, np.full(len(new), len(history) + 1.0))
            X = np.concatenate([X, new])
        return X, light

    def _front(self, history: History, metrics: Ints, rows: Ints) -> Ints:
        """Return the first front among some rows, or all, in order of evaluation."""
        rows = np.arange(len(history)) if self.rank_set == "history" else np.unique(rows)
        rows = rows[~history.failed[rows]]
        rows = rows[history.violation[rows] == history.violation[rows].min(initial=np.inf)]
        front: Ints = rows[moo.dominance_degree_sort(history.F[rows][:, metrics]) == 0]
        return front

    def _metrics(self, problem: Problem) -> Ints:
        return columns(problem, self.metrics or problem.names, "PFIFA")


def _light(history: History, rows: Ints, metrics: Ints) -> Floats:
    """Return the place of rows by front, then by crowding; equals share one."""
    order = fronts_and_crowding(
        history.F[rows][:, metrics],
        history.violation[rows],
        history.failed[rows],
    )
    place = np.unique(np.column_stack([order.front, -order.crowding]), axis=0, return_inverse=True)
    return place[1].reshape(-1).astype(np.float64)
