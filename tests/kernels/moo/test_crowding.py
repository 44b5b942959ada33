import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import moo_by_definition as reference

from pyhwnas import moo

VALUES = st.one_of(
    st.integers(-2, 2).map(float), st.sampled_from([np.inf, -np.inf]), st.floats(-1, 1)
)


@st.composite
def ranked_matrices(draw):
    n, m = draw(st.integers(0, 12)), draw(st.integers(1, 6))
    F = draw(hnp.arrays(np.float64, (n, m), elements=VALUES))
    ranks = draw(hnp.arrays(np.int32, n, elements=st.integers(-1, 2)))
    F.setflags(write=False)
    ranks.setflags(write=False)
    return F, ranks


@given(ranked_matrices())
def test_follows_its_definition(case):
    F, ranks = case
    np.testing.assert_allclose(
        moo.crowding_distance(F, ranks), reference.crowding_distance(F, ranks), rtol=1e-12
    )


@given(ranked_matrices())
def test_fronts_do_not_see_each_other(case):
    F, ranks = case
    distances = moo.crowding_distance(F, ranks)
    for rank in np.unique(ranks):
        alone = moo.crowding_distance(F[ranks == rank])
        np.testing.assert_array_equal(distances[ranks == rank], alone)


def test_a_large_case_with_any_number_of_threads(threads, frozen):
    F = frozen(np.random.default_rng(0).random((500, 3)))
    ranks = frozen(moo.nondominated_sort(F))
    distances = moo.crowding_distance(F, ranks, threads=threads)
    np.testing.assert_array_equal(distances, moo.crowding_distance(F, ranks))
    np.testing.assert_allclose(distances, reference.crowding_distance(F, ranks), rtol=1e-12)


def test_many_fronts_and_threads_change_no_bit(threads, frozen):
    rng = np.random.default_rng(1)
    F = frozen(np.round(rng.random((20_000, 4)), 3))
    ranks = frozen(rng.integers(-1000, 1000, 20_000).astype(np.int32))
    distances = moo.crowding_distance(F, ranks, threads=threads)
    np.testing.assert_array_equal(distances, moo.crowding_distance(F, ranks))
    # The numbers of fronts are only names.
    np.testing.assert_array_equal(distances, moo.crowding_distance(F, ranks * 1_000_000))
    for rank in (-1000, 7):
        alone = moo.crowding_distance(F[ranks == rank], threads=threads)
        np.testing.assert_array_equal(distances[ranks == rank], alone)


def test_agrees_with_pygmo_where_no_values_tie():
    pygmo = pytest.importorskip("pygmo")
    F = np.random.default_rng(2).random((1000, 3))
    F /= np.linalg.norm(F, axis=1, keepdims=True)
    np.testing.assert_allclose(moo.crowding_distance(F), pygmo.crowding_distance(F), rtol=1e-9)


def test_minus_zero_ties_with_zero():
    F = np.array([[0.0], [-0.0], [1.0], [2.0]])
    np.testing.assert_array_equal(moo.crowding_distance(F), [np.inf, 0.5, 1.0, np.inf])


def test_huge_ranges_do_not_overflow():
    F = np.array([[-1.7e308], [0.0], [1.7e308]])
    np.testing.assert_array_equal(moo.crowding_distance(F), [np.inf, 1.0, np.inf])


def test_the_smallest_range_is_a_range():
    F = np.array([[0.0], [0.0], [5e-324]])
    np.testing.assert_array_equal(moo.crowding_distance(F), [np.inf, 1.0, np.inf])


def test_an_infinite_row_does_not_blind_the_others():
    F = np.array([[0.0], [1.0], [3.0], [4.0], [np.inf], [np.inf]])
    np.testing.assert_allclose(
        moo.crowding_distance(F), [np.inf, 0.75, 0.75, 0.25, 0.0, np.inf], rtol=1e-15
    )


def test_equal_rows_are_crowded():
    assert moo.crowding_distance(np.ones((3, 2))).tolist() == [0, 0, 0]
    assert moo.crowding_distance(np.ones((2, 2))).tolist() == [np.inf, np.inf]


@pytest.mark.parametrize(
    ("ranks", "error"),
    [([0, 0, 0], ValueError), ([[0, 0]], ValueError), ([0.0, 1.0], TypeError)],
)
def test_ranks_must_be_one_integer_per_row(ranks, error):
    with pytest.raises(error, match="ranks must"):
        moo.crowding_distance(np.ones((2, 2)), ranks)
