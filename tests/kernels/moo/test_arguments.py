"""What all functions say to arguments that make no sense."""

import numpy as np
import pytest

from pyhwnas import moo

F = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 3.0]])
REF = np.array([4.0, 4.0])

CALLS = {
    "nondominated_sort": moo.nondominated_sort,
    "dominance_degree_sort": moo.dominance_degree_sort,
    "nondominated_mask": moo.nondominated_mask,
    "dominance_counts": moo.dominance_counts,
    "crowding_distance": moo.crowding_distance,
    "hypervolume": lambda F, **more: moo.hypervolume(F, REF, **more),
    "hypervolume_contributions": lambda F, **more: moo.hypervolume_contributions(F, REF, **more),
    "hypervolume_subset": lambda F, **more: moo.hypervolume_subset(F, 2, REF, **more),
    "hypervolume_approx": lambda F, **more: moo.hypervolume_approx(F, REF, 100, 0, **more),
    "hypervolume_contributions_approx": lambda F, **more: moo.hypervolume_contributions_approx(
        F, REF, 100, 0, **more
    ),
    "igd": lambda F, **more: moo.igd(F, np.ones((1, 2)), **more),
    "igd_plus": lambda F, **more: moo.igd_plus(F, np.ones((1, 2)), **more),
    "epsilon_additive": lambda F, **more: moo.epsilon_additive(F, np.ones((1, 2)), **more),
    "epsilon_multiplicative": lambda F, **more: moo.epsilon_multiplicative(
        F, np.ones((1, 2)), **more
    ),
    "r2": lambda F, **more: moo.r2(F, np.zeros(2), **more),
}


@pytest.fixture(params=CALLS)
def call(request):
    return CALLS[request.param]


WITHOUT_KERNEL = {"ParetoArchive", "by_preference", "by_trade_off"}


def test_every_function_is_here():
    assert set(CALLS) == set(moo.__all__) - WITHOUT_KERNEL


def test_threads_is_a_whole_number_from_one_on(call):
    for wrong in (2.5, "two", None):
        with pytest.raises(
            TypeError, match=r"^threads must be a whole number, got (2\.5|'two'|None)$"
        ):
            call(F, threads=wrong)
    for wrong in (0, -3, -(10**30)):
        with pytest.raises(ValueError, match=rf"^threads must be at least 1, got {wrong}$"):
            call(F, threads=wrong)
    for many in (np.int64(2), 10**30):
        np.testing.assert_array_equal(call(F, threads=many), call(F))


def test_rows_of_different_lengths_are_named(call):
    with pytest.raises(ValueError, match=r"^F must be an array or nested lists of one shape: "):
        call([[1, 2], [3]])


def test_nan_is_named_with_its_place(call):
    with pytest.raises(ValueError, match=r"^F must .*, got (NaN|nan) in row 1, column 0$"):
        call([[1, 2], [np.nan, 1], [0, 3]])


@pytest.mark.parametrize("wrong", [[["a", "b"]], [[1j, 2]], [[True, False]]])
def test_only_real_numbers_are_taken(call, wrong):
    with pytest.raises(TypeError, match=r"^F must hold real numbers, got dtype "):
        call(wrong)


def test_inputs_are_left_alone(call, frozen):
    values = frozen(F.copy())
    call(values)
    call(np.asfortranarray(values))
    np.testing.assert_array_equal(values, F)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_integers_that_float64_would_round_are_refused(call, dtype):
    values = np.array([[1, 2], [2, 1]], dtype=dtype)
    call(values)
    values[0, 1] = 2**53
    call(values)
    values[0, 1] += 1
    message = r"^F must hold integers up to 2\*\*53, got values from 1 to 9007199254740993$"
    with pytest.raises(ValueError, match=message):
        call(values)


@pytest.mark.parametrize("k", [1.5, "one", None])
def test_the_number_of_chosen_rows_is_whole(k):
    with pytest.raises(TypeError, match=r"^k must be a whole number, got "):
        moo.hypervolume_subset(F, k, REF)


@pytest.mark.parametrize("k", [4, -1, 10**30])
def test_more_rows_than_there_are_cannot_be_chosen(k):
    with pytest.raises(ValueError, match=rf"^k must be from 0 to the number of rows, 3, got {k}$"):
        moo.hypervolume_subset(F, k, REF)


@pytest.mark.parametrize(
    "volume",
    [
        moo.hypervolume,
        moo.hypervolume_contributions,
        lambda F, ref: moo.hypervolume_subset(F, 1, ref),
        lambda F, ref: moo.hypervolume_approx(F, ref, 100, 0),
        lambda F, ref: moo.hypervolume_contributions_approx(F, ref, 100, 0),
    ],
)
def test_volumes_have_at_most_a_thousand_objectives(volume):
    volume(np.zeros((2, 1000)), np.ones(1000))
    with pytest.raises(ValueError, match=r"^F must have at most 1000 columns, got more$"):
        volume(np.zeros((2, 1001)), np.ones(1001))


def test_weights_for_no_objectives_are_refused():
    with pytest.raises(ValueError, match=r"^F must have rows and columns, got shape \(3, 0\)$"):
        moo.r2(np.empty((3, 0)), [])


def test_an_archive_takes_whole_numbers_of_any_type():
    assert moo.ParetoArchive(np.uint8(2)).add(F).tolist() == [True, True, False]


@pytest.mark.parametrize("wrong", ["two", 2.0])
def test_an_archive_has_a_whole_number_of_objectives(wrong):
    with pytest.raises(TypeError, match=r"^n_objectives must be a whole number, got "):
        moo.ParetoArchive(wrong)
