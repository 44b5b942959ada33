"""Regularised evolution: age, samples, and what counts as a child."""

from __future__ import annotations

import numpy as np
import pytest
from search.toy import Mean

from pyhwnas import Problem, Search, objectives, spaces
from pyhwnas.optimizers import RegularizedEvolution
from pyhwnas.optimizers.evolution import _youngest
from pyhwnas.optimizers.operators.initial import smallest_and_largest
from pyhwnas.problem import AtMost
from pyhwnas.testing import check_optimizer

SPACE = spaces.NASBench201()
PROBLEM = Problem(SPACE, (Mean(SPACE), objectives.Macs(SPACE)))


@pytest.mark.parametrize(
    "optimizer",
    [
        RegularizedEvolution(),
        RegularizedEvolution(population=4, sample=2, distinct=False),
        RegularizedEvolution.nas_bench_201("macs"),
    ],
    ids=["default", "small", "nas_bench_201"],
)
def test_it_keeps_the_promises_of_an_optimizer(optimizer):
    check_optimizer(optimizer, n=40)


def test_children_are_one_gene_from_a_young_parent():
    optimizer = RegularizedEvolution(population=8, sample=3, distinct=False)
    history = Search(PROBLEM, optimizer, seed=0).run(60)
    X = np.concatenate([batch.X for batch in history.batches])
    for place in range(8, len(X)):
        alive = X[place - 8 : place]
        assert ((alive != X[place]).sum(axis=1) == 1).any()


def test_repeats_are_alive_or_bred_again():
    problem = Problem(SPACE, (objectives.Macs(SPACE),))
    repeating = RegularizedEvolution(population=5, sample=5, initial="random", distinct=False)
    history = Search(problem, repeating, seed=0).run(80)
    proposed = np.concatenate([batch.X for batch in history.batches])
    assert len(proposed) > 80
    np.testing.assert_array_equal(history.X[_youngest(history, 5)], proposed[-5:])
    distinct = RegularizedEvolution(population=5, sample=5, initial="random")
    history = Search(problem, distinct, seed=0).run(80)
    assert sum(len(batch.X) for batch in history.batches) == 80


def test_it_finds_the_least_macs():
    problem = Problem(SPACE, PROBLEM.objectives)
    history = Search(problem, RegularizedEvolution(objective="macs", initial="random")).run(300)
    assert history.values[:, 1].min() == objectives.Macs(SPACE)(SPACE.all()).min()


def test_workers_get_as_many_as_they_wish():
    history = Search(PROBLEM, RegularizedEvolution(population=10), seed=0).run(60, batch=25)
    assert [len(batch.X) for batch in history.batches] == [10, 25, 25]
    history = Search(PROBLEM, RegularizedEvolution(population=10), seed=0).run(14, batch=4)
    assert [len(batch.X) for batch in history.batches] == [10, 4]
    history = Search(PROBLEM, RegularizedEvolution(population=10), seed=0).run(10, batch=1)
    np.testing.assert_array_equal(history.X[:2], smallest_and_largest(PROBLEM))


def test_constraints_decide_who_wins():
    problem = Problem(SPACE, PROBLEM.objectives, constraints=(AtMost("macs", 40e6),))
    history = Search(problem, RegularizedEvolution(initial="random"), seed=0).run(150)
    assert history.feasible[75:].sum() > history.feasible[:75].sum()


def test_settings_are_checked():
    with pytest.raises(ValueError, match="sample is from 1 to the population of 20, got 21"):
        RegularizedEvolution(sample=21)
    with pytest.raises(ValueError, match="initial is extremes or random, got 'best'"):
        RegularizedEvolution(initial="best")
    with pytest.raises(ValueError, match="objective 'energy' is not among the problem's"):
        Search(PROBLEM, RegularizedEvolution(objective="energy")).run(30)
