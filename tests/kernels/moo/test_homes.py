"""Functions whose arrays may lie on a GPU: the same values wherever they lie."""

from functools import partial

import homes
import numpy as np
import pytest
from reference import moo_by_definition as reference

from pyhwnas import moo

FUNCTIONS = {
    "nondominated_sort": (moo.nondominated_sort, reference.nondominated_sort),
    "dominance_degree_sort": (moo.dominance_degree_sort, reference.nondominated_sort),
    "nondominated_mask": (moo.nondominated_mask, reference.nondominated_mask),
    "nondominated_mask, first of equals": (
        partial(moo.nondominated_mask, keep_equal=False),
        partial(reference.nondominated_mask, keep_equal=False),
    ),
    "dominance_counts": (moo.dominance_counts, reference.dominance_counts),
}


@pytest.fixture(params=FUNCTIONS)
def name(request):
    return request.param


def ties(rng, n, m):
    """Few values: ties, equal rows, zeros of both signs, infinities."""
    values = np.array([-np.inf, -1.0, -0.0, 0.0, 0.5, 2.0, np.inf])
    return rng.choice(values, (n, m))


def cube(rng, n, m):
    return rng.random((n, m))


def chain(rng, n, m):
    return np.repeat(rng.permutation(n)[:, None].astype(float), m, axis=1)


@pytest.mark.parametrize("kind", [ties, cube, chain], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("m", [0, 1, 2, 3, 5, 9])
@pytest.mark.parametrize("n", [0, 1, 2, 37])
def test_values_are_those_of_the_definition(name, kind, m, n, home, frozen):
    function, definition = FUNCTIONS[name]
    F = frozen(kind(np.random.default_rng([n, m]), n, m))
    result = home.numpy(function(home.array(F)))
    assert result.dtype == function(F).dtype
    np.testing.assert_array_equal(result, definition(F))


def sphere(rng, n, m):
    """No row dominates another."""
    F = np.abs(rng.standard_normal((n, m)))
    return F / np.linalg.norm(F, axis=1, keepdims=True)


def layers(rng, n, m):
    return sphere(rng, n, m) * rng.integers(1, 9, (n, 1))


def twice(rng, n, m):
    """Every row has an equal one, tiles away."""
    F = rng.random(((n + 1) // 2, m)).round(2)
    return np.concatenate([F, F])[:n].copy()


# Tiles have 128 rows; up to 8 objectives are compared at once.
@pytest.mark.parametrize(
    "kind", [ties, cube, chain, sphere, layers, twice], ids=lambda k: k.__name__
)
@pytest.mark.parametrize(
    ("n", "m"),
    [(127, 3), (128, 4), (129, 6), (400, 1), (700, 2), (900, 3), (600, 7), (500, 8), (300, 17)],
)
def test_tiles_agree_with_the_cpu(name, kind, m, n, home, frozen):
    function, _ = FUNCTIONS[name]
    F = frozen(kind(np.random.default_rng([n, m]), n, m))
    np.testing.assert_array_equal(home.numpy(function(home.array(F))), function(F))


@pytest.mark.slow
def test_more_columns_than_are_ranked_together(home):
    F = chain(np.random.default_rng(0), 130, 8100)  # a million entries are
    np.testing.assert_array_equal(home.numpy(moo.nondominated_sort(home.array(F))), F[:, 0])


@pytest.mark.gpu
@pytest.mark.parametrize("kind", [cube, sphere, twice, chain], ids=lambda k: k.__name__)
@pytest.mark.parametrize(("n", "m"), [(100_003, 3), (100_003, 8), (1_000_000, 3)])
def test_many_rows_agree_with_the_cpu(name, kind, m, n):
    function, _ = FUNCTIONS[name]
    home = homes.torch()
    if name == "dominance_degree_sort" and n > 200_000:
        pytest.skip("the CPU needs minutes")
    F = kind(np.random.default_rng([n, m]), n, m)
    np.testing.assert_array_equal(home.numpy(function(home.array(F))), function(F, threads=8))


def test_a_batch_is_its_problems(name, home):
    function, _ = FUNCTIONS[name]
    F = np.random.default_rng(0).integers(0, 9, (5, 40, 3)) / 8
    np.testing.assert_array_equal(home.numpy(function(home.array(F))), function(F))
    assert home.numpy(function(home.array(F[:0]))).shape == (0, 40)


@pytest.mark.parametrize("dtype", ["float32", "int64", "int32", "int16", "int8", "uint8"])
def test_numbers_of_all_types_are_taken(name, dtype, home):
    function, _ = FUNCTIONS[name]
    F = np.random.default_rng(0).integers(0, 9, (50, 3)).astype(dtype)
    np.testing.assert_array_equal(home.numpy(function(home.array(F))), function(F))


@pytest.mark.parametrize(
    "layout", [np.asfortranarray, lambda F: F[::2], lambda F: F[:, ::2], lambda F: F.T]
)
def test_arrays_of_any_layout_are_taken(name, layout, home, frozen):
    function, _ = FUNCTIONS[name]
    F = frozen(layout(np.random.default_rng(0).integers(0, 9, (6, 60, 4)) / 8)[0])
    np.testing.assert_array_equal(home.numpy(function(home.array(F))), function(F))
    np.testing.assert_array_equal(F, home.numpy(home.array(F)))


def test_inputs_are_left_alone(name, home):
    F = np.random.default_rng(0).random((50, 3))
    array = home.array(F.copy())
    FUNCTIONS[name][0](array)
    np.testing.assert_array_equal(home.numpy(array), F)


class TestArguments:
    @pytest.fixture
    def function(self, name):
        return FUNCTIONS[name][0]

    def test_nan_is_refused_with_its_place(self, function, home):
        F = np.zeros((300, 3))
        F[200, 1] = F[250, 0] = np.nan
        message = r"^F must not hold NaN, got NaN in row 200, column 1$"
        with pytest.raises(ValueError, match=message):
            function(home.array(F))
        F = np.zeros((3, 4, 2))
        F[1, 2, 1] = np.nan
        message = r"^F must not hold NaN, got NaN in problem 1, row 2, column 1$"
        with pytest.raises(ValueError, match=message):
            function(home.array(F))

    def test_integers_that_float64_would_round_are_refused(self, function, home):
        F = np.array([[1, 2], [2, 2**53 + 1]])
        with pytest.raises(ValueError, match=r"^F must hold integers up to 2\*\*53, got "):
            function(home.array(F))

    @pytest.mark.parametrize("shape", [(), (3,), (2, 2, 2, 2)])
    def test_only_matrices_are_taken(self, function, shape, home):
        message = r"^F must have 2 dimensions, or 3 for a batch, got shape \("
        with pytest.raises(ValueError, match=message):
            function(home.array(np.ones(shape)))

    @pytest.mark.parametrize("dtype", [bool, complex])
    def test_only_real_numbers_are_taken(self, function, dtype, home):
        with pytest.raises(TypeError, match=r"^F must hold real numbers, got dtype "):
            function(home.array(np.ones((2, 2), dtype)))
