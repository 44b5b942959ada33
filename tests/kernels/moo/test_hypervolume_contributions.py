import math

import moocore
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import moo_by_definition as reference

from pyhwnas import moo

REF = 3.0


@st.composite
def matrices(draw, max_rows=7, max_objectives=6):
    shape = draw(st.integers(0, max_rows)), draw(st.integers(1, max_objectives))
    elements = st.one_of(
        st.integers(-2, 4).map(float),
        st.integers(-(2**20), 3 * 2**20).map(lambda x: x / 2**20),
        st.floats(-1, 3),
    )
    matrix = draw(hnp.arrays(np.float64, shape, elements=elements))
    matrix.setflags(write=False)
    return matrix


def sphere(n, m, seed=0):
    F = np.abs(np.random.default_rng(seed).standard_normal((n, m)))
    return F / np.linalg.norm(F, axis=1, keepdims=True)


def inputs(kind, n, m):
    rng = np.random.default_rng(n + m)
    return {
        "sphere": sphere(n, m),
        "convex": 1 - sphere(n, m),
        "cube": rng.random((n, m)),
        "integers": rng.integers(0, 4, (n, m)) / 4,
    }[kind]


def by_removal(F, ref_point):
    return np.array(
        [
            moo.hypervolume(F, ref_point) - moo.hypervolume(np.delete(F, i, axis=0), ref_point)
            for i in range(len(F))
        ]
    )


@given(matrices(max_objectives=4))
def test_follows_the_definition(F):
    ref_point = np.full(F.shape[1], REF)
    exact = reference.hypervolume_contributions(F, ref_point)
    # The sides REF - F are rounded; nothing is lost after that, however small a contribution is.
    exact_sides = np.all(REF - (REF - F) == F)
    whole = float(reference.hypervolume(F, ref_point))
    np.testing.assert_allclose(
        moo.hypervolume_contributions(F, ref_point),
        exact,
        rtol=1e-12,
        atol=1e-300 if exact_sides else 1e-14 * max(whole, 1),
    )


@given(matrices(max_rows=6))
def test_follows_the_definition_in_more_objectives(F):
    ref_point = np.full(F.shape[1], REF)
    exact = reference.hypervolume_contributions(F, ref_point)
    whole = float(reference.hypervolume(F, ref_point))
    np.testing.assert_allclose(
        moo.hypervolume_contributions(F, ref_point), exact, rtol=1e-9, atol=1e-12 * whole
    )


@pytest.mark.parametrize(("n", "m"), [(300, 1), (300, 2), (300, 3), (150, 4)])
@pytest.mark.parametrize("kind", ["sphere", "convex", "cube", "integers"])
def test_is_what_the_volume_loses(n, m, kind, threads, frozen):
    F = frozen(inputs(kind, n, m))
    ref_point = frozen(np.full(m, 1.1))
    contributions = moo.hypervolume_contributions(F, ref_point, threads=threads)
    np.testing.assert_array_equal(contributions, moo.hypervolume_contributions(F, ref_point))
    np.testing.assert_allclose(contributions, by_removal(F, ref_point), rtol=0, atol=1e-13)
    assert np.all(contributions >= 0)


@pytest.mark.parametrize(("n", "m"), [(1000, 2), (1000, 3), (100, 4)])
def test_agrees_with_moocore_on_fronts(n, m):
    F = sphere(n, m)
    ref_point = np.full(m, 1.1)
    np.testing.assert_allclose(
        moo.hypervolume_contributions(F, ref_point),
        moocore.hv_contributions(F, ref=ref_point),
        rtol=1e-7,
        atol=1e-14,
    )


@pytest.mark.parametrize("m", [2, 3, 4])
def test_agrees_with_pygmo_on_fronts(m):
    pygmo = pytest.importorskip("pygmo")
    F = sphere(60, m)
    expected = pygmo.hypervolume(F).contributions(np.full(m, 1.1))
    np.testing.assert_allclose(
        moo.hypervolume_contributions(F, np.full(m, 1.1)), expected, rtol=1e-9, atol=1e-14
    )


@given(matrices(max_objectives=4), st.randoms(use_true_random=False))
def test_order_changes_nothing_and_equal_rows_share_nothing(F, random):
    ref_point = np.full(F.shape[1], REF)
    contributions = moo.hypervolume_contributions(F, ref_point)
    order = list(range(len(F)))
    random.shuffle(order)
    shuffled = moo.hypervolume_contributions(F[order], ref_point)
    np.testing.assert_allclose(shuffled, contributions[order], rtol=1e-12, atol=1e-300)
    twice = moo.hypervolume_contributions(np.concatenate([F, F]), ref_point)
    np.testing.assert_array_equal(twice, np.zeros(2 * len(F)))


