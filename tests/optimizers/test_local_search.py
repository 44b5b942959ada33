"""Local search: climbs, local optima, new starts."""

from __future__ import annotations

import numpy as np
import pytest
from search.toy import Mean, Toy

from pyhwnas import Problem, Search, moo, objectives, spaces
from pyhwnas.optimizers import LocalSearch
from pyhwnas.spaces import neighbours
from pyhwnas.testing import check_optimizer

SPACE = spaces.NASBench201()
PROBLEM = Problem(SPACE, (Mean(SPACE), objectives.Macs(SPACE)))


@pytest.mark.parametrize(
    "optimizer",
    [LocalSearch(), LocalSearch.published(), LocalSearch(step=1, starts=2, initial="random")],
    ids=repr,
)
def test_it_keeps_the_promises_of_an_optimizer(optimizer):
    check_optimizer(optimizer, n=40)


def test_hill_climbing_goes_to_the_best_neighbour():
    problem = Problem(SPACE, (Mean(SPACE),))  # without ties
    history = Search(problem, LocalSearch.published(), seed=1).run(60)
    best = history.X[0]
    for batch in history.batches[1:4]:
        # All new neighbours of the best row so far.
        around = {tuple(x) for x in neighbours(SPACE, best).tolist()}
        assert {tuple(x) for x in batch.X.tolist()} <= around
        told = history.lookup(np.concatenate([best[None], batch.X]))
        told = told[told >= 0]
        best = history.X[told[history.F[told, 0].argmin()]]


def test_a_local_optimum_ends_a_climb():
    history = Search(PROBLEM, LocalSearch.published(), seed=0).run(400)
    starts = [batch.aux["start"] for batch in history.batches]
    for end in [s for s in dict.fromkeys(starts) if s][:3]:
        begin = max(s for s in starts if s < end)
        climb = slice(begin, end)
        for row in np.flatnonzero(moo.nondominated_mask(history.F[climb])):
            around = history.lookup(neighbours(SPACE, history.X[climb][row]))
            assert ((around >= 0) & (around < end)).all()


def test_several_objectives_are_explored_from_the_front():
    history = Search(PROBLEM, LocalSearch(step=4, starts=5), seed=3).run(60)
    for number, batch in enumerate(history.batches[1:], 1):
        if batch.aux["start"] != history.batches[number - 1].aux["start"]:
            continue  # a new climb
        before = history.X[history.batch < number]
        near = (before[:, None] != batch.X[None]).sum(axis=2) == 1
        assert near.any(axis=0).all()


def test_rows_that_fail_do_not_end_the_search():
    space = Toy(6)
    failing = objectives.PerNetwork(space, lambda network: float("nan"), name="none", sense="min")
    problem = Problem(space, (failing,))
    assert len(Search(problem, LocalSearch(starts=4), seed=0).run(30)) == 30


def test_settings_are_checked():
    with pytest.raises(ValueError, match="step is at least 1, got 0"):
        LocalSearch(step=0)
    with pytest.raises(ValueError, match="starts is at least 1"):
        LocalSearch(starts=0)
    with pytest.raises(ValueError, match="initial is extremes or random"):
        LocalSearch(initial="none")
