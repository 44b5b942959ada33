"""NSGA-II: generations, settings, and what survives."""

from __future__ import annotations

import numpy as np
import pytest
from search.toy import Mean, Toy

from pyhwnas import Problem, Search, moo, objectives, spaces
from pyhwnas.optimizers import NSGA2
from pyhwnas.optimizers.operators.initial import smallest_and_largest
from pyhwnas.problem import AtMost
from pyhwnas.testing import check_optimizer

SPACE = spaces.NASBench201()
PROBLEM = Problem(SPACE, (Mean(SPACE), objectives.Macs(SPACE)))


@pytest.mark.parametrize(
    "optimizer",
    [
        NSGA2(),
        NSGA2(population=6, offspring=3, initial="random", crossover="uniform", mutation="one"),
        NSGA2.published(),
        NSGA2.nsga_net(),
        NSGA2(crossover="levels", mutation="levels"),
    ],
    ids=["default", "small", "published", "nsga_net", "levels"],
)
def test_it_keeps_the_promises_of_an_optimizer(optimizer):
    check_optimizer(optimizer)


def test_generations_come_whole_and_nothing_twice():
    search = Search(PROBLEM, NSGA2(population=10, offspring=7), seed=1)
    history = search.run(80, batch=3)
    assert [len(batch.X) for batch in history.batches] == [10] + 10 * [7]
    assert len(np.unique(history.X, axis=0)) == 80
    np.testing.assert_array_equal(history.X[:2], smallest_and_largest(PROBLEM))


def test_parents_are_the_first_fronts_of_the_family():
    history = Search(PROBLEM, NSGA2(population=10), seed=2).run(100)
    for before, after in zip(history.batches[1:], history.batches[2:], strict=False):
        family = np.concatenate([before.aux["parents"], history.lookup(before.X)]).astype(int)
        front = moo.nondominated_sort(history.F[family])
        kept = np.isin(family, after.aux["parents"])
        assert kept.sum() == 10
        assert front[kept].max() <= front[~kept].min()


def test_infeasible_rows_die_first():
    problem = Problem(SPACE, PROBLEM.objectives, constraints=(AtMost("macs", 40e6),))
    history = Search(problem, NSGA2(population=10), seed=0).run(150)
    assert history.feasible[75:].sum() > history.feasible[:75].sum()
    parents = np.array(history.batches[-1].aux["parents"])
    assert history.feasible[parents].all()


@pytest.mark.parametrize("m", [1, 8])
def test_one_and_eight_objectives(m):
    measured = [Mean(SPACE, name=f"quality{i}", seed=i) for i in range(m)]
    history = Search(Problem(SPACE, measured), NSGA2(), seed=0).run(100)
    assert len(history) == 100


def test_constant_objectives_and_single_genes():
    space = Toy(1)
    constant = objectives.PerNetwork(space, lambda network: 1.0, name="one", sense="min")
    assert len(Search(Problem(space, (constant, Mean(space))), NSGA2()).run(50)) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"population": 1}, "population is at least 2, got 1"),
        ({"offspring": 0}, "offspring is at least 1"),
        ({"crossover_rate": 1.5}, "crossover_rate is from 0 to 1"),
        ({"mutation_rate": -0.1}, "mutation_rate is from 0 to 1"),
        ({"eta": float("inf")}, "eta is finite"),
        ({"initial": "best"}, "initial is one of extremes, random"),
        ({"crossover": "sbx"}, "crossover is one of two-point, uniform"),
        ({"mutation": "none"}, "mutation is one of each, one, polynomial"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=f"NSGA2: {message}"):
        NSGA2(**settings)
