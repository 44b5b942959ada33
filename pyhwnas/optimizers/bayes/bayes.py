"""Bayesian optimisation over candidate sets: qEHVI, qNEHVI, qParEGO."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from pyhwnas.history import Batch, Floats, History, Ints
from pyhwnas.optimizers.bayes.acquisition import Acquisition, Criterion, deterministic, observations
from pyhwnas.optimizers.lamoo.regions import Region, draw
from pyhwnas.optimizers.operators.variation import are_new, mutate_one, unseen
from pyhwnas.problem import Problem
from pyhwnas.spaces import Space, sizes

__all__ = ["Bayes"]

MUTANTS = 256
"""Mutations of the front among the candidates."""

SHORTLIST = 128
"""So many candidates at least, the best on their own, are scored again beside those chosen."""


@dataclass(frozen=True, slots=True)
class Bayes:
    """Gaussian processes of all objectives, and the candidates that promise most.

    Parameters
    ----------
    criterion : {"qehvi", "qnehvi", "qparego"}
        Expected hypervolume improvement over the front, the same over the front that the model
        believes in, or expected improvement of a random Chebyshev scalarisation.
    kernel : {"hamming", "ordinal"}
        Whether unordered genes are compared by whether they differ, or by their numbers like the
        ordinal ones, as continuous optimisers do.
    candidates : int
        New rows that are scored for each batch, besides mutations of the front.
    samples : int
        Monte Carlo samples of the acquisition function.
    winsorise : float
        This share of the worst values of each objective is raised to the best among them, for the
        model's eyes; from 0 to below 1. Heavy tails, such as networks that do not learn, spoil a
        Gaussian process.
    initial : int
        Rows of the first batch, drawn uniformly; at least 2.
    step : int
        Rows in a batch, where the search asks for no particular number.

    Notes
    -----
    One Gaussian process for each objective, with constant mean and a length scale for each gene:
    the exponential of the Hamming distance, times a Matern 5/2 kernel of ordinal genes; outcomes
    are standardised. Spaces are finite, so the acquisition function is not climbed but evaluated,
    on at least 4096 new rows by default, and on mutations of the front. Its logarithm, which helps
    gradients, would choose the same.

    A batch is filled greedily: the first row out of all candidates, the others out of the 128
    (or 4 n) best on their own, scored jointly with those chosen before, but with five rows at most;
    in larger batches the first are taken to be as predicted.

    Boxes around a front multiply with the objectives: with more than four, or with one, all three
    criteria are qParEGO. Constraints weigh each sample with the probability that it meets them.

    References
    ----------
    qEHVI, qParEGO: Daulton et al., 2020, https://doi.org/10.48550/arXiv.2006.05078; qNEHVI:
    Daulton et al., 2021, https://doi.org/10.48550/arXiv.2105.08195; ParEGO: Knowles, 2006,
    https://doi.org/10.1109/TEVC.2005.851274

    Examples
    --------
    >>> from pyhwnas import Problem, Search, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    >>> len(Search(problem, Bayes(candidates=64, samples=16), seed=0).run(15))
    15
    """

    criterion: Criterion = "qehvi"
    kernel: Literal["hamming", "ordinal"] = field(default="hamming", kw_only=True)
    candidates: int = field(default=4096, kw_only=True)
    samples: int = field(default=128, kw_only=True)
    winsorise: float = field(default=0.0, kw_only=True)
    initial: int = field(default=10, kw_only=True)
    step: int = field(default=5, kw_only=True)

    def __post_init__(self) -> None:
        if self.criterion not in ("qehvi", "qnehvi", "qparego"):
            raise ValueError(
                f"criterion: expected qehvi, qnehvi or qparego, got {self.criterion!r}"
            )
        if self.kernel not in ("hamming", "ordinal"):
            raise ValueError(f"kernel: expected hamming or ordinal, got {self.kernel!r}")
        for name in ("candidates", "samples", "step"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")
        if self.initial < 2:
            raise ValueError(f"initial: expected at least 2 rows, got {self.initial}")
        if not 0.0 <= self.winsorise < 1.0:
            raise ValueError(f"winsorise: expected a share from 0 to below 1, got {self.winsorise}")

    def propose(
        self, problem: Problem, history: History, n: int | None, rng: np.random.Generator
    ) -> Batch:
        """Propose the `n` most promising rows, or `step`; `initial` random rows at first."""
        if not len(history):
            return Batch(unseen(problem, history, max(self.initial, n or 0), rng))
        n = self.step if n is None else n
        if history.ref_point is None:  # every row failed so far
            return Batch(unseen(problem, history, n, rng))
        everything = Region(problem.space, np.arange(len(history)))
        return Batch(self.sample(problem, history, everything, n, rng))

    def sample(
        self, problem: Problem, history: History, region: Region, n: int, rng: np.random.Generator
    ) -> Ints:
        """Choose the `n` most promising new rows of a region."""
        X = self._candidates(problem, history, region, n, rng)
        if len(X) <= n or np.isfinite(history.F).all(axis=1).sum() < 2:
            return X[:n]
        seen = observations(
            problem, history, _encode(problem.space, history.X), winsorise=self.winsorise
        )
        genes = problem.space.genes
        unordered = [i for i, gene in enumerate(genes) if not gene.ordinal]
        with deterministic(int(rng.integers(2**31))):
            score = Acquisition(
                seen,
                _encode(problem.space, X),
                unordered=unordered if self.kernel == "hamming" else (),
                criterion=self.criterion,
                samples=self.samples,
                rng=rng,
            )
            return X[_greedy(score, len(X), n)]

    def _candidates(
        self, problem: Problem, history: History, region: Region, n: int, rng: np.random.Generator
    ) -> Ints:
        """Draw new rows of a region and mutate the front."""
        X = draw(problem, history, region, n, rng, most=self.candidates)
        front = history.front().X
        if not len(front):
            return X
        mutants = mutate_one(problem.space, front[rng.integers(len(front), size=MUTANTS)], rng)
        mutants = mutants[region.contains(mutants)]
        return np.concatenate([X, mutants[are_new(problem, history, mutants, besides=X)]])


def _encode(space: Space, X: Ints) -> Floats:
    """Scale genes to [0, 1]; the Hamming distance only asks whether they differ."""
    return X / np.maximum(sizes(space) - 1, 1)


def _greedy(score: Callable[[Ints, list[int]], Floats], size: int, n: int) -> list[int]:
    """Choose candidates one by one, the first of equal scores."""
    alone = score(np.arange(size), [])
    order = np.argsort(-alone, kind="stable")
    chosen = [int(order[0])]
    shortlist = np.sort(order[: max(SHORTLIST, 4 * n)])
    while len(chosen) < n:
        shortlist = shortlist[shortlist != chosen[-1]]
        chosen.append(int(shortlist[np.argmax(score(shortlist, chosen))]))
    return chosen
