import moocore
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import moo_by_definition as reference

from pyhwnas import _core
from pyhwnas.moo import ParetoArchive

# Few distinct values make ties and equal rows; infinities are ordinary values.
VALUES = st.one_of(
    st.integers(-2, 2).map(float), st.sampled_from([-0.0, np.inf, -np.inf]), st.floats(-1, 1)
)


@st.composite
def batches(draw):
    m = draw(st.integers(1, 4))
    sizes = draw(st.lists(st.integers(0, 6), max_size=5))
    return m, [draw(hnp.arrays(np.float64, (size, m), elements=VALUES)) for size in sizes]


def holds(archive, everything):
    mask = reference.nondominated_mask(everything, keep_equal=False)
    np.testing.assert_array_equal(archive.ids, np.flatnonzero(mask))
    np.testing.assert_array_equal(archive.F, everything[mask])
    assert len(archive) == mask.sum()


@settings(deadline=None)  # a busy machine is no error
@given(batches())
def test_holds_what_is_not_dominated(case):
    m, parts = case
    archive = ParetoArchive(m)
    everything = np.empty((0, m))
    for part in parts:
        part.setflags(write=False)
        entered = archive.add(part)
        everything = np.concatenate([everything, part])
        holds(archive, everything)
        np.testing.assert_array_equal(
            entered, np.isin(np.arange(len(everything))[len(everything) - len(part) :], archive.ids)
        )
    dominated = [any(reference.dominates(a, b) for a in archive.F) for b in everything]
    np.testing.assert_array_equal(archive.dominates(everything), np.array(dominated, dtype=bool))


@pytest.mark.parametrize("m", [1, 2, 3, 5])
@pytest.mark.parametrize("kind", ["cube", "sphere", "integers"])
@pytest.mark.parametrize("size", [1, 40, 500])
def test_large_archives_equal_a_filter_of_everything(m, kind, size, threads):
    rng = np.random.default_rng(m)
    n = 60 if size == 1 else 1000
    F = {
        "cube": rng.random((n, m)),
        "sphere": np.abs(rng.standard_normal((n, m))),
        "integers": rng.integers(0, 6, (n, m)).astype(float),
    }[kind]
    if kind == "sphere":
        F /= np.linalg.norm(F, axis=1, keepdims=True)
    archive = ParetoArchive(m, threads=threads)
    for first in range(0, n, size):
        archive.add(F[first : first + size])
    mask = moocore.is_nondominated(F, keep_weakly=False) if m > 1 else np.arange(n) == F.argmin()
    np.testing.assert_array_equal(archive.ids, np.flatnonzero(mask))
    np.testing.assert_array_equal(archive.F, F[mask])
    np.testing.assert_array_equal(archive.dominates(archive.F), np.zeros(len(archive), dtype=bool))
    np.testing.assert_array_equal(archive.dominates(F + 1e-3), np.ones(n, dtype=bool))


def test_a_bad_batch_changes_nothing():
    archive = ParetoArchive(2)
    archive.add([[1, 2], [2, 1]])
    for bad, message in [
        ([[0, 0], [1, np.nan]], "F must not hold NaN, got NaN in row 1, column 1"),
        ([[0, 0, 0]], r"F must have 2 columns, one for each objective, got shape \(1, 3\)"),
        ([0, 0], "F must have 2 dimensions"),
    ]:
        for method in (archive.add, archive.dominates):
            with pytest.raises(ValueError, match=message):
                method(bad)
    assert archive.F.tolist() == [[1, 2], [2, 1]]
    assert archive.add([[0, 0]]).all()
    assert archive.ids.tolist() == [2]


def test_what_was_handed_out_stays():
    archive = ParetoArchive(3)
    archive.add([[1, 2, 3]])
    F, ids = archive.F, archive.ids
    archive.add([[0, 0, 0]])
    assert (F.tolist(), ids.tolist()) == ([[1, 2, 3]], [0])
    with pytest.raises(ValueError, match="read-only"):
        archive.F[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        archive.ids[0] = 1


def test_an_added_array_can_be_changed_afterwards():
    F = np.array([[1.0, 2.0, 3.0]])
    archive = ParetoArchive(3)
    archive.add(F)
    F[:] = 9
    assert archive.F.tolist() == [[1, 2, 3]]


def test_volume_and_emptiness():
    archive = ParetoArchive(2)
    assert (len(archive), archive.hypervolume([1, 1])) == (0, 0)
    assert archive.add(np.empty((0, 2))).shape == (0,)
    assert archive.dominates([[0, 0]]).tolist() == [False]
    archive.add([[1, 3], [2, 2], [3, 1]])
    assert archive.hypervolume([4, 4]) == 6
    assert repr(archive) == "<ParetoArchive of 3 rows from 3, m=2>"


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="n_objectives must be at least 1, got 0"):
        ParetoArchive(0)
    with pytest.raises(ValueError, match="threads must be at least 1, got 0"):
        ParetoArchive(2, threads=0)


@pytest.mark.parametrize(("n", "r"), [(0, 3), (3, 0), (7, 5), (300, 40), (300, 500)])
@pytest.mark.parametrize("m", [0, 1, 2, 4])
def test_covered_follows_its_definition(n, r, m, threads):
    rng = np.random.default_rng(n + m)
    values = np.array([-np.inf, -1.0, -0.0, 0.0, 1.0, 2.0, np.inf])
    F, R = (rng.choice(values, (size, m)) for size in (n, r))
    expected = (R[None] <= F[:, None]).all(axis=2).any(axis=1)
    np.testing.assert_array_equal(_core.covered(F, R, threads), expected)
