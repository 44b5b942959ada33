"""Random search."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pyhwnas.history import Batch, History
from pyhwnas.optimizers.operators.variation import unseen
from pyhwnas.problem import Problem

__all__ = ["Random"]


@dataclass(frozen=True, slots=True)
class Random:
    """Draw rows that have not been evaluated, each gene uniform over its values.

    The baseline that anything else has to beat.

    Parameters
    ----------
    step : int
        Rows in a batch, where the search asks for no particular number.

    Notes
    -----
    Without replacement: a space of at most 2^20 rows is exhausted exactly, and the search ends.

    References
    ----------
    Li and Talwalkar, 2019, https://doi.org/10.48550/arXiv.1902.07638

    Examples
    --------
    >>> from pyhwnas import Problem, Search, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    >>> len(Search(problem, Random(), seed=0).run(50))
    50
    """

    step: int = 32

    def __post_init__(self) -> None:
        if self.step < 1:
            raise ValueError(f"step: expected at least 1 row, got {self.step}")

    def propose(
        self, problem: Problem, history: History, n: int | None, rng: np.random.Generator
    ) -> Batch:
        """Draw `n` rows, or `step` where `n` is None; fewer at the end of the space."""
        return Batch(unseen(problem, history, self.step if n is None else n, rng))
