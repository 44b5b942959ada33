"""Optimizers: frozen configurations with one pure method, one file per paper."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from pyhwnas.history import Batch, History
from pyhwnas.optimizers.auto import Auto
from pyhwnas.optimizers.bayes import Bayes
from pyhwnas.optimizers.cma_es import CMAES
from pyhwnas.optimizers.e_tf_moenas import ETFMOENAS
from pyhwnas.optimizers.evolution import RegularizedEvolution
from pyhwnas.optimizers.firefly import FA, IFA, PFIFA, RBIFA
from pyhwnas.optimizers.lamoo import Growth, LaMOO, Screened, Uniform
from pyhwnas.optimizers.local_search import LocalSearch
from pyhwnas.optimizers.msunas import MSuNAS
from pyhwnas.optimizers.nsga2 import NSGA2
from pyhwnas.optimizers.nsga3 import NSGA3
from pyhwnas.optimizers.random import Random
from pyhwnas.optimizers.screening import Screening
from pyhwnas.problem import Problem

__all__ = [
    "CMAES",
    "ETFMOENAS",
    "FA",
    "IFA",
    "NSGA2",
    "NSGA3",
    "PFIFA",
    "RBIFA",
    "Auto",
    "Batch",
    "Bayes",
    "Growth",
    "LaMOO",
    "LocalSearch",
    "MSuNAS",
    "Optimizer",
    "Random",
    "RegularizedEvolution",
    "Screened",
    "Screening",
    "Uniform",
]


@runtime_checkable
class Optimizer(Protocol):
    """A strategy: what to evaluate next, as a function of all that was proposed and evaluated.

    The history is the state. A configuration is a frozen dataclass, so that a run can describe
    it; whatever one call wants to hand to the next travels in the `aux` of its batch.
    `pyhwnas.testing.check_optimizer` checks an implementation.
    """

    def propose(
        self, problem: Problem, history: History, n: int | None, rng: np.random.Generator, /
    ) -> Batch:
        """Propose the next batch; called when every row of the one before has been told.

        Parameters
        ----------
        problem : Problem
        history : History
        n : int or None
            How many rows are wanted now, a wish: a generation comes whole, and the search hands
            it out in slices. None leaves it to the optimizer.
        rng : numpy.random.Generator
            Depends on the search's seed and the number of the batch alone.

        Returns
        -------
        Batch
            Valid, canonical rows. Rows that are known already cost nothing. No rows: exhausted.
        """
        ...
