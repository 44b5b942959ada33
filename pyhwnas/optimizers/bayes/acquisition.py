"""Gaussian processes of all objectives, and how promising candidates are under them (BoTorch)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from pyhwnas import moo
from pyhwnas._optional import require
from pyhwnas.history import Floats, History, Ints
from pyhwnas.problem import AtMost, Problem

__all__ = ["Acquisition", "Criterion", "Observations", "deterministic", "observations"]

Criterion: TypeAlias = Literal["qehvi", "qnehvi", "qparego"]

MOST_OBJECTIVES = 4
"""With more, boxes around a front are too many, and ParEGO takes the place of hypervolume."""

JOINT = 5
"""So many rows of a batch are judged together; those before are taken to be as predicted."""

BLOCK = 512
"""Candidates that are scored at once."""


class Observations(NamedTuple):
    """What Gaussian processes learn from: outcomes, standardised and maximised.

    Parameters
    ----------
    Z : ndarray of float64, shape (n, d)
        Encoded genotypes of rows with finite values.
    Y : ndarray of float64, shape (n, m)
    front : ndarray of float64, shape (k, m)
        Those of the feasible rows that nothing dominates.
    reference : ndarray of float64, shape (m,)
        The reference point.
    violations : tuple of callable
        For each constraint a function of outcomes ``(..., m)``, positive where it is not met.
    """

    Z: Floats
    Y: Floats
    front: Floats
    reference: Floats
    violations: tuple[Callable[[Any], Any], ...]


def observations(
    problem: Problem, history: History, Z: Floats, *, winsorise: float = 0.0
) -> Observations:
    """Collect what has been evaluated.

    Parameters
    ----------
    problem : Problem
    history : History
        With a reference point and a row of finite values.
    Z : ndarray of float64, shape (len(history), d)
    winsorise : float
        This share of the worst values of each objective is raised to the best among them.

    Returns
    -------
    Observations
        Infinite values are left out; an infinite reference becomes the worst value.
    """
    finite = history.ok & np.isfinite(history.F).all(axis=1)
    F = history.F[finite]
    front = F[history.feasible[finite]]
    front = front[moo.nondominated_mask(front, keep_equal=False)]
    clipped = np.minimum(F, np.quantile(F, 1.0 - winsorise, axis=0))
    center = clipped.mean(axis=0)
    scale = clipped.std(axis=0)
    scale[~(scale > 0)] = 1.0
    stated = np.asarray(history.ref_point)
    reference = np.where(np.isfinite(stated), stated, F.max(axis=0))
    return Observations(
        Z[finite],
        (center - clipped) / scale,
        (center - front) / scale,
        (center - reference) / scale,
        _violations(problem, center, scale),
    )


def _violations(
    problem: Problem, center: Floats, scale: Floats
) -> tuple[Callable[[Any], Any], ...]:
    """Write constraints as functions of standardised outcomes."""
    functions: list[Callable[[Any], Any]] = []
    for constraint in problem.constraints:
        column = problem.names.index(constraint.name)
        sign = -1.0 if problem.senses[column] == "max" else 1.0
        above = 1.0 if isinstance(constraint, AtMost) else -1.0

        def violation(
            Y: Any,
            column: int = column,
            sign: float = sign,
            above: float = above,
            bound: float = constraint.bound,
        ) -> Any:
            value = sign * (center[column] - scale[column] * Y[..., column])
            return above * (value - bound) / scale[column]

        functions.append(violation)
    return tuple(functions)


@contextmanager
def deterministic(seed: int) -> Iterator[Any]:
    """Run torch on one thread with its own seed and without its warnings, and put all back."""
    torch = require("torch", extra="bayes")
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        require("botorch", extra="bayes")
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        try:
            yield torch
        finally:
            torch.set_num_threads(threads)


class Acquisition:
    """The value of candidates under Gaussian processes that are fitted once.

    To be made and called within `deterministic`.

    Parameters
    ----------
    seen : Observations
    candidates : ndarray of float64, shape (k, d)
        Encoded like the rows that were seen.
    unordered : sequence of int
        Columns of the encoding whose values have no order: they are compared by the Hamming
        distance, the others by a Matern kernel.
    criterion : {"qehvi", "qnehvi", "qparego"}
    samples : int
        Of the posterior distribution, by quasi Monte Carlo.
    rng : numpy.random.Generator
        For the weights of ParEGO.
    """

    def __init__(
        self,
        seen: Observations,
        candidates: Floats,
        *,
        unordered: Sequence[int],
        criterion: Criterion,
        samples: int,
        rng: np.random.Generator,
    ) -> None:
        torch = require("torch", extra="bayes")
        m = seen.Y.shape[1]
        self._seen = seen
        self._criterion = criterion if 1 < m <= MOST_OBJECTIVES else "qparego"
        self._samples = samples
        self._rng = rng
        self._candidates = torch.as_tensor(candidates)
        self._Z, self._Y = torch.as_tensor(seen.Z), torch.as_tensor(seen.Y)
        self._front = torch.as_tensor(seen.front)
        self._unordered = tuple(unordered)
        self._model = self._process()
        _fit(self._model)
        self._believed = 0
        self._function: tuple[int, Any] = (-1, None)  # for a batch of so many rows

    def __call__(self, index: Ints, chosen: list[int]) -> Floats:
        """Score candidates.

        Parameters
        ----------
        index : ndarray of int64, shape (k,)
            Which candidates.
        chosen : list of int
            Which ones are in the batch already.

        Returns
        -------
        ndarray of float64, shape (k,)
        """
        torch = require("torch", extra="bayes")
        if self._function[0] != len(chosen):
            if len(chosen) - self._believed >= JOINT:
                self._believe(chosen[self._believed :])
            beside = chosen[self._believed :]
            pending = self._candidates[beside] if beside else None
            self._function = (len(chosen), self._make(pending))
        function = self._function[1]
        rows = self._candidates[torch.as_tensor(index)].unsqueeze(1)
        with torch.no_grad():
            scores = torch.cat([function(block) for block in rows.split(BLOCK)])
        return np.asarray(scores.numpy())

    def _process(self) -> Any:
        models = require("botorch.models", extra="bayes")
        kernel = _kernel(self._Z.shape[1], self._unordered, self._Y.shape[1])
        return models.SingleTaskGP(self._Z, self._Y, covar_module=kernel, outcome_transform=None)

    def _believe(self, chosen: list[int]) -> None:
        """Take predictions of some candidates for outcomes."""
        torch = require("torch", extra="bayes")
        Z = self._candidates[chosen]
        with torch.no_grad():
            Y = self._model.posterior(Z).mean
        self._Z, self._Y = torch.cat([self._Z, Z]), torch.cat([self._Y, Y])
        self._front = torch.cat([self._front, Y])
        state = self._model.state_dict()
        self._model = self._process()
        self._model.load_state_dict(state)
        self._believed += len(chosen)

    def _make(self, pending: Any) -> Any:
        """Return BoTorch's acquisition function."""
        torch = require("torch", extra="bayes")
        sampling = require("botorch.sampling", extra="bayes")
        sampler = sampling.SobolQMCNormalSampler(torch.Size([self._samples]), seed=0)
        constraints = list(self._seen.violations) or None
        if self._criterion == "qparego":
            return self._scalarised(sampler, constraints, pending)
        functions = require("botorch.acquisition.multi_objective", extra="bayes")
        reference = torch.as_tensor(self._seen.reference)
        if self._criterion == "qnehvi":
            return functions.qNoisyExpectedHypervolumeImprovement(
                self._model,
                reference,
                self._Z,
                sampler=sampler,
                constraints=constraints,
                X_pending=pending,
                prune_baseline=True,
            )
        boxes = require(
            "botorch.utils.multi_objective.box_decompositions.non_dominated", extra="bayes"
        ).FastNondominatedPartitioning(reference, Y=self._front)
        if pending is None and constraints is None:  # one row: there is a formula
            return functions.ExpectedHypervolumeImprovement(self._model, reference, boxes)
        function = functions.qExpectedHypervolumeImprovement(
            self._model, reference, boxes, sampler=sampler, constraints=constraints
        )
        if pending is None:
            return function
        with torch.no_grad():
            before = function(pending)
        function.set_X_pending(pending)
        return lambda X: function(X) - before

    def _scalarised(self, sampler: Any, constraints: Any, pending: Any) -> Any:
        """Return expected improvement of a random augmented Chebyshev scalarisation."""
        torch = require("torch", extra="bayes")
        objective = require("botorch.acquisition.objective", extra="bayes").GenericMCObjective
        chebyshev = require("botorch.utils.multi_objective.scalarization", extra="bayes")
        weights = torch.as_tensor(self._rng.dirichlet(np.ones(self._Y.shape[1])))
        scalar = chebyshev.get_chebyshev_scalarization(weights, self._Y, alpha=0.05)
        values = scalar(self._Y)
        allowed = torch.ones(len(values), dtype=torch.bool)
        for violation in self._seen.violations:
            allowed &= violation(self._Y) <= 0
        functions = require("botorch.acquisition.logei", extra="bayes")
        return functions.qLogExpectedImprovement(
            self._model,
            best_f=values[allowed].max() if allowed.any() else values.min(),
            sampler=sampler,
            objective=objective(lambda Y, X=None: scalar(Y)),
            constraints=constraints,
            X_pending=pending,
        )


