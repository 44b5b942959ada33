"""MSuNAS: surrogates inside a multi-objective search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from pyhwnas.history import Batch, History, Ints
from pyhwnas.moo import by_preference, by_trade_off
from pyhwnas.optimizers.msunas.design import Design, first_design
from pyhwnas.optimizers.msunas.inner import inner_search
from pyhwnas.optimizers.msunas.predicted import Values, accuracy_column, learn
from pyhwnas.optimizers.msunas.reward import Reward, rewarded
from pyhwnas.optimizers.operators.subset import most_volume, sparse_regions
from pyhwnas.optimizers.operators.variation import unseen
from pyhwnas.problem import Problem
from pyhwnas.surrogates import RBF, Encoding, Surrogate, Warped

__all__ = ["MSuNAS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MSuNAS:
    """Multi-objective Surrogate-assisted Neural Architecture Search (NSGANetV2).

    Each iteration learns the expensive objectives from all networks evaluated so far, searches
    with NSGA-II for networks that are good by those predictions and the exact values of the cheap
    objectives, and evaluates a few of them.

    Parameters
    ----------
    surrogate : Surrogate
        One for each expensive objective, of `pyhwnas.surrogates`: by default a Gaussian process
        that learns good values in detail and bad ones roughly.
    encoding : {"one_hot", "mixed", "index"}
        How genotypes become features, see `pyhwnas.surrogates.encode`.
    winsorise : bool
        Whether surrogates see values beyond the reference point as lying on it.
    initial : int
        Networks before the first surrogate, the smallest and the largest among them.
    design : {"tilted", "uniform"}
        How the other ones are drawn, see Notes.
    transfer : array_like of int, shape (k, n_genes), optional
        Front of another run, on another data set or device: networks like these are drawn
        instead. `pyhwnas.optimizers.msunas.transfer.cost_agreement` tells whether that is
        wise.
    step : int
        Networks evaluated in each iteration, where the search asks for no particular number.
    subset : {"hypervolume", "gaps"}
        Which of the networks found are evaluated, see Notes.
    force_best : bool
        For ``"gaps"``: whether the one that is predicted best is always among them (the paper),
        or not (the authors' program).
    reward : Reward, optional
        Search for one network by accuracy and cost as one number, instead of for a front.
    population, generations : int
        Of the inner search.

    Notes
    -----
    ``published()`` holds the settings of the paper. The defaults here need about half as many
    evaluations; what makes the difference is, largest first, a small first design, a subset by
    hypervolume improvement, one-hot features, and a Gaussian process on
    a logarithmic scale.

    ``"tilted"``: ordinal genes come ever more from the largest network and ever less from the
    smallest, half of them at random. Smallest and largest are by the first cheap objective.

    ``"hypervolume"``: the network that adds most hypervolume to the front by its predicted
    values, then the one that adds most to both, and so on; where nothing adds any more, the best
    ones behind the front. ``"gaps"``: those that leave the most
    even gaps between the costs of the front, by a genetic algorithm; with several costs, one after
    the other the one farthest from the front and those before it (the paper is silent there).

    Rows are canonical everywhere; in the authors' program genes that are not expressed reach the
    surrogate. Networks that are known are never proposed. Where the inner search finds nothing
    new, random networks are evaluated; infeasible ones only where too few feasible ones are
    found. Failed rows teach nothing. From four objectives on, the inner search keeps niches as
    NSGA-III does.

    References
    ----------
    Lu et al., 2020, https://doi.org/10.1007/978-3-030-58452-8_3

    Examples
    --------
    >>> from pyhwnas import Problem, Search, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    >>> history = Search(problem, MSuNAS(), seed=0).run(40)
    >>> [len(batch.X) for batch in history.batches[:3]]
    [20, 4, 4]
    """

    surrogate: Surrogate = field(default_factory=Warped)
    encoding: Encoding = "one_hot"
    winsorise: bool = True
    initial: int = 20
    design: Design = "tilted"
    transfer: Sequence[Sequence[int]] | None = None
    step: int = 4
    subset: Literal["hypervolume", "gaps"] = "hypervolume"
    force_best: bool = True
    reward: Reward | None = None
    population: int = 80
    generations: int = 40

    def __post_init__(self) -> None:
        if self.transfer is not None:
            rows = np.asarray(self.transfer)
            object.__setattr__(self, "transfer", tuple(tuple(row) for row in rows.tolist()))
        _check(self)

    @classmethod
    def published(cls, surrogate: Surrogate | None = None) -> MSuNAS:
        """Return the settings of the paper; RBF, as in its experiments on ImageNet, by default."""
        return cls(
            surrogate=RBF() if surrogate is None else surrogate,
            encoding="index",
            winsorise=False,
            initial=100,
            design="uniform",
            step=8,
            subset="gaps",
            population=40,
            generations=20,
        )

    def propose(
        self, problem: Problem, history: History, n: int | None, rng: np.random.Generator
    ) -> Batch:
        """Propose the first design, whatever `n` is; then `n` rows, or `step`."""
        if not history.batches:
            X = first_design(
                problem, history, self.initial, rng, design=self.design, transfer=self.transfer
            )
            return Batch(X)
        count = self.step if n is None else n
        prediction = learn(
            problem, history, self.surrogate, self.encoding, rng, winsorise=self.winsorise
        )
        if prediction is None:
            return Batch(unseen(problem, history, count, rng))
        X, values = inner_search(
            problem,
            self._start(problem, history),
            prediction if self.reward is None else rewarded(problem, prediction, self.reward),
            rng,
            population=self.population,
            generations=self.generations,
        )
        new = np.flatnonzero((history.lookup(X) < 0) & ~values.failed)
        if not len(new):
            return Batch(unseen(problem, history, count, rng))
        chosen = self._choose(problem, history, values.take(new), count, rng)
        return Batch(X[new[chosen]])

    def select(
        self, problem: Problem, history: History, wish: Mapping[str, float] | None = None
    ) -> Ints:
        """Order the front for a decision.

        Parameters
        ----------
        problem : Problem
        history : History
        wish : mapping of str to float, optional
            A value for each objective, in natural units.

        Returns
        -------
        ndarray of int64, shape (k,)
            Rows of the history: first the one that is best in the first expensive objective, then
            the others, by trade-off, or by how near they come to the wish.
        """
        front = history.front()
        if not len(front):
            return np.empty(0, dtype=np.int64)
        if wish is None:
            order = by_trade_off(front.F)
        else:
            missing = [name for name in problem.names if name not in wish]
            if missing:
                raise ValueError(
                    f"wish: expected a value for each objective, got none for {', '.join(missing)}"
                )
            values = np.array([[wish[name] for name in problem.names]])
            order = by_preference(front.F, problem.minimised(values)[0])
        best = int(np.argmin(front.F[:, accuracy_column(problem)]))
        return history.lookup(front.X[[best, *order[order != best]]])

    def _start(self, problem: Problem, history: History) -> Ints:
        if self.reward is None:
            return history.front().X
        # One best row is too few to cross with.
        reward = self.reward(problem, history.values)
        order = np.argsort(np.where(history.feasible, -reward, np.inf), kind="stable")
        return history.X[order[: self.population // 2]]

    def _choose(
        self,
        problem: Problem,
        history: History,
        values: Values,
        k: int,
        rng: np.random.Generator,
    ) -> Ints:
        """Choose among new rows, given best first."""
        feasible = np.flatnonzero(values.violation <= 0)
        if len(feasible) <= k or self.reward is not None:
            return np.arange(min(k, len(values.F)))
        F, front = values.F[feasible], history.front()
        known = front.F[front.feasible & np.isfinite(front.F).all(axis=1)]
        if self.subset == "gaps":
            column = accuracy_column(problem)
            return feasible[sparse_regions(F, known, k, column, rng, best=self.force_best)]
        return feasible[most_volume(F, known, k, history.ref_point)]


def _check(optimizer: MSuNAS) -> None:
    for label, low in (("initial", 2), ("step", 1), ("population", 2), ("generations", 1)):
        if getattr(optimizer, label) < low:
            raise ValueError(f"MSuNAS: {label} is at least {low}, got {getattr(optimizer, label)}")
    for label, options in (
        ("encoding", get_args(Encoding)),
        ("design", get_args(Design)),
        ("subset", ("hypervolume", "gaps")),
    ):
        if getattr(optimizer, label) not in options:
            raise ValueError(
                f"MSuNAS: {label} is one of {', '.join(options)}, got {getattr(optimizer, label)!r}"
            )
    if not isinstance(optimizer.surrogate, Surrogate):
        raise TypeError(
            f"MSuNAS: expected a surrogate with fit(X, y, rng), got {optimizer.surrogate!r}"
        )
    if optimizer.transfer is not None and not len(optimizer.transfer):
        raise ValueError("MSuNAS: transfer needs at least one row; leave it out otherwise")
