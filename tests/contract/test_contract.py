"""The checks for plugins: all that is built in passes, what breaks a promise does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from search.toy import Mean, Toy

from pyhwnas import Problem, objectives, spaces
from pyhwnas.history import Batch
from pyhwnas.optimizers import RBIFA, Random
from pyhwnas.testing import check_objective, check_optimizer, check_space


def test_a_space_of_ones_own():
    # Those that are built in pass in tests/spaces.
    check_space(Toy())


@pytest.mark.parametrize(
    "optimizer",
    [
        Random(),
        Random(step=3),
        RBIFA(("params",), ("macs",), population=6),
        RBIFA(("params",), ("macs",), weights=(0.5,), movement="continuous"),
        RBIFA(("macs", "params"), (), weights=(1.0,), rank_set="population", chances=1),
        RBIFA(("macs",), ("params",), weights=(0.4,), rank_set="history"),
    ],
    ids=repr,
)
def test_optimizers(optimizer):
    check_optimizer(optimizer)


def test_an_optimizer_on_a_problem_of_ones_own():
    space = spaces.MobileNetV3(resolutions=(32, 64))
    problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    check_optimizer(RBIFA(("params",), ("macs",)), problem, n=40)


class Sums(Mean):
    """Depends on its neighbours."""

    def __call__(self, X):
        return super().__call__(X) - X.sum()


class Local(Mean):
    def __reduce__(self):
        raise TypeError("not this one")


@dataclass(frozen=True)
class Unknown(Mean):
    extra: object = None


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (Sums(), "a row alone gives the same bits"),
        (Local(), "it can be pickled, which executors need"),
        (Mean(nan_at=0, raise_at=None, space=Toy(0)), "have a value"),
        (Unknown(extra=np.random.default_rng()), "described as JSON"),
        (abs, "has name, unit, sense"),
    ],
)
def test_objectives_that_break_promises(objective, message):
    with pytest.raises(AssertionError, match=message):
        check_objective(objective)


class Wandering(Toy):
    def canonical(self, X):
        return (X + 1) % 3


class Narrow(Toy):
    def unit_ids(self, X, *, live=False):
        return super().unit_ids(X).astype(np.int64)


class Crowded(Toy):
    def identity(self, X):
        return np.argsort(X[:, 0], kind="stable")


class Miscounted(Toy):
    n_genotypes = 80


class Repeating(Toy):
    n_networks = 27

    def identity(self, X):
        return spaces.row_hash(X[:, 1:])

    def copies(self, X):
        return np.ones(len(X), dtype=np.int64)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (Miscounted(), "n_genotypes is None or 81, got 80"),
        (Repeating(), "copies counts the genotypes of each identity"),
        (Wandering(), "canonical is idempotent"),
        (Narrow(), "unit_ids returns int32"),
        (Crowded(), "a row alone gives the same bits"),
    ],
)
def test_spaces_that_break_promises(space, message):
    with pytest.raises(AssertionError, match=message):
        check_space(space)


@dataclass(frozen=True)
class Drunk(Random):
    def propose(self, problem, history, n, rng):
        return super().propose(problem, history, n, np.random.default_rng())


@dataclass(frozen=True)
class Lazy(Random):
    def propose(self, problem, history, n, rng):
        batch = super().propose(problem, history, n, rng)
        return Batch(batch.X[: 40 - len(history)])


@dataclass(frozen=True)
class Sloppy(Random):
    def propose(self, problem, history, n, rng):
        batch = super().propose(problem, history, n, rng)
        return Batch(batch.X, {"ages": np.arange(3)})


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (Drunk(), "propose is pure"),
        (Lazy(), "finds 60 rows in nasbench201, got 40"),
        (Sloppy(), "array 'ages' in aux has one entry for each row"),
    ],
)
def test_optimizers_that_break_promises(optimizer, message):
    with pytest.raises(AssertionError, match=message):
        check_optimizer(optimizer)
