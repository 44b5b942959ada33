"""E-TF-MOENAS: generations without tournaments, and the choice by ranks."""

from __future__ import annotations

import numpy as np
import pytest
from search.toy import Mean

from pyhwnas import Problem, Search, objectives, spaces
from pyhwnas.optimizers import ETFMOENAS
from pyhwnas.problem import AtMost
from pyhwnas.testing import check_optimizer

SPACE = spaces.NASBench201()
PROBLEM = Problem(SPACE, (Mean(SPACE), objectives.Params(SPACE), objectives.Macs(SPACE)))


@pytest.mark.parametrize(
    "optimizer",
    [ETFMOENAS.published(), ETFMOENAS(population=7, combined=("macs", "params"))],
    ids=["published", "combined"],
)
def test_it_keeps_the_promises_of_an_optimizer(optimizer):
    check_optimizer(optimizer)


def test_children_differ_from_each_other_and_from_their_parents():
    history = Search(PROBLEM, ETFMOENAS(), seed=0).run(200)
    for batch in history.batches[1:]:
        parents = history.X[np.array(batch.aux["parents"])]
        assert len(parents) == len(batch.X) == 20
        assert len(np.unique(np.concatenate([parents, batch.X]), axis=0)) == 40


def test_the_sum_of_objectives_takes_their_place():
    plain = ETFMOENAS(combined=("quality", "params"))
    F = np.arange(12.0).reshape(4, 3)
    np.testing.assert_array_equal(plain._combine(PROBLEM, F), [[2, 1], [5, 7], [8, 13], [11, 19]])
    assert len(Search(PROBLEM, plain, seed=0).run(100)) == 100
    with pytest.raises(ValueError, match="icd is not among the problem's objectives"):
        Search(PROBLEM, ETFMOENAS(combined=("icd",))).run(50)


def test_selection_follows_the_weights():
    history = Search(PROBLEM, ETFMOENAS(), seed=0).run(300)
    optimizer = ETFMOENAS()
    cheap = optimizer.select(PROBLEM, history, {"macs": 1.0})
    good = optimizer.select(PROBLEM, history, {"quality": 1.0})
    assert history.values[cheap, 2] == history.values[:, 2].min()
    assert history.values[good, 0] > np.quantile(history.values[:, 0], 0.9)
    between = optimizer.select(PROBLEM, history, {"quality": 0.5, "macs": 0.5})
    assert history.values[cheap, 2] <= history.values[between, 2] <= history.values[good, 2]
    with pytest.raises(ValueError, match="energy is not among"):
        optimizer.select(PROBLEM, history, {"energy": 1.0})


def test_selection_of_a_run_that_has_hardly_begun():
    search = Search(PROBLEM, ETFMOENAS())
    assert ETFMOENAS().select(PROBLEM, search.history, {"macs": 1.0}) == -1
    asked = search.ask(2)
    search.tell(asked.ids, [[np.nan] * 3] * 2)
    assert ETFMOENAS().select(PROBLEM, search.history, {"macs": 1.0}) == -1


def test_the_infeasible_are_chosen_last():
    problem = Problem(SPACE, PROBLEM.objectives, constraints=(AtMost("macs", 60e6),))
    history = Search(problem, ETFMOENAS(), seed=0).run(150)
    assert history.feasible[ETFMOENAS().select(problem, history, {"quality": 1.0})]


def test_settings_are_checked():
    with pytest.raises(ValueError, match="population is at least 2"):
        ETFMOENAS(population=1)
    with pytest.raises(ValueError, match="crossover_rate is from 0 to 1"):
        ETFMOENAS(crossover_rate=2.0)
    with pytest.raises(TypeError, match="sequence of names"):
        ETFMOENAS(combined="macs")
