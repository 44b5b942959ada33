"""Non-dominated sorting against its definition, and on what tells its algorithms apart."""

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
    shape = draw(st.integers(0, 14)), draw(st.integers(1, 6))
    matrix = draw(hnp.arrays(np.float64, shape, elements=VALUES))
    matrix.setflags(write=False)
    return matrix


def by_peeling(F):
    """Front after front, each by comparing all pairs: the definition, for hundreds of rows."""
    ranks = np.full(len(F), -1, dtype=np.int32)
    no_larger = np.all(F[:, None] <= F[None], axis=2)
    dominates = no_larger & ~no_larger.T
    above = dominates.sum(axis=0)  # rows that are left and dominate this one
    rank = 0
    while np.any(front := (ranks < 0) & (above == 0)):
        ranks[front] = rank
        above -= dominates[front].sum(axis=0)
        rank += 1
    return ranks


def cube(rng, n, m):
    return rng.random((n, m))


def sphere(rng, n, m):
    F = np.abs(rng.standard_normal((n, m)))
    return F / np.linalg.norm(F, axis=1, keepdims=True)


def layers(rng, n, m):
    return sphere(rng, n, m) * rng.integers(1, 9, (n, 1))


def few_values(rng, n, m):
    return rng.integers(0, 4, (n, m)).astype(float)


def some_ties(rng, n, m):
    return rng.integers(-40, 40, (n, m)) / 8


def antidiagonal(rng, n, m):
    """Where a staircase has as many steps as there are rows."""
    F = rng.random((n, m))
    F[:, -1] = 1 - F[:, -2]
    return F


def chain(rng, n, m):
    return np.repeat(rng.permutation(n)[:, None], m, axis=1) * 1.5


def infinities(rng, n, m):
    F = rng.integers(-3, 3, (n, m)).astype(float)
    F[rng.random((n, m)) < 0.2] = np.inf
    F[rng.random((n, m)) < 0.2] = -np.inf
    F[rng.random((n, m)) < 0.2] = -0.0
    return F


def all_magnitudes(rng, n, m):
    F = rng.standard_normal((n, m)) * 10.0 ** rng.integers(-320, 300, (n, m))
    F[rng.random((n, m)) < 0.1] = 5e-324
    return F


def nearly_equal(rng, n, m):
    """Values that differ in their last bits only."""
    return 1.0 + rng.integers(0, 3000, (n, m)) * np.finfo(float).eps


SHAPES = [
    cube,
    sphere,
    layers,
    few_values,
    some_ties,
    antidiagonal,
    chain,
    infinities,
    all_magnitudes,
    nearly_equal,
]


@given(matrices())
def test_ranks_follow_their_definition(F):
    np.testing.assert_array_equal(moo.nondominated_sort(F), reference.nondominated_sort(F))


@given(matrices(), st.randoms(use_true_random=False))
def test_ranks_travel_with_their_rows(F, random):
    order = list(range(len(F)))
    random.shuffle(order)
    np.testing.assert_array_equal(moo.nondominated_sort(F)[order], moo.nondominated_sort(F[order]))


@given(matrices())
def test_ranks_ignore_monotone_maps_and_duplicates(F):
    ranks = moo.nondominated_sort(F)
    places = [np.unique(column, return_inverse=True)[1] for column in F.T]
    mapped = np.reshape(places, F.T.shape).T ** 3.0
    np.testing.assert_array_equal(moo.nondominated_sort(mapped), ranks)
    np.testing.assert_array_equal(
        moo.nondominated_sort(np.concatenate([F, F])), np.concatenate([ranks, ranks])
    )


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
@pytest.mark.parametrize("m", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("n", [97, 200, 400, 900])
def test_every_kind_of_input_follows_the_definition(shape, m, n, frozen):
    F = frozen(shape(np.random.default_rng(n + m), n, max(m, 2))[:, :m].copy())
    np.testing.assert_array_equal(moo.nondominated_sort(F), by_peeling(F))


@pytest.mark.parametrize(
    "shape",
    [cube, layers, few_values, some_ties, antidiagonal, all_magnitudes],
    ids=lambda shape: shape.__name__,
)
@pytest.mark.parametrize("m", [2, 3, 5, 8])
def test_thousands_of_rows_agree_with_moocore(shape, m, threads):
    F = shape(np.random.default_rng(m), 2500, m)
    np.testing.assert_array_equal(moo.nondominated_sort(F, threads=threads), moocore.pareto_rank(F))


@pytest.mark.parametrize("m", [3, 5, 8, 9])
def test_a_few_rows_of_any_number_agree_with_moocore(m):
    rng = np.random.default_rng(m)
    for n in (*range(1, 40), 223, 224, 225, 511, 512, 513, 799, 800, 801):
        F = rng.random((n, m)).round(rng.integers(1, 4))
        np.testing.assert_array_equal(moo.nondominated_sort(F), moocore.pareto_rank(F))


@pytest.mark.parametrize("m", [2, 3, 4])
def test_more_rows_than_sixteen_bits_count(m):
    F = np.random.default_rng(0).random((70_000, m))
    np.testing.assert_array_equal(moo.nondominated_sort(F), moocore.pareto_rank(F))


@pytest.mark.parametrize("stride", [1, 7, 101])
def test_many_rows_in_one_front_or_behind_it_agree_with_moocore(stride, threads):
    rng = np.random.default_rng(stride)
    F = sphere(rng, 20_200, 4)
    if stride > 1:
        F[1::stride] *= 1.5
    if stride == 7:  # what is looked at first says little about the rest
        F[np.arange(len(F)) % 78 != 0] *= 1 + rng.random((len(F) - 259, 1))
    F[5] = F[6]
    np.testing.assert_array_equal(moo.nondominated_sort(F, threads=threads), moocore.pareto_rank(F))


@pytest.mark.parametrize("m", [2, 3, 4])
def test_rows_in_one_chain_are_numbered(m):
    F = chain(np.random.default_rng(0), 20_000, m)
    np.testing.assert_array_equal(moo.nondominated_sort(F), F[:, 0] / 1.5)


@pytest.mark.parametrize("m", [1, 2, 3, 6])
def test_rows_that_are_all_equal_share_the_first_front(m):
    assert not np.any(moo.nondominated_sort(np.full((3000, m), 0.1)))


def test_a_batch_is_ranked_problem_by_problem(threads):
    F = np.random.default_rng(0).random((5, 60, 3))
    np.testing.assert_array_equal(
        moo.nondominated_sort(F, threads=threads), [moo.nondominated_sort(f) for f in F]
    )
