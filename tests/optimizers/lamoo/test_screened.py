"""Rows that a predictor expects most of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from search.toy import Mean, Toy

from pyhwnas import Problem, Search, moo, objectives, spaces
from pyhwnas.optimizers import LaMOO
from pyhwnas.optimizers.lamoo.partition import Growth
from pyhwnas.optimizers.lamoo.screened import Screened
from pyhwnas.optimizers.operators.subset import hypervolume_improvement
from pyhwnas.problem import AtMost
from pyhwnas.testing import check_optimizer

pytest.importorskip("sklearn")


@dataclass(frozen=True)
class Linear:
    """Least squares with a small ridge."""

    def fit(self, Z, y, rng):
        A = np.hstack([Z, np.ones((len(Z), 1))])
        return Weights(np.linalg.solve(A.T @ A + 1e-6 * np.eye(A.shape[1]), A.T @ y))


@dataclass(frozen=True)
class Weights:
    w: np.ndarray

    def predict(self, Z):
        return Z @ self.w[:-1] + self.w[-1]


def test_it_keeps_the_promises_of_an_optimizer():
    check_optimizer(LaMOO(Screened(Linear(), candidates=200), growth=Growth("linear")), n=30)


def test_rows_that_add_most_hypervolume():
    rng = np.random.default_rng(0)
    F, front, reference = rng.random((40, 3)), rng.random((5, 3)), np.ones(3)
    known = front
    for row in hypervolume_improvement(F, front, 6, reference):
        before = moo.hypervolume(known, reference)
        gains = [moo.hypervolume(np.vstack([known, f]), reference) - before for f in F]
        assert gains[row] == pytest.approx(max(gains))
        known = np.vstack([known, F[row]])
    assert not len(hypervolume_improvement(front, front, 3, reference))


def test_a_linear_objective_is_learned():
    space = spaces.NASBench201()
    problem = Problem(space, (Params(space),), ref_point=(2e6,))
    history = Search(problem, LaMOO(Screened(Linear())), seed=0).run(40)
    assert history.values.min() == objectives.Params(space)(np.zeros((1, 6), dtype=int))[0]


class Params(objectives.Params):
    """Parameters, as if they were expensive."""

    cost = "expensive"


def test_constraints_and_what_cannot_be_learned():
    problem = Problem(Toy(), (Mean(), objectives.Macs(Toy())), constraints=(AtMost("macs", 3e5),))
    assert len(Search(problem, LaMOO(Screened(Linear()), step=20), seed=0).run(1000)) == 81
    failing = Problem(Toy(), (Mean(nan_at=0), objectives.Macs(Toy())))
    assert len(Search(failing, LaMOO(Screened(Linear())), seed=0).run(30)) == 30


def test_settings_are_checked():
    with pytest.raises(TypeError, match="method fit"):
        Screened("forest")
    with pytest.raises(ValueError, match="at least 1"):
        Screened(Linear(), candidates=0)
