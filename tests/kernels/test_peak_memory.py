"""The most that is alive at once, against a set of buffers, on every space."""

from __future__ import annotations

import numpy as np
import pytest
from reference.memory_by_definition import peak_elements

from pyhwnas import _core, spaces
from pyhwnas.networks import Add, Concat, Plan, Slot, Unit, build, join

SPACES = [
    spaces.NASBench201(),
    spaces.NASBench101(),
    spaces.MobileNetV3((64, 96)),
    spaces.DARTS(),
    spaces.FBNet(),
    spaces.Hierarchical(),
    spaces.NATSSize(),
]


def _peaks(plan, ids, threads=1):
    return _core.peak_memory(plan.program, np.asarray(ids, dtype=np.int32), threads)


def _alone(key):
    plan = Plan((Slot("only", (-1,), (Unit.parse(key),)),))
    return _peaks(plan, [[0]])[0]


@pytest.mark.parametrize(
    ("key", "peak"),
    [
        ("3x4x4: conv8k1", (3 + 8) * 16),
        ("3x4x4: conv8k1 bn relu", (3 + 8) * 16),  # both in place
        ("3x4x4: conv8k1 conv2k1", (8 + 3) * 16),
        ("3x4x4: conv2k1 conv8k1", (2 + 8) * 16),  # the input is gone by then
        ("3x4x4: conv3k1 conv9k1 conv3k1 add@0@3", (3 + 3 + 9 + 0) * 16),  # the input waits
        ("4x4x4: relu relu@0 add@1@2", 3 * 4 * 16),  # the first may not overwrite the input
        ("4x4x4: relu", 4 * 16),
        ("4x4x4: conv4k1 conv8k1@1 conv4k1@1", (4 + 8) * 16),  # a result nobody reads goes at once
    ],
)
def test_small_graphs_by_hand(key, peak):
    assert _alone(key) == peak == peak_elements(Unit.parse(key))


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_networks_of_every_space(space):
    X = spaces.sample(space, 6, np.random.default_rng(3))
    ids = np.ascontiguousarray(space.unit_ids(X, live=True))
    found = _peaks(space.plan, ids)
    for x, row, peak in zip(X, ids, found, strict=True):
        if row[-1] < 0:
            assert np.isnan(peak)
        else:
            assert peak == peak_elements(build(space, x).graph)


def test_threads_and_neighbours_change_nothing(threads, frozen):
    space = spaces.NASBench201()
    ids = frozen(np.ascontiguousarray(space.unit_ids(space.all()[::40], live=True)))
    together = _peaks(space.plan, ids, threads)
    apart = np.concatenate([_peaks(space.plan, row[None]) for row in ids])
    np.testing.assert_array_equal(together, apart)


def test_a_tensor_that_passes_an_identity_is_the_same_tensor():
    shape = (2, 3, 3)
    stem, skip = Unit.parse("3x3x3: conv2k1"), Unit.parse("2x3x3:")
    plan = Plan(
        (
            Slot("stem", (-1,), (stem,)),
            Slot("skip", (0,), (skip, Unit.parse("2x3x3: conv2k1"))),
            Slot.joining("sum", (0, 1), Add(), shape),
            Slot("out", (2,), (Unit.parse("2x3x3: conv1k1"),)),
        )
    )
    ids = plan.unit_ids([[0, 0, 0, 0], [0, 1, 0, 0], [0, -1, 0, 0]])
    # One map, read twice, and the sum; then the map, its convolution and the sum; then one map.
    assert _peaks(plan, ids).tolist() == [45, 54, 45]


def test_rows_without_a_path_and_bad_rows():
    join_of = join(Concat(), [(1, 2, 2), (1, 2, 2)])
    plan = Plan(
        (
            Slot("a", (-1,), (Unit.parse("1x2x2: relu"),)),
            Slot("b", (-1,), (Unit.parse("1x2x2: relu"),)),
            Slot("c", (0, 1), (join_of,)),
        )
    )
    assert np.isnan(_peaks(plan, [[0, -1, 1], [0, 0, -1]])).all()
    with pytest.raises(ValueError, match="unit_ids must be -1 or less than 2, got 2 in row 0"):
        _peaks(plan, [[0, 0, 2]])
    with pytest.raises(ValueError, match="gets more inputs than the 1 its unit takes"):
        _peaks(plan, [[0, 0, 0]])
    assert len(_peaks(plan, np.empty((0, 3), dtype=np.int32))) == 0
