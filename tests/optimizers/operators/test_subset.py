"""Which candidates are evaluated: against all subsets, on small cases."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyhwnas import moo
from pyhwnas.optimizers.operators.subset import (
    farthest,
    gap_deviation,
    gap_filling,
    hypervolume_improvement,
    most_volume,
    sparse_regions,
)

SEEDS = st.integers(0, 100_000)


@settings(deadline=None)
@given(SEEDS, st.integers(1, 4), st.integers(1, 5))
def test_each_row_adds_most_to_those_before(seed, m, k):
    rng = np.random.default_rng(seed)
    F, front = (rng.integers(0, 6, size=(n, m)).astype(float) for n in (9, 3))
    ref = np.full(m, 5.0)
    chosen = hypervolume_improvement(F, front, k, ref)
    assert len(set(chosen.tolist())) == len(chosen) <= k
    known = front
    for row in chosen:
        before = moo.hypervolume(known, ref)
        gains = [moo.hypervolume(np.vstack([known, f]), ref) - before for f in F]
        assert gains[row] == pytest.approx(max(gains))
        assert gains[row] > 0
        known = np.vstack([known, F[row]])
    if len(chosen) < k:
        together = moo.hypervolume(np.vstack([known, F]), ref)
        assert together == pytest.approx(moo.hypervolume(known, ref))


@settings(deadline=None)
@given(SEEDS, st.integers(0, 9))
def test_most_volume_always_finds_so_many(seed, k):
    rng = np.random.default_rng(seed)
    F, front = (rng.integers(0, 6, size=(n, 2)).astype(float) for n in (9, 3))
    for ref in (np.full(2, 5.0), None):
        chosen = most_volume(F, front, k, ref)
        assert len(set(chosen.tolist())) == len(chosen) == k
    first = hypervolume_improvement(F, front, k, np.full(2, 5.0))
    np.testing.assert_array_equal(most_volume(F, front, k, np.full(2, 5.0))[: len(first)], first)


def test_behind_the_front_the_next_best_come_first():
    front = np.array([[0.0, 0.0]])
    F = np.array([[3.0, 3.0], [2.0, 2.0], [1.0, 4.0], [9.0, 9.0]])
    assert most_volume(F, front, 4, np.array([5.0, 5.0])).tolist() == [1, 2, 0, 3]


@settings(deadline=None, max_examples=10)
@given(SEEDS)
def test_gaps_are_nearly_the_most_even_ones(seed):
    rng = np.random.default_rng(seed)
    cost, front = rng.random(10), rng.random(4)
    chosen = gap_filling(cost, front, 3, rng)
    assert len(set(chosen.tolist())) == 3
    subsets = np.array(list(itertools.combinations(range(10), 3)))
    losses = np.sort(gap_deviation(cost[subsets], front))
    assert gap_deviation(cost[chosen][None], front)[0] <= losses[2]


def test_gap_deviation_by_hand():
    front = np.array([0.0, 4.0])
    np.testing.assert_allclose(
        gap_deviation(np.array([[2.0], [1.0]]), front), [0.0, np.std([1, 3])]
    )
    assert gap_deviation(np.ones((3, 1)), np.empty(0)).tolist() == [0, 0, 0]
    rng = np.random.default_rng(0)
    assert gap_filling(np.ones(3), front, 0, rng).tolist() == []
    assert gap_filling(np.ones(3), front, 3, rng).tolist() == [0, 1, 2]


def test_farthest_goes_round():
    costs = np.array([[0.0], [0.4], [1.0], [0.5]])
    assert farthest(costs, np.array([[0.0]]), 3).tolist() == [2, 3, 1]
    assert sorted(farthest(costs, np.empty((0, 1)), 9).tolist()) == [0, 1, 2, 3]
    same = farthest(np.ones((4, 2)), np.ones((2, 2)), 4)
    assert sorted(same.tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize("m", [1, 2, 4])
@pytest.mark.parametrize("best", [True, False])
def test_sparse_regions_hold_the_best_on_demand(m, best):
    rng = np.random.default_rng(m)
    F, front = rng.random((12, m)), rng.random((3, m))
    for k in (1, 2, 5, 12):
        chosen = sparse_regions(F, front, k, 0, rng, best=best)
        assert len(set(chosen.tolist())) == len(chosen) == k
        if best:
            assert F[:, 0].argmin() in chosen
