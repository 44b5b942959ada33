import math

import moocore
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import moo_by_definition as reference

from pyhwnas import moo

METHODS = ["rays", "box"]


def front(kind, n, m, seed=0):
    rng = np.random.default_rng(seed)
    if kind == "cube":
        return rng.random((n, m))
    if kind == "linear":
        F = rng.exponential(size=(n, m))
        return F / F.sum(axis=1, keepdims=True)
    F = np.abs(rng.standard_normal((n, m)))
    F /= np.linalg.norm(F, axis=1, keepdims=True)
    return F if kind == "concave" else 1 - F


@settings(deadline=None)  # a busy machine is no error
@given(hnp.arrays(np.float64, st.tuples(st.integers(0, 6), st.integers(1, 5)),
                  elements=st.floats(-1, 3, width=16)), st.integers(0, 2**64 - 1))  # fmt: skip
def test_is_near_the_volume(F, seed):
    ref_point = np.full(F.shape[1], 2.0)
    exact = float(reference.hypervolume(F, ref_point))
    for method in METHODS:
        value, error = moo.hypervolume_approx(F, ref_point, 4096, seed, method=method)
        # Sixteen lattices: ten standard errors are as rare as six of a normal variable. The rest
        # allows for a sliver that no sample of a box meets.
        assert abs(value - exact) <= 10 * error + 1e-3 * exact + 3.0 ** F.shape[1] * 2e-3


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["concave", "convex", "linear", "cube"])
@pytest.mark.parametrize(("n", "m"), [(50, 2), (40, 3), (30, 5), (20, 8)])
def test_the_standard_error_is_honest(n, m, kind, method):
    """Over seeds, errors in units of the standard error vary as a t variable does."""
    F = front(kind, n, m)
    exact = moocore.hypervolume(F, ref=1.1)
    estimates = np.array(
        [moo.hypervolume_approx(F, np.full(m, 1.1), 4096, s, method=method) for s in range(150)]
    )
    z = (estimates[:, 0] - exact) / estimates[:, 1]
    # The variance of a t variable of 15 degrees of freedom is 1.15, its spread over 150 draws 0.15.
    assert 0.7 < (z**2).mean() < 2.0
    assert abs(z.mean()) < 0.4
    assert abs(estimates[:, 0].mean() - exact) < 4 * estimates[:, 0].std() / math.sqrt(150)


@pytest.mark.parametrize("m", [3, 5, 8])
def test_errors_shrink_faster_than_those_of_independent_samples(m):
    F = front("concave", 30, m)
    few, many = (
        np.mean([moo.hypervolume_approx(F, np.full(m, 1.1), n, s)[1] for s in range(8)])
        for n in (2**12, 2**18)
    )
    assert many < few / 10  # independent samples: an eighth


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("m", [1, 2, 5, 9])
def test_threads_change_no_bit(m, method, threads, frozen):
    F, ref_point = frozen(front("convex", 60, m)), frozen(np.full(m, 1.2))
    for n_samples in (2, 3, 17, 100, 1023, 30_000):
        estimate = moo.hypervolume_approx(
            F, ref_point, n_samples, 5, method=method, threads=threads
        )
        assert estimate == moo.hypervolume_approx(F, ref_point, n_samples, 5, method=method)


def test_seeds_are_independent_and_dominated_rows_change_nothing():
    F = front("concave", 30, 4)
    values = {moo.hypervolume_approx(F, [1.1] * 4, 2048, seed)[0] for seed in range(50)}
    assert len(values) == 50
    more = np.concatenate([F, F + 0.01, F, [[9.0] * 4]])
    first = moo.hypervolume_approx(F, [1.1] * 4, 2048, 1)
    assert moo.hypervolume_approx(more, [1.1] * 4, 2048, 1) == first


@pytest.mark.parametrize("method", METHODS)
def test_a_single_row_is_a_box(method):
    for m in (1, 2, 6):
        value, error = moo.hypervolume_approx(
            np.zeros((1, m)), np.full(m, 2.0), 5000, 0, method=method
        )
        assert value == pytest.approx(2.0**m, rel=1e-3 if m > 1 else 1e-12)
        assert error <= 1e-3 * value


@pytest.mark.parametrize("method", METHODS)
def test_edges(method):
    def approx(F, ref_point):
        return moo.hypervolume_approx(F, ref_point, 100, 0, method=method)

    assert approx(np.empty((0, 2)), [1, 1]) == (0, 0)
    assert approx([[1, 0], [math.inf, -1], [2, -math.inf]], [1, 1]) == (0, 0)
    assert approx([[-math.inf, 0]], [1, 1]) == (math.inf, 0)
    assert approx([[0, 0]], [math.inf, 1]) == (math.inf, 0)
    assert approx([[0, 0]], [-math.inf, 1]) == (0, 0)
    value, error = approx([[0, 0], [1 - 2**-53, -1e308]], [1, 1e-308])
    assert math.isfinite(value)
    assert math.isfinite(error)


def test_scales_by_powers_of_two_change_no_digit():
    F = np.round(front("convex", 30, 4), 6)
    scale = np.array([2.0**900, 2.0**-900, 2.0**1000, 2.0**-1000])
    value, error = moo.hypervolume_approx(F, np.ones(4), 3000, 2)
    assert moo.hypervolume_approx(F * scale, scale, 3000, 2) == (value, error)


def test_hundreds_of_objectives_stay_in_range():
    value, error = moo.hypervolume_approx(np.zeros((1, 200)), np.ones(200), 4096, 0)
    assert math.isfinite(value)
    assert math.isfinite(error)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_samples": 1}, ValueError, "n_samples must be from 2 to 1099511627775, got 1"),
        ({"n_samples": 2**40}, ValueError, "n_samples must be from 2 to"),
        ({"n_samples": 2.5}, TypeError, "n_samples must be a whole number, got"),
        ({"seed": -1}, ValueError, "seed must be from 0 to 18446744073709551615, got -1"),
        ({"seed": 2**64}, ValueError, "seed must be from 0 to"),
        ({"method": "grid"}, ValueError, "method must be 'rays' or 'box', got 'grid'"),
        ({"threads": 0}, ValueError, "threads must be at least 1"),
        ({"F": [[0, math.nan]]}, ValueError, "F must not hold NaN, got NaN in row 0, column 1"),
        ({"ref_point": [1]}, ValueError, "ref_point must have 2 entries, got 1"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    right = {"F": [[0, 0]], "ref_point": [1, 1], "n_samples": 10, "seed": 0}
    with pytest.raises(error, match=message):
        moo.hypervolume_approx(**{**right, **arguments})
