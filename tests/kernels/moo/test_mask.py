"""nondominated_mask on inputs that reach every one of its algorithms."""

import moocore
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyhwnas import moo


def cube(rng, n, m):
    return rng.random((n, m))


def sphere(rng, n, m):
    """No row dominates another."""
    F = np.abs(rng.standard_normal((n, m)))
    return F / np.linalg.norm(F, axis=1, keepdims=True)


def grid(rng, n, m):
    return rng.integers(0, 12, (n, m)).astype(float)


def plane(rng, n, m):
    """Ties in every objective, and many rows twice, but none dominates another."""
    F = rng.integers(-9, 10, (n, m)).astype(float)
    F[:, -1] = -F[:, :-1].sum(axis=1)
    return F


def curve(rng, n, m):
    """Objectives that rise and fall together: bins of equal width tell few rows apart."""
    t = rng.random(n) ** 4
    return np.stack([t if k % 2 else 1 - t for k in range(m)], axis=1)


@pytest.mark.parametrize("make", [cube, sphere, grid, plane, curve])
@pytest.mark.parametrize(("n", "m"), [(6000, 2), (6000, 3), (600, 4), (9000, 4), (18000, 6)])
def test_agrees_with_moocore(make, n, m, frozen):
    F = frozen(make(np.random.default_rng(n + m), n, m))
    for keep_equal in (True, False):
        mask = moo.nondominated_mask(F, keep_equal=keep_equal)
        np.testing.assert_array_equal(mask, moocore.is_nondominated(F, keep_weakly=keep_equal))


def test_threads_change_nothing(threads):
    for make, n, m in ((cube, 150_000, 3), (sphere, 20_000, 4), (cube, 70_000, 7)):
        F = make(np.random.default_rng(m), n, m)
        np.testing.assert_array_equal(
            moo.nondominated_mask(F, threads=threads), moo.nondominated_mask(F)
        )


def test_few_dominators_at_any_place():
    """One row dominates all others, wherever it stands."""
    F = 1 + np.random.default_rng(0).random((70_000, 5))
    for place in (0, 255, 256, 65_535, 65_536, 69_999):
        G = F.copy()
        G[place] = 0.5
        assert np.flatnonzero(moo.nondominated_mask(G)).tolist() == [place]


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 6))
@settings(deadline=None, max_examples=40)
def test_infinities_zeros_and_duplicates_among_thousands(seed, m, n_values):
    """Few distinct values make the slow answer short: only distinct rows need be compared."""
    rng = np.random.default_rng(seed)
    values = np.array([-0.0, 0.0, -np.inf, np.inf, 1e-310, -1.7e308])[:n_values]
    F = rng.choice(values, (4200, m))
    distinct, inverse = np.unique(F + 0.0, axis=0, return_inverse=True)
    covers = (distinct[:, None] <= distinct[None]).all(axis=-1)
    expected = (covers.sum(axis=0) == 1)[inverse.ravel()]
    mask = moo.nondominated_mask(F)
    np.testing.assert_array_equal(mask, expected)
    once = moo.nondominated_mask(F, keep_equal=False)
    first = np.unique(inverse.ravel()[mask], return_index=True)[1]
    assert np.flatnonzero(once).tolist() == np.flatnonzero(mask)[np.sort(first)].tolist()


@pytest.mark.parametrize("m", [0, 1, 3, 5])
def test_all_rows_equal(m):
    F = np.ones((5000, m))
    assert moo.nondominated_mask(F).all()
    assert np.flatnonzero(moo.nondominated_mask(F, keep_equal=False)).tolist() == [0]
