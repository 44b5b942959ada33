import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import signs_by_definition as reference

from pyhwnas import _core

SHAPES = [(1, 1), (1, 64), (2, 63), (3, 65), (5, 512), (64, 1000), (300, 513), (0, 5), (4, 0)]


def activations(shape, seed=0):
    x = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    x[x > 1.5] = np.inf
    x[x < -1.5] = np.nan
    x[np.abs(x) < 0.2] = 0.0
    x[np.abs(x - 0.3) < 0.05] = np.nextafter(np.float32(0), np.float32(1))
    x.setflags(write=False)
    return x


@pytest.mark.parametrize("shape", SHAPES)
def test_bits_and_counts_follow_their_definitions(shape, threads):
    x = activations(shape)
    bits = _core.pack_signs(x, threads)
    np.testing.assert_array_equal(bits, reference.pack_signs(x))
    positives, shared = reference.sign_statistics(x)
    for result in (_core.coactivation(bits, threads), _core.sign_statistics(x, threads)):
        np.testing.assert_array_equal(result[0], positives)
        np.testing.assert_array_equal(result[1], shared)


@pytest.mark.parametrize("shape", [*SHAPES, (7, 8192), (31, 8193), (33, 20000)])
def test_distances_follow_their_definition(shape, threads):
    x = activations(shape)
    expected = reference.sign_distances(x)
    for found in (
        _core.hamming_distances(_core.pack_signs(x, threads), threads),
        _core.sign_distances(x, threads),
    ):
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found, expected)


@settings(deadline=None)  # a busy machine is no error
@given(st.integers(1, 40), st.integers(0, 300), st.floats(0, 1), st.integers(0, 99))
def test_distances_are_a_metric_that_adds_up_over_units(n, units, density, seed):
    rng = np.random.default_rng(seed)
    x = (rng.random((n, units)) < density).astype(np.float32)
    found = _core.sign_distances(x, 1)
    np.testing.assert_array_equal(found, reference.sign_distances(x))
    assert (np.diag(found) == 0).all()
    assert (found == found.T).all()
    at = int(rng.integers(0, units + 1))
    parts = [np.ascontiguousarray(part) for part in (x[:, :at], x[:, at:])]
    np.testing.assert_array_equal(found, sum(_core.sign_distances(part, 1) for part in parts))


@given(st.integers(1, 40), st.integers(1, 200), st.floats(0, 1), st.integers(0, 99))
def test_counts_give_the_distances_to_the_mean(n, units, density, seed):
    x = (np.random.default_rng(seed).random((n, units)) < density).astype(np.float32)
    positives, shared = _core.sign_statistics(x, 1)
    squares = positives - 2 * shared / n + shared.sum() / n**2
    np.testing.assert_allclose(squares, reference.squared_distances_to_mean(x), atol=1e-9)


def test_all_positive_fills_every_counter():
    n, units = 257, 130
    positives, shared = _core.sign_statistics(np.ones((n, units), dtype=np.float32), 1)
    assert set(positives.tolist()) == {units}
    assert set(shared.tolist()) == {units * n}


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.ones((2, 2)), TypeError, "x must have dtype float32, got float64"),
        (np.ones(2, np.float32), ValueError, r"x must have 2 dimensions, got shape \(2,\)"),
        (np.ones((2, 4), np.float32)[:, ::2], ValueError, "x must be C-contiguous"),
    ],
)
def test_wrong_arguments_are_named(x, error, message):
    for function in (_core.pack_signs, _core.sign_statistics, _core.sign_distances):
        with pytest.raises(error, match=message):
            function(x, 1)
