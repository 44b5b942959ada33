import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import moo_by_definition as reference

from pyhwnas import moo


def sphere(n, m, seed=0):
    F = np.abs(np.random.default_rng(seed).standard_normal((n, m)))
    return F / np.linalg.norm(F, axis=1, keepdims=True)


def plain_greedy(F, k, ref_point):
    """Every gain anew in each round."""
    chosen = []
    for _ in range(k):
        volumes = [
            -1.0 if i in chosen else moo.hypervolume(F[[*chosen, i]], ref_point)
            for i in range(len(F))
        ]
        chosen.append(int(np.argmax(volumes)))
    return chosen


@settings(max_examples=150)
@given(st.data())
def test_follows_the_definition_ties_included(data):
    """Small integers: all volumes are exact, and many are equal."""
    n, m = data.draw(st.integers(0, 7)), data.draw(st.integers(1, 6))
    F = data.draw(hnp.arrays(np.float64, (n, m), elements=st.integers(0, 4).map(float)))
    F.setflags(write=False)
    k = data.draw(st.integers(0, n))
    ref_point = np.full(m, 4.0)
    expected = reference.hypervolume_subset(F, k, ref_point)
    assert moo.hypervolume_subset(F, k, ref_point).tolist() == expected


@pytest.mark.parametrize(
    ("n", "m"), [(60, 1), (60, 2), (60, 3), (50, 4), (40, 5), (40, 6), (25, 9)]
)
@pytest.mark.parametrize("kind", ["sphere", "cube", "integers"])
def test_equals_the_plain_algorithm_for_any_threads(kind, n, m, threads, frozen):
    rng = np.random.default_rng(n)
    F = {
        "sphere": sphere(n, m),
        "cube": rng.random((n, m)),
        "integers": rng.integers(0, 5, (n, m)).astype(float) / 4,
    }[kind]
    ref_point = frozen(np.full(m, 1.25))
    k = n // 2
    chosen = moo.hypervolume_subset(frozen(F), k, ref_point, threads=threads)
    assert chosen.dtype == np.int64
    assert chosen.tolist() == plain_greedy(F, k, ref_point)


@pytest.mark.parametrize("m", [2, 3, 5])
def test_reaches_its_guarantee(m):
    F = sphere(12, m)
    ref_point = np.full(m, 1.0)
    for k in range(1, 5):
        chosen = moo.hypervolume(F[moo.hypervolume_subset(F, k, ref_point)], ref_point)
        best = max(
            moo.hypervolume(F[list(rows)], ref_point)
            for rows in itertools.combinations(range(12), k)
        )
        assert (1 - 1 / math.e) * best <= chosen <= best * (1 + 1e-12)


@pytest.mark.parametrize("m", [2, 3, 4, 6])
def test_gains_never_grow_and_add_up(m):
    F = sphere(200, m, seed=3)
    ref_point = np.full(m, 1.1)
    chosen = moo.hypervolume_subset(F, 25, ref_point)
    volumes = [moo.hypervolume(F[chosen[:k]], ref_point) for k in range(26)]
    gains = np.diff(volumes)
    assert np.all(np.diff(gains) <= 1e-12)
    others = np.setdiff1d(np.arange(200), chosen[:20])
    candidates = [moo.hypervolume(F[[*chosen[:20], i]], ref_point) for i in others]
    assert volumes[21] == pytest.approx(max(candidates), rel=1e-12)


def test_fewer_rows_are_the_first_of_more():
    F = sphere(300, 3)
    chosen = moo.hypervolume_subset(F, 40, np.ones(3))
    assert len(set(chosen)) == 40
    assert moo.hypervolume_subset(F, 15, np.ones(3)).tolist() == chosen[:15].tolist()


def test_rows_that_add_nothing_come_last_by_index():
    F = [[9, 0], [2, 2], [2, 2], [3, 3], [0, 4], [1, 3]]
    assert moo.hypervolume_subset(F, 6, [4, 4]).tolist() == [1, 5, 0, 2, 3, 4]
    assert moo.hypervolume_subset(F, 0, [4, 4]).tolist() == []
    assert moo.hypervolume_subset(np.empty((0, 3)), 0, [4, 4, 4]).tolist() == []
    assert moo.hypervolume_subset(F, 3, [-math.inf, 4]).tolist() == [0, 1, 2]


def test_endless_regions_come_first():
    inf = math.inf
    F = [[0, 0], [-inf, 3], [2, -inf], [-inf, 2], [-inf, 3]]
    # 3 reaches beyond 1, but 4 lies within both.
    assert moo.hypervolume_subset(F, 5, [4, 4]).tolist() == [1, 2, 3, 0, 4]
    assert moo.hypervolume_subset([[0, 0], [1, -1]], 2, [inf, 1]).tolist() == [0, 1]


def test_scales_do_not_matter():
    F = sphere(50, 4)
    scale = np.array([2.0**900, 2.0**-900, 2.0**1000, 2.0**-1000])
    expected = moo.hypervolume_subset(F, 20, np.ones(4))
    np.testing.assert_array_equal(moo.hypervolume_subset(F * scale, 20, scale), expected)


@pytest.mark.parametrize(
    ("F", "k", "ref_point", "message"),
    [
        ([[0, 0]], 2, [1, 1], "k must be from 0 to the number of rows, 1, got 2"),
        ([[0, 0]], -1, [1, 1], "k must be from 0 to the number of rows, 1, got -1"),
        ([[0, 0]], 1, [1], "ref_point must have 2 entries, got 1"),
        ([[0, math.nan]], 1, [1, 1], "F must not hold NaN, got NaN in row 0, column 1"),
    ],
)
def test_wrong_arguments_are_named(F, k, ref_point, message):
    with pytest.raises(ValueError, match=message):
        moo.hypervolume_subset(F, k, ref_point)
