import moocore
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import moo_by_definition as reference

from pyhwnas import moo

# Few distinct values make ties and equal rows; infinities are ordinary values.
VALUES = st.one_of(
    st.integers(-2, 2).map(float), st.sampled_from([-0.0, np.inf, -np.inf]), st.floats(-1, 1)
)


@st.composite
def matrices(draw):
    shape = draw(st.integers(0, 12)), draw(st.integers(1, 6))
    matrix = draw(hnp.arrays(np.float64, shape, elements=VALUES))
    matrix.setflags(write=False)
    return matrix


@given(matrices())
def test_counts_and_masks_follow_their_definitions(F):
    np.testing.assert_array_equal(moo.dominance_counts(F), reference.dominance_counts(F))
    for keep_equal in (True, False):
        np.testing.assert_array_equal(
            moo.nondominated_mask(F, keep_equal=keep_equal),
            reference.nondominated_mask(F, keep_equal),
        )


@given(matrices(), st.randoms(use_true_random=False))
def test_counts_travel_with_their_rows(F, random):
    order = list(range(len(F)))
    random.shuffle(order)
    np.testing.assert_array_equal(moo.dominance_counts(F)[order], moo.dominance_counts(F[order]))


@given(matrices())
def test_the_first_front_is_what_nothing_dominates(F):
    first = moo.nondominated_mask(F)
    np.testing.assert_array_equal(moo.nondominated_sort(F) == 0, first)
    np.testing.assert_array_equal(moo.dominance_counts(F) == 0, first)


@pytest.mark.parametrize("m", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("n_values", [3, 10**9])
def test_agrees_with_moocore(m, n_values, threads):
    F = np.random.default_rng(m).integers(0, n_values, (700, m)).astype(float)
    ranks = moo.nondominated_sort(F, threads=threads)
    if m > 1:  # with one objective moocore gives equal rows different ranks
        np.testing.assert_array_equal(moocore.pareto_rank(F) == 0, ranks == 0)
    np.testing.assert_array_equal(moo.nondominated_mask(F, threads=threads), ranks == 0)
    np.testing.assert_array_equal(
        moo.dominance_counts(F, threads=threads), moo.dominance_counts(F, threads=1)
    )


@pytest.mark.parametrize(
    "function", [moo.nondominated_sort, moo.nondominated_mask, moo.dominance_counts]
)
class TestArguments:
    def test_results_have_one_entry_per_row(self, function):
        assert function(np.empty((0, 3))).shape == (0,)
        assert function(np.ones((1, 3))).tolist() in ([0], [True])
        assert len(set(function(np.empty((3, 0))).tolist())) == 1

    def test_lists_integers_and_other_layouts_are_converted(self, function):
        F = np.arange(12.0).reshape(4, 3)
        for same in (F.tolist(), F.astype(np.int32), F.astype(np.float32), np.asfortranarray(F)):
            np.testing.assert_array_equal(function(same), function(F))

    def test_nan_is_refused_with_its_place(self, function):
        with pytest.raises(ValueError, match=r"F must not hold NaN, got NaN in row 2, column 1"):
            function([[0, 1], [1, 0], [2, np.nan]])

    @pytest.mark.parametrize("F", [np.ones(3), np.ones((2, 2, 2, 2)), 1.0])
    def test_only_matrices_are_taken(self, function, F):
        with pytest.raises(
            ValueError, match=r"F must have 2 dimensions, or 3 for a batch, got shape"
        ):
            function(F)

    @pytest.mark.parametrize("F", [[["a", "b"]], [[1j, 2]], [[True, False]]])
    def test_only_real_numbers_are_taken(self, function, F):
        with pytest.raises(TypeError, match="F must hold real numbers"):
            function(F)

    def test_threads_must_be_positive(self, function):
        with pytest.raises(ValueError, match="threads must be at least 1, got 0"):
            function(np.ones((2, 2)), threads=0)
