"""FA: what it flies to, and what it answers."""

from __future__ import annotations

import numpy as np
import pytest
from search.toy import Mean

from pyhwnas import Problem, Search, objectives, spaces
from pyhwnas.optimizers import FA
from pyhwnas.problem import AtMost
from pyhwnas.testing import check_optimizer

SPACE = spaces.NASBench201()
PROBLEM = Problem(SPACE, (Mean(SPACE), objectives.Macs(SPACE)))


@pytest.mark.parametrize("optimizer", [FA(), FA.published("macs")])
def test_promises(optimizer):
    check_optimizer(optimizer)


def test_one_objective_is_enough():
    problem = Problem(SPACE, (objectives.Params(SPACE),))
    history = Search(problem, FA(), seed=0).run(50)
    assert FA().select(problem, history).tolist() == [history.values[:, 0].argmin()]


def test_the_metric_is_by_name_or_the_first():
    first = Search(PROBLEM, FA(), seed=0).run(60)
    named = Search(PROBLEM, FA("quality"), seed=0).run(60)
    other = Search(PROBLEM, FA("macs"), seed=0).run(60)
    assert (first.X == named.X).all()
    assert (first.X != other.X).any()
    with pytest.raises(ValueError, match="FA: icd is not among"):
        Search(PROBLEM, FA("icd")).run(30)


def test_the_brightest_firefly_stays():
    history = Search(PROBLEM, FA("quality"), seed=1).run(80)
    for before, after in zip(history.batches[:-2], history.batches[1:-1], strict=True):
        quality = history.values[history.lookup(before.X), 0]
        assert after.X[-1].tolist() in before.X[quality == quality.max()].tolist()


def test_answers():
    optimizer = FA("quality")
    search = Search(PROBLEM, optimizer)
    assert optimizer.select(PROBLEM, search.history).tolist() == []
    asked = search.ask(2)
    search.tell(asked.ids[:1], [[np.nan, 1]])
    assert optimizer.select(PROBLEM, search.history).tolist() == []
    search.tell(asked.ids[1:], [[1.0, 1]])
    assert optimizer.select(PROBLEM, search.history).tolist() == [1]
    bounded = Problem(SPACE, PROBLEM.objectives, constraints=(AtMost("macs", 40e6),))
    history = Search(bounded, optimizer, seed=0).run(60)
    answer = optimizer.select(bounded, history)
    best = np.where(history.feasible, history.values[:, 0], -np.inf).argmax()
    assert answer.tolist() == [best]
