"""Many small problems in one call give what each gives alone."""

import numpy as np
import pytest

from pyhwnas import moo

REF = np.array([0.9, 0.8, 1.1])


def crowding_with_ranks(F, **options):
    return moo.crowding_distance(F, moo.nondominated_sort(F), **options)


def volume(F, **options):
    return moo.hypervolume(F, REF, **options)


def estimate(F, **options):
    return np.asarray(moo.hypervolume_approx(F, REF, 500, 1, **options)).T


def estimates(F, **options):
    return np.stack(moo.hypervolume_contributions_approx(F, REF, 500, 1, **options), axis=-1)


FUNCTIONS = {
    "nondominated_sort": moo.nondominated_sort,
    "dominance_degree_sort": moo.dominance_degree_sort,
    "nondominated_mask": moo.nondominated_mask,
    "dominance_counts": moo.dominance_counts,
    "crowding_distance": moo.crowding_distance,
    "crowding_distance with ranks": crowding_with_ranks,
    "hypervolume": volume,
    "hypervolume_approx": estimate,
    "hypervolume_contributions_approx": estimates,
}


@pytest.fixture(params=FUNCTIONS)
def function(request):
    return FUNCTIONS[request.param]


@pytest.fixture(params=[0, 1, 2, 13, 100])
def batch(request, frozen):
    rng = np.random.default_rng(request.param)
    # A few values only: ties and equal rows; the second half is continuous.
    F = rng.integers(0, 4, (9, request.param, 3)) / 4
    F[5:] = rng.random((4, request.param, 3))
    return frozen(F)


def test_a_batch_is_its_problems(function, batch, threads):
    together = function(batch, threads=threads)
    alone = [function(F) for F in batch]
    np.testing.assert_array_equal(together, np.stack(alone))
    assert together.dtype == np.asarray(alone[0]).dtype


def test_a_batch_of_one_keeps_its_axis(function):
    F = np.random.default_rng(0).random((1, 7, 3))
    np.testing.assert_array_equal(function(F), np.asarray(function(F[0]))[None])


def test_no_problems_give_no_results(function):
    assert len(function(np.empty((0, 5, 3)))) == 0


def test_one_problem_has_a_plain_volume():
    assert type(moo.hypervolume(np.zeros((1, 3)), REF)) is float


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda F: F[:, ::-1], np.float32])
def test_other_layouts_are_converted(function, layout):
    F = layout(np.random.default_rng(0).integers(0, 9, (4, 6, 3)) / 8)
    np.testing.assert_array_equal(function(F), function(np.ascontiguousarray(F, dtype=float)))


def test_ranks_of_a_batch_have_its_shape():
    F = np.zeros((4, 6, 3))
    with pytest.raises(ValueError, match=r"ranks must have shape \(4, 6\), got \(4, 5\)"):
        moo.crowding_distance(F, np.zeros((4, 5), dtype=int))
    with pytest.raises(ValueError, match=r"ranks must have 2 dimensions, got shape \(6,\)"):
        moo.crowding_distance(F, np.zeros(6, dtype=int))


def test_nan_is_refused_with_its_place():
    F = np.zeros((2, 3, 2))
    F[1, 2, 1] = np.nan
    with pytest.raises(ValueError, match=r"F must not hold NaN, got NaN in problem 1, row 2, col"):
        moo.nondominated_sort(F)
