import numpy as np
import pytest

from pyhwnas import _core


def by_definition(cost, ids):
    sums = np.zeros(len(ids))
    for column in ids.T:  # in this order, so that rounding is the same
        sums = sums + np.where(column < 0, 0.0, np.append(cost, 0.0)[column])
    return sums


@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (3, 0), (5000, 17)])
def test_adds_in_column_order_and_skips_the_absent(shape, threads, frozen):
    rng = np.random.default_rng(0)
    cost = frozen(rng.random(40))
    ids = frozen(rng.integers(-1, 40, shape).astype(np.int32))
    np.testing.assert_array_equal(_core.gather_sum(cost, ids, threads), by_definition(cost, ids))


def test_absent_ids_do_not_see_infinite_costs():
    ids = np.array([[-1, 0], [-1, 1]], dtype=np.int32)
    assert _core.gather_sum(np.array([np.inf, np.nan]), ids, 1)[0] == np.inf


@pytest.mark.parametrize("bad", [-2, 3, 2**31 - 1, -(2**31)])
def test_ids_out_of_range_are_named(bad):
    ids = np.zeros((4, 5), dtype=np.int32)
    ids[2, 3] = bad
    with pytest.raises(
        ValueError, match=f"ids must be -1 or less than 3, got {bad} in row 2, column 3"
    ):
        _core.gather_sum(np.ones(3), ids, 1)


def test_dtypes_are_never_converted_silently():
    with pytest.raises(TypeError, match="ids must have dtype int32, got int64"):
        _core.gather_sum(np.ones(3), np.zeros((1, 1), dtype=np.int64), 1)
    with pytest.raises(TypeError, match="cost must have dtype float64, got float32"):
        _core.gather_sum(np.ones(3, np.float32), np.zeros((1, 1), dtype=np.int32), 1)
