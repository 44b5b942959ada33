import itertools
import math

import moocore
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import moo_by_definition as reference

from pyhwnas import moo


@st.composite
def matrices(draw):
    shape = draw(st.integers(0, 7)), draw(st.integers(1, 6))
    elements = st.one_of(st.integers(-2, 4).map(float), st.floats(-1, 3))
    matrix = draw(hnp.arrays(np.float64, shape, elements=elements))
    matrix.setflags(write=False)
    return matrix


def front(n, m, seed=0):
    """Rows on a sphere: none dominates another."""
    F = np.abs(np.random.default_rng(seed).standard_normal((n, m)))
    return F / np.linalg.norm(F, axis=1, keepdims=True)


@given(matrices())
def test_follows_inclusion_and_exclusion(F):
    ref_point = np.full(F.shape[1], 3.0)
    exact = float(reference.hypervolume(F, ref_point))
    assert moo.hypervolume(F, ref_point) == pytest.approx(exact, rel=1e-12, abs=1e-300)


@given(matrices(), st.randoms(use_true_random=False))
def test_order_duplicates_and_dominated_rows_change_nothing(F, random):
    ref_point = np.full(F.shape[1], 3.0)
    volume = moo.hypervolume(F, ref_point)
    order = list(range(len(F)))
    random.shuffle(order)
    more = np.concatenate([F[order], F, F + 0.25])
    assert moo.hypervolume(more, ref_point) == pytest.approx(volume, rel=1e-12)


@given(matrices())
def test_another_row_never_takes_volume_away(F):
    ref_point = np.full(F.shape[1], 3.0)
    volumes = [moo.hypervolume(F[:n], ref_point) for n in range(len(F) + 1)]
    assert all(b >= a * (1 - 1e-12) for a, b in itertools.pairwise(volumes))


@pytest.mark.parametrize(("n", "m"), [(500, 1), (500, 2), (500, 3), (120, 4), (60, 5), (30, 7)])
@pytest.mark.parametrize("kind", ["sphere", "cube", "integers"])
def test_agrees_with_moocore(n, m, kind, threads, frozen):
    rng = np.random.default_rng(n)
    F = {
        "sphere": front(n, m),
        "cube": rng.random((n, m)),
        "integers": rng.integers(0, 4, (n, m)) / 4,
    }[kind]
    ref_point = frozen(np.full(m, 1.1))
    volume = moo.hypervolume(frozen(F), ref_point, threads=threads)
    assert volume == moo.hypervolume(F, ref_point)
    expected = moocore.hypervolume(F, ref=ref_point) if m > 1 else 1.1 - F.min()
    assert volume == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(100_000, 2), (300_000, 3), (3000, 4), (400, 5), (260, 6)])
@pytest.mark.parametrize("kind", ["sphere", "convex", "cube", "integers"])
def test_agrees_with_moocore_on_many_rows(n, m, kind):
    F = {
        "sphere": front(n, m),
        "convex": 1 - front(n, m),
        "cube": np.random.default_rng(n).random((n, m)),
        "integers": np.random.default_rng(n).integers(0, 50, (n, m)) / 50,
    }[kind]
    ref_point = np.full(m, 0.9)
    assert moo.hypervolume(F, ref_point) == pytest.approx(
        moocore.hypervolume(F, ref=ref_point), rel=1e-12
    )


@given(st.integers(1, 6), st.data())
def test_a_batch_holds_the_volume_of_each_problem(m, data):
    batch = data.draw(hnp.arrays(np.float64, (3, 4, m), elements=st.floats(-1, 3)))
    ref_point = np.full(m, 2.5)
    volumes = moo.hypervolume(batch, ref_point, threads=2)
    np.testing.assert_array_equal(volumes, [moo.hypervolume(F, ref_point) for F in batch])


def test_rows_on_or_beyond_the_reference_are_clipped_away():
    F = [[0, 0], [-5, 4], [4, -5], [3, -9]]
    assert moo.hypervolume(F, [3, 3]) == 9
    assert moo.hypervolume(F[1:], [3, 3]) == 0
    assert moo.hypervolume(np.empty((0, 2)), [3, 3]) == 0


def test_infinite_sides_give_infinity_only_where_there_is_volume():
    assert moo.hypervolume([[-math.inf, 0]], [1, 1]) == math.inf
    assert moo.hypervolume([[-math.inf, 2], [0, 0]], [1, 1]) == 1
    assert moo.hypervolume([[math.inf, 0], [0, 0]], [1, 1]) == 1
    assert moo.hypervolume([[0, 0]], [math.inf, 1]) == math.inf
    assert moo.hypervolume([[0, 0]], [-math.inf, 1]) == 0


def test_huge_and_tiny_scales_keep_their_digits():
    F = front(40, 5)
    scale = np.array([2.0**900, 2.0**-900, 2.0**1000, 2.0**-1000, 1.0])
    volume = moo.hypervolume(F, np.ones(5))
    assert moo.hypervolume(F * scale, scale) == volume


@pytest.mark.parametrize(
    ("F", "ref_point", "message"),
    [
        ([[0, 0]], [1, 1, 1], "ref_point must have 2 entries, got 3"),
        ([[0, 0]], [1, math.nan], "ref_point must not hold NaN, got NaN at index 1"),
        ([[0, math.nan]], [1, 1], "F must not hold NaN, got NaN in row 0, column 1"),
        (np.empty((2, 0)), [], "F must have at least one column"),
        ([0, 0], [1, 1], "F must have 2 dimensions"),
        ([[0, 0]], [[1, 1]], r"ref_point must have 1 dimension, got shape \(1, 2\)"),
    ],
)
def test_wrong_arguments_are_named(F, ref_point, message):
    with pytest.raises(ValueError, match=message):
        moo.hypervolume(F, ref_point)
