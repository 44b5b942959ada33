"""Rank correlations and shared tops, against scipy and the definitions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

stats = pytest.importorskip("scipy.stats")

from pyhwnas.scores.ranks import (  # noqa: E402
    _weighted_correlation,
    _weighted_ranks,
    kendall,
    spearman,
    spearman_interval,
    top_overlap,
)

VALUES = st.sampled_from([0.0, 1.0, 2.0, 3.5, -np.inf, np.inf, np.nan])
PAIRS = hnp.arrays(np.float64, st.tuples(st.just(2), st.integers(3, 8)), elements=VALUES)


def worst(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, the missing ones tied at the bottom."""
    return stats.rankdata(np.where(np.isnan(values), -np.inf, values))


@given(PAIRS)
def test_missing_scores_are_worst(pair: np.ndarray) -> None:
    a, b = map(worst, pair)
    if len(set(a)) == 1 or len(set(b)) == 1:
        assert np.isnan(spearman(*pair))
        assert np.isnan(kendall(*pair))
        return
    assert spearman(*pair) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)
    assert kendall(*pair) == pytest.approx(stats.kendalltau(a, b).statistic, abs=1e-12)


@settings(deadline=None)
@given(PAIRS, st.sampled_from([1, 20, 50, 80, 100]))
def test_overlap_is_the_mean_over_all_ways_to_break_ties(pair: np.ndarray, percent: float) -> None:
    pair = pair[:, :4]
    size = max(1, round(pair.shape[1] * percent / 100))

    def tops(values: np.ndarray) -> list[set[int]]:
        ranks = worst(values)
        orders = itertools.permutations(range(len(values)))
        return [set(sorted(order, key=lambda i: -ranks[i])[:size]) for order in orders]

    shares = [len(a & b) / size for a, b in itertools.product(*map(tops, pair))]
    assert top_overlap(*pair, percent) == pytest.approx(np.mean(shares))


@given(PAIRS, st.integers(0, 100))
def test_weights_stand_for_repeated_rows(pair: np.ndarray, seed: int) -> None:
    n = pair.shape[1]
    drawn = np.random.default_rng(seed).integers(0, n, n)
    weights = np.bincount(drawn, minlength=n)
    ranks = [_weighted_ranks(stats.rankdata(worst(v), "dense") - 1, weights) for v in pair]
    expected = spearman(*pair[:, drawn])
    assert _weighted_correlation(*ranks, weights) == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_interval_is_of_resampled_networks() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=100).round(1)
    b = a + rng.normal(size=100)
    again = np.random.default_rng(7)
    draws = [again.integers(0, 100, 100) for _ in range(50)]
    expected = np.percentile([spearman(a[rows], b[rows]) for rows in draws], (2.5, 97.5))
    assert spearman_interval(a, b, resamples=50, seed=7) == pytest.approx(expected)


def test_a_single_value_has_no_correlation() -> None:
    a, b = np.full(5, np.nan), np.arange(5.0)
    assert np.isnan(spearman(a, b))
    assert np.isnan(spearman_interval(a, b, resamples=5, seed=0)).all()
    assert top_overlap(a, b, 40) == pytest.approx(0.4)
