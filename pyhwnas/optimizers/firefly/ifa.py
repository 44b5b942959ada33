"""IFA: fireflies on one objective that start over by crossover and mutation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pyhwnas.history import Batch, History, Ints
from pyhwnas.optimizers.firefly.rb_ifa import RBIFA
from pyhwnas.optimizers.firefly.swarm import ImprovedFireflies
from pyhwnas.problem import Problem

__all__ = ["IFA"]


@dataclass(frozen=True, slots=True)
class IFA(ImprovedFireflies):
    """Improved Firefly Algorithm: a firefly algorithm that leaves optima it is stuck in.

    When no firefly has beaten the best for some generations, that one is remembered and
    forgotten as a target, and a genetic iteration makes the next population.

    Parameters
    ----------
    metric : str, optional
        Name of the objective; the problem's first if left out. Others are measured and recorded.
    population, alpha, beta, gamma, movement
        Of the swarm, see `Fireflies`.
    chances, crossover
        Of the genetic iteration, see `ImprovedFireflies`.

    Notes
    -----
    The ranks of one metric are its order, so IFA is RB-IFA with one performance metric that has
    all the weight: see `RBIFA` for infeasible and failed rows, and for how a search ends.

    References
    ----------
    Mokhtari et al., 2022, https://doi.org/10.1109/IJCNN55064.2022.9892956

    Examples
    --------
    >>> from pyhwnas import Problem, Search, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    >>> optimizer = IFA("params")
    >>> history = Search(problem, optimizer, seed=0).run(100)
    >>> history.values[optimizer.select(problem, history), 1] < 0.2e6
    array([ True])
    """

    metric: str | None = None

    @classmethod
    def published(cls, metric: str | None = None) -> IFA:
        """Make the optimizer with the defaults of the authors' program.

        Parameters
        ----------
        metric : str, optional

        Returns
        -------
        IFA
            Twenty fireflies, five chances, parents drawn at random, ``movement="continuous"`` and
            ``crossover="halves"``; where `FA.published` departs from the program, so does this.
        """
        return cls(
            metric,
            population=20,
            alpha=0.5,
            beta=0.95,
            gamma=0.15,
            movement="continuous",
            chances=5,
            crossover="halves",
        )

    def propose(
        self, problem: Problem, history: History, n: int | None, rng: np.random.Generator
    ) -> Batch:
        """Propose the next generation, whatever `n` is."""
        return self._by_rank(problem).propose(problem, history, n, rng)

    def select(self, problem: Problem, history: History) -> Ints:
        """Choose the final answer: the best of what was remembered and the best since then.

        Parameters
        ----------
        problem : Problem
        history : History
            Of a search with this optimizer.

        Returns
        -------
        ndarray of int64, shape (1,) or (0,)
            Row of the history; none while no row has its values.
        """
        rows = self._by_rank(problem).select(problem, history)
        return rows[rows >= 0]

    def _by_rank(self, problem: Problem) -> RBIFA:
        return RBIFA(
            (self.metric if self.metric is not None else problem.names[0],),
            (),
            weights=(1.0,),
            population=self.population,
            alpha=self.alpha,
            beta=self.beta,
            gamma=self.gamma,
            movement=self.movement,
            chances=self.chances,
            crossover=self.crossover,
        )