def _kernel(d: int, unordered: Sequence[int], m: int) -> Any:
    """Return a product of a Hamming kernel and a Matern kernel, one of each per outcome."""
    torch = require("torch", extra="bayes")
    kernels = require("gpytorch.kernels", extra="bayes")
    priors = require("gpytorch.priors", extra="bayes")
    categorical = require("botorch.models.kernels", extra="bayes").CategoricalKernel
    batch = torch.Size([m]) if m > 1 else torch.Size([])
    ordered = [column for column in range(d) if column not in unordered]
    factors = []
    for columns, kind in ((list(unordered), categorical), (ordered, kernels.MaternKernel)):
        if columns:
            factors.append(
                kind(
                    ard_num_dims=len(columns),
                    active_dims=columns,
                    batch_shape=batch,
                    lengthscale_prior=priors.GammaPrior(3.0, 6.0),
                )
            )
    inner = factors[0] if len(factors) == 1 else factors[0] * factors[1]
    return kernels.ScaleKernel(
        inner, batch_shape=batch, outputscale_prior=priors.GammaPrior(2.0, 0.15)
    )


def _fit(model: Any) -> None:
    """Maximise the marginal likelihood; where that fails, the kernel stays as it began."""
    fit = require("botorch.fit", extra="bayes")
    likelihoods = require("gpytorch.mlls", extra="bayes")
    errors = require("botorch.exceptions.errors", extra="bayes")
    state = {name: value.clone() for name, value in model.state_dict().items()}
    try:
        fit.fit_gpytorch_mll(likelihoods.ExactMarginalLogLikelihood(model.likelihood, model))
    except errors.ModelFittingError:
        model.load_state_dict(state)
        model.eval()
