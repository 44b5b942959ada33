"""FA: the firefly algorithm on one objective."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pyhwnas.history import Batch, History, Ints
from pyhwnas.optimizers.firefly.swarm import Fireflies, with_new_rows
from pyhwnas.optimizers.operators.selection import columns, metric_ranks
from pyhwnas.optimizers.operators.variation import unseen
from pyhwnas.problem import Problem

__all__ = ["FA"]

PATIENCE = 5
"""Generations without a new row before a random one joins the swarm."""


@dataclass(frozen=True, slots=True)
class FA(Fireflies):
    """Firefly Algorithm: each firefly flies towards all that are better in one objective.

    Parameters
    ----------
    metric : str, optional
        Name of the objective; the problem's first if left out. Others are measured and recorded.
    population, alpha, beta, gamma, movement
        Of the swarm, see `Fireflies`.

    Notes
    -----
    Infeasible rows shine less than all feasible ones, by their violation, and failed ones least.
    Only what the swarm is now counts: nothing is remembered, and the brightest firefly never
    moves. If five generations in a row hold nothing new, a random new row takes the place of the
    dimmest, so that the search only ends with the space.

    References
    ----------
    Yang, 2010, https://doi.org/10.1504/IJBIC.2010.032124

    Examples
    --------
    >>> from pyhwnas import Problem, Search, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    >>> optimizer = FA("params")
    >>> history = Search(problem, optimizer, seed=0).run(100)
    >>> history.values[optimizer.select(problem, history), 1] < 0.2e6
    array([ True])
    """

    metric: str | None = None

    @classmethod
    def published(cls, metric: str | None = None) -> FA:
        """Make the baseline that IFA was compared with, by the defaults of its program.

        Parameters
        ----------
        metric : str, optional

        Returns
        -------
        FA
            Twenty fireflies with ``movement="continuous"``. The program, for NAS-Bench-101, maps
            each operator's index to thirds of [0, 1]; rounding gives the first and last value of
            a gene half as much room as the others. It truncates the objective to an integer,
            which is left to the objective here.
        """
        return cls(metric, population=20, alpha=0.5, beta=0.95, gamma=0.15, movement="continuous")

    def propose(
        self, problem: Problem, history: History, n: int | None, rng: np.random.Generator
    ) -> Batch:
        """Propose the next generation, whatever `n` is."""
        column = self._column(problem)
        if not history.batches:
            return Batch(unseen(problem, history, self.population, rng))
        X = history.batches[-1].X
        light = metric_ranks(history, history.lookup(X), column)
        X = self.sweep(problem.space, X, light, rng)
        return Batch(with_new_rows(problem, history, X, rng, places=[0], patience=PATIENCE))

    def select(self, problem: Problem, history: History) -> Ints:
        """Choose the final answer: the best row of all, the first of equals.

        Parameters
        ----------
        problem : Problem
        history : History

        Returns
        -------
        ndarray of int64, shape (1,) or (0,)
            Row of the history; none while no row has its values.
        """
        rows = np.flatnonzero(history.ok)
        ranks = metric_ranks(history, rows, self._column(problem))
        return rows[np.argsort(ranks, kind="stable")[:1]]

    def _column(self, problem: Problem) -> int:
        return 0 if self.metric is None else int(columns(problem, [self.metric], "FA")[0])
