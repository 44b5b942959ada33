"""Levels, ratios, tests and their correction, against definitions and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyhwnas.compare.statistics import difference, evaluations_to, holm, speedup

stats = pytest.importorskip("scipy.stats")


@given(st.lists(st.integers(0, 9), min_size=1, max_size=20), st.integers(0, 10))
def test_evaluations_to_a_level_by_definition(values, level):
    curve = np.maximum.accumulate(np.array(values, dtype=float))
    reached = [n for n, value in enumerate(curve, 1) if value >= level]
    assert evaluations_to(float(level), curve) == (reached[0] if reached else np.inf)


def test_speedup_of_a_curve_that_runs_twice_as_fast():
    rival = np.arange(1.0, 101.0)[None] + np.arange(6.0)[:, None]
    fast = np.repeat(rival, 2, axis=1)[:, 1::2] + np.arange(1.0, 101.0)
    found = speedup(fast, rival, np.random.default_rng(0))
    assert found.evaluations == pytest.approx(50, abs=2)
    assert found.low <= found.ratio <= found.high
    assert found.ratio == pytest.approx(2, abs=0.1)
    back = speedup(rival, fast, np.random.default_rng(0))
    assert back.evaluations == np.inf
    assert back.ratio == back.low == back.high == 0


def test_speedup_counts_from_where_the_rival_came_to_its_level():
    rival = np.minimum(np.arange(1.0, 101.0), 40)[None].repeat(3, axis=0)
    assert speedup(rival, rival, np.random.default_rng(0)).ratio == 1


def test_difference_is_scipys_test():
    rng = np.random.default_rng(1)
    a, b = rng.normal(1, 1, 20), rng.normal(0, 1, 20)
    found = difference(a, b)
    assert found.p == stats.mannwhitneyu(a, b).pvalue
    assert found.superiority == np.mean([x > y for x in a for y in b])
    assert difference(b, a).superiority == pytest.approx(1 - found.superiority)
    assert difference(np.ones(4), np.ones(5)) == (0.5, 1.0)


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_by_definition(p):
    found = holm(p)
    order = np.argsort(p, kind="stable")
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p) - rank) * p[place]))
        assert found[place] == largest
