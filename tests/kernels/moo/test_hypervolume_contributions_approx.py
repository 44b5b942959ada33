import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pyhwnas import moo


def front(kind, n, m, seed=0):
    rng = np.random.default_rng(seed)
    if kind == "cube":
        return rng.random((n, m))
    F = np.abs(rng.standard_normal((n, m)))
    F /= np.linalg.norm(F, axis=1, keepdims=True)
    return F if kind == "concave" else 1 - F


def approx(F, ref_point, n_samples=4096, seed=0, **options):
    return moo.hypervolume_contributions_approx(F, ref_point, n_samples, seed, **options)


@settings(deadline=None)  # a busy machine is no error
@given(hnp.arrays(np.float64, st.tuples(st.integers(0, 6), st.integers(1, 4)),
                  elements=st.floats(-1, 3, width=16)), st.integers(0, 2**64 - 1))  # fmt: skip
def test_are_near_the_contributions(F, seed):
    ref_point = np.full(F.shape[1], 2.0)
    exact = moo.hypervolume_contributions(F, ref_point)
    values, errors = approx(F, ref_point, 4096, seed)
    # What few rays meet has no honest error; a hundredth of the box allows for it.
    assert (np.abs(values - exact) <= 10 * errors + 1e-2 * 3.0 ** F.shape[1]).all()
    assert (values[exact == 0] <= 1e-12 * 3.0 ** F.shape[1]).all()


@pytest.mark.parametrize("kind", ["concave", "convex", "cube"])
@pytest.mark.parametrize(("n", "m"), [(12, 2), (15, 3), (12, 6)])
def test_the_standard_errors_are_honest(n, m, kind):
    """Over seeds, errors in units of the standard error vary as a t variable does."""
    F, ref_point = front(kind, n, m), np.full(m, 1.1)
    exact = moo.hypervolume_contributions(F, ref_point)
    estimates = np.array([approx(F, ref_point, 4096, seed) for seed in range(60)])
    met = exact > 0.003 * exact.sum()  # by more than a handful of rays
    z = (estimates[:, 0] - exact)[:, met] / estimates[:, 1][:, met]
    assert 0.7 < (z**2).mean() < 2.0
    assert abs(z.mean()) < 0.2
    np.testing.assert_array_equal(estimates[:, :, exact == 0], 0)


def test_rays_are_those_of_the_volume():
    """What one row dominates is what both estimate, from the same rays."""
    for m in (1, 3, 7):
        F, ref_point = np.full((1, m), 0.25), np.ones(m)
        (value,), (error,) = approx(F, ref_point, 5000, 3)
        expected = moo.hypervolume_approx(F, ref_point, 5000, 3)
        assert (value, error) == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("m", [1, 2, 5, 9])
def test_threads_change_no_bit(m, threads, frozen):
    F, ref_point = frozen(front("convex", 40, m)), frozen(np.full(m, 1.2))
    for n_samples in (2, 3, 17, 100, 1023, 40_000):
        estimate = approx(F, ref_point, n_samples, 5, threads=threads)
        np.testing.assert_array_equal(estimate, approx(F, ref_point, n_samples, 5))


def test_the_order_of_the_rows_changes_no_bit():
    F = np.concatenate([front("cube", 50, 4), front("concave", 20, 4)])
    order = np.random.default_rng(0).permutation(len(F))
    shuffled = approx(F[order], np.full(4, 1.2))
    np.testing.assert_array_equal(shuffled, np.array(approx(F, np.full(4, 1.2)))[:, order])


def test_dominated_and_equal_rows():
    F = np.array([[1, 3], [2, 2], [2, 2], [3, 3], [1.5, 3.5], [9, 0]])
    values, errors = approx(F, [4, 4], 20_000)
    np.testing.assert_array_equal(values[1:], 0)  # the last is not within the reference point
    np.testing.assert_array_equal(errors[1:], 0)
    # Of three by one, two by one is the other rows' and a half by a half is dominated twice.
    assert values[0] == pytest.approx(0.75, abs=4 * errors[0])


def test_edges():
    assert [x.shape for x in approx(np.empty((0, 2)), [1, 1])] == [(0,), (0,)]
    np.testing.assert_array_equal(approx([[1, 0], [math.inf, -1], [2, 0]], [1, 1]), 0)
    for F, ref_point in (
        ([[-math.inf, 0]], [1, 1]),
        ([[0, 0]], [math.inf, 1]),
        ([[-1e308]], [1e308]),
    ):
        with pytest.raises(ValueError, match=r"^ref_point - F must be finite, got a row that is"):
            approx(F, ref_point)


def test_scales_by_powers_of_two_change_no_digit():
    F = np.round(front("convex", 30, 4), 6)
    scale = np.array([2.0**900, 2.0**-900, 2.0**1000, 2.0**-1000])
    np.testing.assert_array_equal(approx(F * scale, scale), approx(F, np.ones(4)))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_samples": 1}, ValueError, "n_samples must be from 2 to 1099511627775, got 1"),
        ({"n_samples": 2.5}, TypeError, "n_samples must be a whole number, got"),
        ({"seed": -1}, ValueError, "seed must be from 0 to 18446744073709551615, got -1"),
        ({"ref_point": [1]}, ValueError, "ref_point must have 2 entries, got 1"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    right = {"F": [[0, 0]], "ref_point": [1, 1], "n_samples": 10, "seed": 0}
    with pytest.raises(error, match=message):
        moo.hypervolume_contributions_approx(**{**right, **arguments})
