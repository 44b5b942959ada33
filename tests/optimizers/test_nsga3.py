"""NSGA-III: directions, niches, and runs with many objectives."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from search.toy import Mean, Toy

from pyhwnas import Problem, Search, moo, spaces
from pyhwnas.moo.simplex import das_dennis
from pyhwnas.optimizers import NSGA3
from pyhwnas.optimizers.nsga3 import niches, reference_directions
from pyhwnas.testing import check_optimizer


@pytest.mark.parametrize("optimizer", [NSGA3(), NSGA3(population=5, partitions=2)], ids=repr)
def test_it_keeps_the_promises_of_an_optimizer(optimizer):
    check_optimizer(optimizer)


@given(st.integers(1, 6), st.integers(1, 5))
def test_directions_are_the_grid_of_the_simplex(m, partitions):
    directions = das_dennis(m, partitions)
    assert directions.shape == (math.comb(partitions + m - 1, m - 1), m)
    assert len(np.unique(directions, axis=0)) == len(directions)
    np.testing.assert_allclose(directions.sum(axis=1), 1.0)
    steps = directions * partitions
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-12)
    assert directions.min() >= 0


def test_directions_are_no_more_than_the_population_and_reach_inside():
    for m, most in itertools.product(range(1, 9), (20, 80)):
        found = reference_directions(m, most)
        assert found.shape[1] == m
        assert len(found) <= most
        np.testing.assert_allclose(found.sum(axis=1), 1.0)
        assert m < 3 or (found > 0).all(axis=1).any()
    assert len(das_dennis(3, NSGA3.published().partitions)) == 91


@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(0, 6))
def test_niches_choose_distinct_rows_and_spread_them(seed, m, n_kept):
    rng = np.random.default_rng(seed)
    F = rng.random((n_kept + 12, m))
    chosen = niches(F, n_kept, 5, das_dennis(m, 3), rng)
    assert len(set(chosen.tolist())) == 5
    assert ((chosen >= 0) & (chosen < 12)).all()
    assert len(niches(F, n_kept, 0, das_dennis(m, 3), rng)) == 0


def test_each_direction_takes_its_nearest_row():
    # A line of 11 points: with three directions the ends and the middle survive.
    t = np.linspace(0, 1, 11)
    F = np.column_stack([5 * t, 300 * (1 - t)])
    chosen = niches(F, 0, 3, das_dennis(2, 2), np.random.default_rng(0))
    assert sorted(chosen.tolist()) == [0, 5, 10]
    # A direction that kept a row waits for the others.
    both = np.concatenate([F[5:6], F])
    chosen = niches(both, 1, 2, das_dennis(2, 2), np.random.default_rng(0))
    assert sorted(chosen.tolist()) == [0, 10]


@pytest.mark.parametrize(
    "F",
    [
        np.zeros((6, 3)),
        np.column_stack([np.arange(6.0), np.zeros(6), np.arange(6.0)[::-1]]),
        np.where(np.eye(6, 3) > 0, np.inf, 1.0),
        np.full((6, 3), np.inf),
        np.where(np.eye(6, 3) > 0, -np.inf, np.arange(6.0)[:, None]),
    ],
    ids=["equal", "constant", "infinite", "all infinite", "minus infinite"],
)
def test_degenerate_fronts(F):
    chosen = niches(F, 2, 3, das_dennis(3, 2), np.random.default_rng(0))
    assert len(set(chosen.tolist())) == 3


@pytest.mark.parametrize("m", [1, 4, 8])
def test_many_objectives(m):
    space = spaces.NASBench201()
    measured = [Mean(space, name=f"quality{i}", seed=i) for i in range(m)]
    history = Search(Problem(space, measured), NSGA3(population=12), seed=0).run(84)
    assert len(history) == 84
    last = history.batches[-1]
    family = np.concatenate([last.aux["parents"], history.lookup(last.X)]).astype(int)
    assert len(np.unique(family)) == len(family) == 12 + len(last.X)
    before, after = history.batches[-2:]
    family = np.concatenate([before.aux["parents"], history.lookup(before.X)]).astype(int)
    front = moo.nondominated_sort(history.F[family])
    kept = np.isin(family, after.aux["parents"])
    assert front[kept].max() <= front[~kept].min()


def test_all_rows_fail_or_break_a_constraint():
    from pyhwnas.problem import AtMost

    space = Toy(6)
    problem = Problem(
        space, (Mean(space, name="a"), Mean(space, seed=2)), constraints=(AtMost("a", -100.0),)
    )
    assert len(Search(problem, NSGA3(population=6), seed=0).run(60)) == 60


def test_settings_are_checked():
    with pytest.raises(ValueError, match="NSGA3: partitions is at least 1, got 0"):
        NSGA3(partitions=0)
    with pytest.raises(ValueError, match="NSGA3: population is at least 2"):
        NSGA3(population=1)