def test_a_row_that_one_row_dominates_takes_its_part_from_it():
    F = [[0, 0], [1, 2], [2, 2]]
    np.testing.assert_array_equal(moo.hypervolume_contributions(F[:1], [3, 3]), [9])
    np.testing.assert_array_equal(moo.hypervolume_contributions(F[:2], [3, 3]), [7, 0])
    np.testing.assert_array_equal(moo.hypervolume_contributions(F, [3, 3]), [7, 0, 0])
    cube = np.hstack([F, np.zeros((3, 2))])
    np.testing.assert_array_equal(moo.hypervolume_contributions(cube, [3, 3, 1, 1]), [7, 0, 0])


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_rows_outside_have_none_and_tiny_inputs_work(m):
    assert moo.hypervolume_contributions(np.empty((0, m)), np.ones(m)).shape == (0,)
    np.testing.assert_array_equal(moo.hypervolume_contributions(np.zeros((1, m)), np.ones(m)), [1])
    outside = np.vstack([np.zeros(m), np.ones(m), np.full(m, 2.0), np.full(m, math.inf)])
    np.testing.assert_array_equal(moo.hypervolume_contributions(outside, np.ones(m)), [1, 0, 0, 0])


@pytest.mark.parametrize("m", [2, 3, 4])
def test_equal_sides_everywhere(m):
    F = np.zeros((50, m))
    F[:, 0] = np.arange(50) / 50
    contributions = moo.hypervolume_contributions(F, np.ones(m))
    assert contributions[0] == pytest.approx(0.02)
    assert not contributions[1:].any()


def test_infinite_sides():
    inf = math.inf
    both = moo.hypervolume_contributions([[-inf, 0], [0, -1]], [1, 1])
    np.testing.assert_array_equal(both, [inf, 1])
    shared = moo.hypervolume_contributions([[-inf, 0], [-inf, 0], [0, -1]], [1, 1])
    np.testing.assert_array_equal(shared, [0, 0, 1])
    nested = moo.hypervolume_contributions([[-inf, 0, 0], [-inf, -1, 0], [0, 0, -1]], [1, 1, 1])
    np.testing.assert_array_equal(nested, [0, inf, 1])
    np.testing.assert_array_equal(moo.hypervolume_contributions([[-inf], [0]], [1]), [inf, 0])
    np.testing.assert_array_equal(moo.hypervolume_contributions([[-inf], [-inf]], [1]), [0, 0])
    # Infinite sides count as equally long.
    endless = moo.hypervolume_contributions([[0, 0], [-1, -1], [2, 2]], [inf, 1])
    np.testing.assert_array_equal(endless, [0, inf, 0])


@given(st.integers(1, 4), st.data())
def test_infinite_is_what_grows_with_the_infinite_sides(m, data):
    elements = st.sampled_from([-1.0, 0.0, 1.0, 2.0, math.inf])
    sides = data.draw(hnp.arrays(np.float64, (4, m), elements=elements))
    contributions = moo.hypervolume_contributions(-sides, np.zeros(m))
    near, far = (
        moo.hypervolume_contributions(-np.minimum(sides, longest), np.zeros(m))
        for longest in (64, 128)
    )
    np.testing.assert_array_equal(contributions, np.where(near < far, math.inf, near))


@given(st.integers(1, 4), st.data())
def test_infinite_references_never_give_nan(m, data):
    elements = st.sampled_from([-math.inf, -1.0, 0.0, 1.0, math.inf])
    F = data.draw(hnp.arrays(np.float64, (4, m), elements=elements))
    ref_point = data.draw(hnp.arrays(np.float64, m, elements=elements))
    assert np.all(moo.hypervolume_contributions(F, ref_point) >= 0)


def test_huge_and_tiny_scales_keep_their_digits():
    F = sphere(40, 4)
    scale = np.array([2.0**900, 2.0**-900, 2.0**1000, 2.0**-1000])
    contributions = moo.hypervolume_contributions(F, np.ones(4))
    np.testing.assert_array_equal(moo.hypervolume_contributions(F * scale, scale), contributions)


@pytest.mark.parametrize(
    ("F", "ref_point", "message"),
    [
        ([[0, 0]], [1, 1, 1], "ref_point must have 2 entries, got 3"),
        ([[0, 0]], [1, math.nan], "ref_point must not hold NaN, got NaN at index 1"),
        ([[0, math.nan]], [1, 1], "F must not hold NaN, got NaN in row 0, column 1"),
        (np.empty((2, 0)), [], "F must have at least one column"),
        ([0, 0], [1, 1], "F must have 2 dimensions"),
    ],
)
def test_wrong_arguments_are_named(F, ref_point, message):
    with pytest.raises(ValueError, match=message):
        moo.hypervolume_contributions(F, ref_point)
