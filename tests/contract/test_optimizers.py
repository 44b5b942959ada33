"""What every optimizer takes: problems of all kinds, constraints, histories that another began.

Purity, batches of any size, failed rows, interruptions and tiny spaces are in `check_optimizer`,
which each optimizer passes in tests/optimizers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from pyhwnas import Problem, Search, optimizers
from pyhwnas.optimizers import Optimizer
from pyhwnas.problem import AtMost
from pyhwnas.spaces import Gene, PlainSpace, Space
from pyhwnas.surrogates import RBF
from pyhwnas.testing import check_optimizer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for module in ("scipy", "sklearn", "cma", "torch", "botorch"):
        pytest.importorskip(module)

OPTIMIZERS: dict[str, Callable[[tuple[str, ...]], Optimizer]] = {
    "Bayes": lambda names: optimizers.Bayes("qparego", candidates=16, samples=4, step=20),
    "CMAES": lambda names: optimizers.CMAES(),
    "ETFMOENAS": lambda names: optimizers.ETFMOENAS(population=8),
    "FA": lambda names: optimizers.FA(population=8),
    "IFA": lambda names: optimizers.IFA(population=8),
    "LaMOO": lambda names: optimizers.LaMOO(),
    "LocalSearch": lambda names: optimizers.LocalSearch(),
    "MSuNAS": lambda names: optimizers.MSuNAS(
        surrogate=RBF(), initial=10, step=10, population=8, generations=2
    ),
    "NSGA2": lambda names: optimizers.NSGA2(),
    "NSGA3": lambda names: optimizers.NSGA3(),
    "PFIFA": lambda names: optimizers.PFIFA(population=8),
    "RBIFA": lambda names: (
        optimizers.RBIFA(names[:1], names[1:], weights=(0.5, 1.0), population=8)
        if names[1:]
        else optimizers.RBIFA(names, (), weights=(1.0,), population=8)
    ),
    "Random": lambda names: optimizers.Random(),
    "RegularizedEvolution": lambda names: optimizers.RegularizedEvolution(),
    "Screening": lambda names: optimizers.Screening(names[-1], draws=10),
}
SLOW = ("Bayes",)
every = pytest.mark.parametrize(
    "make",
    [
        pytest.param(make, id=name, marks=[pytest.mark.slow] if name in SLOW else [])
        for name, make in OPTIMIZERS.items()
    ],
)


@dataclass(frozen=True)
class Genes(PlainSpace):
    """So many genes of so many values, every other one ordinal."""

    counts: tuple[int, ...] = (4, 3, 5, 3, 4, 3)
    name = "genes"
    plan = None

    @property
    def genes(self) -> tuple[Gene, ...]:
        return tuple(Gene(f"g{i}", n, i % 2 == 0) for i, n in enumerate(self.counts))

    def unit_ids(self, X, *, live=False):
        raise NotImplementedError


@dataclass(frozen=True)
class Sum:
    """A weighted sum over genes, or one value for all."""

    space: Space
    name: str
    cost: str
    sense: str = "min"
    unit: ClassVar[str] = ""
    constant: bool = False
    seed: int = 0

    def __call__(self, X):
        weights = np.random.default_rng([self.seed, *self.name.encode()]).random((X.shape[1], 8))
        return weights[np.arange(X.shape[1]), X].sum(axis=1) * (not self.constant) + 1.0


def problem_of(m=2, counts=Genes.counts, *, most=None, **kinds):
    """Objectives of both costs and senses, the last one cheap; `most` bounds the first."""
    space = Genes(counts)
    objectives = [
        Sum(
            space,
            f"f{i}",
            "cheap" if i == m - 1 or i % 3 == 1 else "expensive",
            "max" if i % 2 else "min",
            **kinds,
        )
        for i in range(m)
    ]
    return Problem(space, objectives, constraints=() if most is None else (AtMost("f0", most),))


def run(make, problem, n, **options):
    return Search(problem, make(problem.names), seed=1, **options).run(n)


def test_no_optimizer_is_left_out():
    public = [getattr(optimizers, name) for name in optimizers.__all__]
    found = {c.__name__ for c in public if isinstance(c, type) and hasattr(c, "propose")}
    # Auto is another one.
    assert found - {"Optimizer", "Auto"} == set(OPTIMIZERS)


def test_the_chooser_keeps_all_promises():
    check_optimizer(optimizers.Auto(evals=20), n=20)


@every
@pytest.mark.parametrize("m", [1, 2, 8])
def test_one_objective_and_many(make, m):
    history = run(make, problem_of(m), 30)
    assert len(history) == 30
    assert not history.failed.any()


@every
def test_objectives_that_say_nothing(make):
    assert len(run(make, problem_of(constant=True), 30)) == 30


@every
@pytest.mark.parametrize("counts", [(1,), (7,), (2, 1, 3)])
def test_a_space_with_an_end(make, counts):
    problem = problem_of(counts=counts)
    search = Search(problem, make(problem.names), seed=1)
    assert len(search.run(100)) == np.prod(counts)
    assert len(search.ask().ids) == 0


@every
def test_constraints_that_nothing_in_the_first_batch_meets(make):
    problem = problem_of()
    first = Search(problem, make(problem.names), seed=1).ask().X
    best = problem.evaluate(first).values[:, 0].min()
    history = run(make, problem_of(most=float(np.nextafter(best, 0.0))), 80)
    assert len(history) == 80
    assert not history.feasible[: len(first)].any()
    assert history.feasible.any()
    assert history.front().feasible.all()


@every
def test_constraints_that_nothing_meets(make):
    history = run(make, problem_of(most=0.0), 40)
    assert len(history) == 40
    assert history.front().violation.min() == history.violation.min() > 0


@every
def test_a_start_from_a_run_with_the_same_objectives(make, tmp_path: Path):
    problem = problem_of()
    other = Search(problem, optimizers.Random(), seed=9).run(40)
    whole = run(make, problem, 25, warm_start=other)
    assert whole.evaluations == 25
    assert (whole.batch[:40] == -1).all()
    assert np.array_equal(whole.values[:40], other.values)
    assert len(np.unique(whole.keys)) == len(whole) == 65
    assert whole.hypervolume() >= other.hypervolume()
    for total in (3, 12, 25):
        with Search(
            problem,
            make(problem.names),
            seed=1,
            store=tmp_path / "run.sqlite",
            warm_start=other if total == 3 else None,
        ) as search:
            history = search.run(total)
    assert history.X.tobytes() == whole.X.tobytes()
    assert history.values.tobytes() == whole.values.tobytes()


@every
def test_a_start_from_a_run_with_other_objectives(make):
    other = Search(problem_of(seed=1), optimizers.Random(), seed=9).run(40)
    problem = problem_of(3)
    history = run(make, problem, 40, warm_start=other)
    assert history.evaluations == len(history) == 40
    first = history.batches[0].X
    begun_with = (first[:, None] == other.front().X[None]).all(axis=2).any(axis=1)
    assert begun_with.any()


@every
def test_a_start_that_leaves_nothing_to_do(make):
    problem = problem_of(counts=(2, 3))
    everything = Search(problem, optimizers.Random(), seed=9).run(6)
    history = run(make, problem, 10, warm_start=everything)
    assert (history.evaluations, len(history)) == (0, 6)
