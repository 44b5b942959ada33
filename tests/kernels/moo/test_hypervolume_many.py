"""Exact hypervolume of many objectives, and rows enough to leave the small cases."""

import moocore
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


def inputs(kind, n, m):
    rng = np.random.default_rng(n + m)
    return {
        "sphere": sphere(n, m),
        "convex": 1 - sphere(n, m),
        "cube": rng.random((n, m)),
        "integers": rng.integers(0, 4, (n, m)) / 4,
        "one dominates": np.concatenate([rng.random((n - 1, m)) + 0.05, np.zeros((1, m))]),
        "doubled": np.repeat(sphere(n // 2, m), 2, axis=0),
    }[kind]


KINDS = ["sphere", "convex", "cube", "integers", "one dominates", "doubled"]
# Within words of eight bytes, with a side too many for them, and with too many rows.
SIZES = [(60, 6), (50, 7), (30, 8), (20, 9), (12, 12), (9, 20), (300, 7)]


@st.composite
def matrices(draw):
    shape = draw(st.integers(0, 8)), draw(st.integers(6, 11))
    elements = st.one_of(st.integers(-2, 4).map(float), st.floats(-1, 3))
    return draw(hnp.arrays(np.float64, shape, elements=elements))


@settings(max_examples=60)
@given(matrices())
def test_follows_inclusion_and_exclusion(F):
    ref_point = np.full(F.shape[1], 3.0)
    exact = float(reference.hypervolume(F, ref_point))
    assert moo.hypervolume(F, ref_point) == pytest.approx(exact, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize(("n", "m"), SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_agrees_with_moocore_for_any_threads(kind, n, m, threads, frozen):
    F = frozen(inputs(kind, n, m))
    ref_point = np.full(m, 1.1)
    volume = moo.hypervolume(F, ref_point, threads=threads)
    assert volume == moo.hypervolume(F, ref_point)
    if threads == 1 and n < 100:
        assert volume == pytest.approx(moocore.hypervolume(F, ref=ref_point), rel=1e-11)


@pytest.mark.parametrize("m", [6, 8, 10])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 24, 25])
def test_every_small_number_of_rows(n, m):
    F = sphere(n, m, seed=n)
    ref_point = np.full(m, 1.25)
    assert moo.hypervolume(F, ref_point) == pytest.approx(
        moocore.hypervolume(F, ref=ref_point), rel=1e-12
    )


@pytest.mark.parametrize("n", [254, 255, 256, 257])
def test_sets_that_just_fit_into_bytes_and_those_that_do_not(n):
    """Rows of one line in the last objectives: the volume is known."""
    steps = np.arange(1, n + 1) / (n + 1)
    F = np.column_stack([steps, 1 - steps, *np.zeros((6, n))])
    expected = moo.hypervolume(F[:, :2], np.ones(2))
    assert moo.hypervolume(F, np.ones(8)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("m", [7, 9])
def test_order_and_dominated_rows_change_nothing_but_rounding(m):
    F = sphere(30, m)
    ref_point = np.full(m, 1.1)
    volume = moo.hypervolume(F, ref_point)
    rng = np.random.default_rng(0)
    more = rng.permutation(np.concatenate([F, F, F[rng.integers(0, 30, 400)] + 0.01]))
    assert moo.hypervolume(more, ref_point) == pytest.approx(volume, rel=1e-12)
    assert moo.hypervolume(F[:, ::-1], ref_point) == pytest.approx(volume, rel=1e-12)


def test_integer_rows_are_exact():
    F = np.random.default_rng(1).integers(0, 6, (40, 7)).astype(float)
    volume = moo.hypervolume(F, np.full(7, 6.0))
    cells = np.indices((6,) * 7, dtype=np.int8).reshape(7, -1)
    dominated = np.zeros(cells.shape[1], dtype=bool)
    for row in F:
        dominated |= np.all(cells >= row[:, None], axis=0)
    assert volume == dominated.sum()


@pytest.mark.parametrize("m", [6, 8, 10])
@pytest.mark.parametrize("kind", KINDS)
def test_contributions_are_differences(kind, m, threads):
    F = inputs(kind, 24, m)
    ref_point = np.full(m, 1.1)
    contributions = moo.hypervolume_contributions(F, ref_point, threads=threads)
    volume = moo.hypervolume(F, ref_point)
    rest = [moo.hypervolume(np.delete(F, i, axis=0), ref_point) for i in range(len(F))]
    np.testing.assert_allclose(contributions, volume - np.array(rest), atol=1e-12 * volume)
    np.testing.assert_array_equal(contributions, moo.hypervolume_contributions(F, ref_point))
    first = moo.nondominated_mask(F, keep_equal=False)
    assert np.all(contributions[~first] == 0)


def test_contributions_of_many_rows_agree_with_pygmo():
    pygmo = pytest.importorskip("pygmo")
    F = np.random.default_rng(5).random((400, 6))
    ref_point = np.full(6, 1.1)
    np.testing.assert_allclose(
        moo.hypervolume_contributions(F, ref_point),
        pygmo.hypervolume(F).contributions(ref_point),
        atol=1e-13,
    )
