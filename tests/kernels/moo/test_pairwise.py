"""dominance_counts and dominance_degree_sort, which compare all pairs as bits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import moo_by_definition as reference

from pyhwnas import moo

VALUES = st.one_of(st.integers(-2, 2).map(float), st.sampled_from([-0.0, np.inf, -np.inf]))


@given(hnp.arrays(np.float64, st.tuples(st.integers(0, 12), st.integers(0, 6)), elements=VALUES))
def test_degrees_rank_by_definition(F):
    F.setflags(write=False)
    np.testing.assert_array_equal(moo.dominance_degree_sort(F), reference.nondominated_sort(F))


# Sizes beside a block's 2048 rows.
@pytest.mark.parametrize("n", [63, 2048, 2049, 4200])
@pytest.mark.parametrize(("m", "n_values"), [(1, 9), (2, 99), (3, 4), (3, 10**9), (6, 3)])
def test_blocks(n, m, n_values, threads, frozen):
    F = frozen(np.random.default_rng(n).integers(0, n_values, (n, m)).astype(float))
    ranks = moo.dominance_degree_sort(F, threads=threads)
    np.testing.assert_array_equal(ranks, moo.nondominated_sort(F))
    counts = moo.dominance_counts(F, threads=threads)
    for i in range(0, n, 61):
        assert counts[i] == ((F <= F[i]).all(axis=1) & (F < F[i]).any(axis=1)).sum()


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_a_chain_and_its_double(m):
    """Each row dominates all later ones; equal rows do not dominate each other."""
    n = 3000
    order = np.random.default_rng(0).permutation(n)
    F = np.repeat(order[:, None].astype(float), m, axis=1)
    np.testing.assert_array_equal(moo.dominance_degree_sort(F), order)
    np.testing.assert_array_equal(moo.dominance_counts(F), order)
    twice = np.concatenate([F, F])
    np.testing.assert_array_equal(moo.dominance_counts(twice), 2 * np.tile(order, 2))
    np.testing.assert_array_equal(moo.dominance_degree_sort(twice), np.tile(order, 2))


def test_all_rows_equal(threads):
    F = np.ones((5000, 3))
    assert not moo.dominance_counts(F, threads=threads).any()
    assert not moo.dominance_degree_sort(F, threads=threads).any()


def test_agrees_with_pymoo_where_no_rows_are_equal():
    pymoo = pytest.importorskip(
        "pymoo.functions.standard.non_dominated_sorting", exc_type=ImportError
    )
    F = np.random.default_rng(3).random((300, 4))
    ranks = moo.dominance_degree_sort(F)
    for rank, front in enumerate(pymoo.dominance_degree_non_dominated_sort(F)):
        assert sorted(front) == np.flatnonzero(ranks == rank).tolist()
