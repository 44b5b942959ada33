"""Which network of a front to take."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyhwnas.moo import by_preference, by_trade_off


def front(seed, n=12):
    rng = np.random.default_rng(seed)
    return np.stack([np.sort(rng.random(n)), np.sort(rng.random(n))[::-1]], axis=1)


def test_the_bend_comes_first():
    F = np.array([[0, 10], [0.9, 9], [1.8, 8], [2, 1], [3, 0.9], [4, 0.8], [5, 0.7]])
    assert by_trade_off(F)[0] == 3
    assert by_trade_off(F[:1]).tolist() == [0]
    assert by_trade_off(np.empty((0, 2))).tolist() == []


@given(st.integers(0, 1000))
def test_trade_off_by_definition_whatever_the_scale(seed):
    F = front(seed)
    order = by_trade_off(F)
    Z = (F - F.min(axis=0)) / np.ptp(F, axis=0)
    away = np.linalg.norm(Z[:, None] - Z[None], axis=2) + np.diag(np.full(len(Z), np.inf))

    def trade_off(i):
        near = set(np.flatnonzero(away[i] <= 0.125)) | {int(away[i].argmin())}
        ratios = [
            np.maximum(Z[j] - Z[i], 0).sum() / max(np.maximum(Z[i] - Z[j], 0).sum(), 1e-300)
            for j in near
        ]
        return min(ratios)

    values = np.array([trade_off(i) for i in range(len(Z))])
    assert (np.diff(values[order]) <= 1e-9 * values[order][:-1]).all()
    np.testing.assert_array_equal(by_trade_off(F * 2.0**10), order)


@given(st.integers(0, 1000))
def test_what_is_wished_for_comes_first(seed):
    F = front(seed)
    for row in (0, 5, 11):
        assert by_preference(F, F[row])[0] == row
    with pytest.raises(ValueError, match="one finite value for each of 2 objectives"):
        by_preference(F, [1.0])
    with pytest.raises(ValueError, match="one finite value"):
        by_preference(F, [1.0, np.inf])
