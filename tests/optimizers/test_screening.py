"""Screening: what a cheap score likes best, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from search.toy import Mean

from pyhwnas import Problem, Search, objectives, spaces
from pyhwnas.optimizers import Screening
from pyhwnas.problem import AtMost
from pyhwnas.testing import check_optimizer

SPACE = spaces.NASBench201()
PROBLEM = Problem(SPACE, (Mean(SPACE), objectives.Params(SPACE)))


def test_it_keeps_the_promises_of_an_optimizer():
    check_optimizer(Screening("macs", draws=20), n=30)


def test_the_best_of_all_by_the_score_comes_first():
    history = Search(PROBLEM, Screening("params", draws=20_000), seed=0).run(3)
    params = np.sort(objectives.Params(SPACE)(SPACE.all()))
    np.testing.assert_array_equal(history.values[:, 1], params[:3])


def test_more_draws_are_better_and_batches_share_them():
    few, many = (
        np.mean([Search(PROBLEM, Screening("params", draws=n), seed=s).run(1).values[0, 1]
                 for s in range(20)])
        for n in (3, 100)
    )  # fmt: skip
    assert many < few
    history = Search(PROBLEM, Screening("params", draws=50), seed=0).run(8, batch=4)
    assert [len(batch.X) for batch in history.batches] == [4, 4]


def test_constraints_on_cheap_objectives_come_first():
    problem = Problem(SPACE, PROBLEM.objectives, constraints=(AtMost("quality", -5.0),))
    Search(problem, Screening("params", draws=50), seed=0).run(3)  # expensive: not known before
    cheap = Problem(
        SPACE,
        (Mean(SPACE, name="score", cost="cheap"), objectives.Macs(SPACE)),
        constraints=(AtMost("macs", 30e6),),
    )
    history = Search(cheap, Screening("score", draws=300), seed=0).run(3)
    assert history.feasible.all()


def test_rows_without_a_score_come_last():
    space = spaces.NASBench201()
    half = _Half(space)
    history = Search(Problem(space, (half,)), Screening("half", draws=100), seed=0).run(5)
    assert history.ok.all()


class _Half(Mean):
    """No value for every second row."""

    def __init__(self, space):
        super().__init__(space, name="half", cost="cheap")

    def __call__(self, X):
        return np.where(X[:, 0] % 2 == 0, np.nan, X.sum(axis=1).astype(float))


def test_settings_are_checked():
    with pytest.raises(ValueError, match="draws is at least 1, got 0"):
        Screening("params", draws=0)
    with pytest.raises(ValueError, match=r"score 'quality' is not among .* \(params\)"):
        Search(PROBLEM, Screening("quality")).ask()
    assert Screening.published("params").draws == 100
