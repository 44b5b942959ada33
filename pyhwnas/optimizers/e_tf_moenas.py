"""E-TF-MOENAS: NSGA-II on training-free scores, without tournaments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pyhwnas.history import Batch, Floats, History, Ints
from pyhwnas.optimizers.operators.selection import (
    columns,
    fronts_and_crowding,
    metric_ranks,
    survivors,
)
from pyhwnas.optimizers.operators.variation import mutate_each, two_point_crossover, unseen
from pyhwnas.problem import Problem

__all__ = ["ETFMOENAS"]

ROUNDS = 5
"""So often parents are paired anew before children may repeat: five attempts a child."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ETFMOENAS:
    """Enhanced Training-Free Multi-Objective Evolutionary NAS.

    Several scores that need no training stand beside each other as objectives; none is trusted
    alone. All rows are parents, paired at random, and only survival selects.

    Parameters
    ----------
    population : int
        At least 2.
    crossover_rate : float
        Probability that a pair exchanges genes.
    combined : sequence of str
        Names of objectives that are added up to one, in their minimised form: the paper's
        variant C, for scores of one size.

    Notes
    -----
    Children differ from each other and from all parents, as long as five pairings of the
    population give enough of them; then they may repeat. They may be known from earlier
    generations, which costs no evaluation. A generation without any new row gets a random new
    one, so that the search only ends with the space. The elitist archive of the paper is
    `History.front`.

    References
    ----------
    Luong et al., 2024, https://doi.org/10.1016/j.ins.2023.119856

    Examples
    --------
    >>> from pyhwnas import Problem, Search, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    >>> optimizer = ETFMOENAS()
    >>> history = Search(problem, optimizer, seed=0).run(100)
    >>> row = optimizer.select(problem, history, {"macs": 0.5, "params": 0.5})
    >>> bool(history.values[row, 0] == history.values[:, 0].min())
    True
    """

    population: int = 20
    crossover_rate: float = 0.9
    combined: Sequence[str] = ()

    def __post_init__(self) -> None:
        if isinstance(self.combined, str):
            raise TypeError(f"combined: expected a sequence of names, got {self.combined!r}")
        object.__setattr__(self, "combined", tuple(self.combined))
        if self.population < 2:
            raise ValueError(f"ETFMOENAS: population is at least 2, got {self.population}")
        if not 0 <= self.crossover_rate <= 1:
            raise ValueError(f"ETFMOENAS: crossover_rate is from 0 to 1, got {self.crossover_rate}")

    @classmethod
    def published(cls, combined: Sequence[str] = ()) -> ETFMOENAS:
        """Return the settings of the authors' program, which are the defaults."""
        return cls(population=20, crossover_rate=0.9, combined=combined)

    def propose(
        self, problem: Problem, history: History, n: int | None, rng: np.random.Generator
    ) -> Batch:
        """Propose the next generation, whatever `n` is."""
        if not history.batches:
            return Batch(unseen(problem, history, self.population, rng), {"parents": []})
        rows = self._survivors(problem, history, rng)
        X = self._children(problem, history.X[rows], rng)
        if (history.lookup(X) >= 0).all():
            new = unseen(problem, history, 1, rng)
            X = np.concatenate([X[:-1], new]) if len(new) else new
        return Batch(X, {"parents": rows.tolist()})

    def select(self, problem: Problem, history: History, weights: Mapping[str, float]) -> int:
        """Choose one network of the final population by a weighted sum of ranks.

        Parameters
        ----------
        problem : Problem
        history : History
            Of a search with this optimizer.
        weights : mapping of str to float
            By name of the objective; what is not named does not count.

        Returns
        -------
        int
            Row of the history with the least sum, the first evaluated of equals; -1 where no
            row of the population has all its values.

        Raises
        ------
        ValueError
            If a name is not an objective's.

        References
        ----------
        Ranking as in RB-IFA, equation 6: https://doi.org/10.5220/0013296900003890
        """
        metrics = columns(problem, tuple(weights), "weights")
        if not history.batches:
            return -1
        rows = np.sort(self._survivors(problem, history, np.random.default_rng(0)))
        rows = rows[~history.failed[rows]]
        if not len(rows):
            return -1
        total = np.zeros(len(rows))
        for metric, weight in zip(metrics, weights.values(), strict=True):
            total += weight * metric_ranks(history, rows, metric)
        return int(rows[np.argmin(total)])

    def _survivors(self, problem: Problem, history: History, rng: np.random.Generator) -> Ints:
        """Return the best of the last generation's parents and children, as rows."""
        last = history.batches[-1]
        before = np.array(last.aux["parents"], dtype=np.int64)
        told = history.lookup(last.X)
        rows = np.unique(np.concatenate([before, told[told >= 0]]))
        F = self._combine(problem, history.F[rows])
        order = fronts_and_crowding(F, history.violation[rows], history.failed[rows])
        return rows[survivors(order, self.population, rng)]

    def _combine(self, problem: Problem, F: Floats) -> Floats:
        if not self.combined:
            return F
        together = columns(problem, self.combined, "ETFMOENAS")
        return np.column_stack([np.delete(F, together, axis=1), F[:, together].sum(axis=1)])

    def _children(self, problem: Problem, X: Ints, rng: np.random.Generator) -> Ints:
        """Breed one child for each parent."""
        taken = problem.key(X)
        found = X[:0]
        for _ in range(ROUNDS):
            brood = self._brood(problem, X, rng)
            keys = problem.key(brood)
            first = np.isin(np.arange(len(brood)), np.unique(keys, return_index=True)[1])
            fresh = brood[first & ~np.isin(keys, taken)]
            found = np.concatenate([found, fresh])
            taken = np.concatenate([taken, problem.key(fresh)])
            if len(found) >= len(X):
                return found[: len(X)]
        return np.concatenate([found, brood])[: len(X)]

    def _brood(self, problem: Problem, X: Ints, rng: np.random.Generator) -> Ints:
        """Cross each parent with a partner and mutate each gene with probability 1 / n_genes."""
        A = X[rng.permutation(len(X))]
        B = np.roll(A, 1, axis=0)
        mixed = rng.random((len(A), 1)) < self.crossover_rate
        children = np.where(mixed, two_point_crossover(problem.space, A, B, rng), A)
        return mutate_each(problem.space, children, rng, probability=1.0 / X.shape[1])
