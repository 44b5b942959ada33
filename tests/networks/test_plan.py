from __future__ import annotations

import numpy as np
import pytest

from pyhwnas import networks, spaces
from pyhwnas.errors import SpaceError
from pyhwnas.networks import (
    ABSENT,
    INPUT,
    Add,
    Block,
    Conv,
    GlobalAvgPool,
    Linear,
    Network,
    Plan,
    Slot,
    chain,
    unit_macs,
    unit_params,
)
from tests.networks.examples import MAP, UNITS

THROUGH = chain(MAP)
CONV = chain(MAP, Conv(8, 3))


def slot(name: str, *inputs: int) -> Slot:
    return Slot(name, inputs, (THROUGH, CONV))


@pytest.mark.parametrize(
    ("slots", "words"),
    [
        ((), "at least one slot"),
        ((slot("a", INPUT), slot("a", 0)), "distinct Python identifiers"),
        ((slot("a-b", INPUT),), "distinct Python identifiers"),
        ((slot("a", 0),), "must be earlier"),
        ((slot("a", -2),), "must be earlier"),
        ((slot("a", INPUT), slot("b", INPUT, 0)), "join=True"),
        ((slot("a", INPUT), Slot("b", (INPUT, 0), (THROUGH,), join=True)), "for each choice"),
        ((slot("a", INPUT), Slot("b", (0,), (chain((9, 9, 7)),))), "fits none of the shapes"),
    ],
)
def test_what_is_no_plan_is_refused(slots: tuple[Slot, ...], words: str) -> None:
    with pytest.raises(SpaceError, match=words):
        Plan(slots)


def diamond() -> Plan:
    """Two edges from the input to a sum, a third edge that leads nowhere."""
    return Plan(
        (
            slot("left", INPUT),
            slot("right", INPUT),
            slot("dead", INPUT),
            Slot.joining("sum", [0, 1], Add(), MAP),
        )
    )


def test_joins_take_what_is_there_and_dead_slots_leave_when_asked() -> None:
    plan = diamond()
    choices = [[1, 0, 1, 0], [ABSENT, 1, ABSENT, 0], [ABSENT, ABSENT, 1, 0]]
    keys = [
        ["" if i == ABSENT else plan.units[i].key for i in row] for row in plan.unit_ids(choices)
    ]
    conv, through, add = CONV.key, THROUGH.key, Slot.joining("s", [0, 1], Add(), MAP).candidates[1]
    assert keys == [
        [conv, through, conv, add.key],
        ["", conv, "", through],
        ["", "", conv, ""],
    ]
    live = plan.unit_ids(choices, live=True)
    assert (live[:, 2] == ABSENT).all()
    assert (live[2] == ABSENT).all()
    assert (live[:2, [0, 1, 3]] == plan.unit_ids(choices)[:2, [0, 1, 3]]).all()


def test_choices_of_another_shape_are_refused() -> None:
    with pytest.raises(SpaceError, match=r"expected \(n, 4\)"):
        diamond().unit_ids([[0, 0, 0]])


def test_choices_out_of_range_are_named() -> None:
    with pytest.raises(SpaceError, match=r"choices\[1, 2\]: slot dead takes at most 1, got 2"):
        diamond().unit_ids([[0, 0, 0, 0], [0, 0, 2, 0]])
    with pytest.raises(SpaceError, match=r"choices\[0, 3\]: slot sum takes at most 0, got 1"):
        diamond().unit_ids([[0, 0, 0, 1]])


def test_fingerprint_tells_plans_apart() -> None:
    other = Plan((*diamond().slots[:3], Slot.joining("sum", [0, 2], Add(), MAP)))
    assert diamond().fingerprint == diamond().fingerprint != other.fingerprint


SPACES = [
    spaces.MobileNetV3(resolutions=(64, 96), n_classes=10),
    spaces.NASBench101(),
    spaces.NASBench201(),
]


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_counts_of_a_population_equal_those_of_its_networks(space: spaces.Space) -> None:
    X = spaces.sample(space, 60, np.random.default_rng(11))
    ids = space.unit_ids(X, live=True)
    alive = ids[:, -1] != ABSENT
    assert alive.mean() > 0.9
    built = [networks.build(space, x) for x in X[alive]]
    for table, count in (
        (unit_macs(space.plan), networks.macs),
        (unit_params(space.plan), networks.params),
    ):
        totals = np.where(ids == ABSENT, 0, table[ids]).sum(axis=1)
        assert (totals[~alive] == 0).all()
        assert (totals[alive] == [count(network) for network in built]).all()


def test_a_row_without_a_path_is_not_built() -> None:
    with pytest.raises(SpaceError, match="no path"):
        networks.build(spaces.NASBench201(), [0] * 6)


def test_blocks_that_do_not_fit_are_no_network() -> None:
    a, b = Block("a", UNITS["pointwise"], (INPUT,)), Block("b", UNITS["stride"], (0,))
    with pytest.raises(SpaceError, match="does not fit what arrives"):
        Network((a, b))
    with pytest.raises(SpaceError, match="one input shape"):
        Network((a, Block("b", chain((5, 9, 7)), (INPUT,))))
    with pytest.raises(SpaceError, match="must do something"):
        Network((a, Block("b", chain(MAP), (INPUT,))))
    with pytest.raises(SpaceError):
        Network(())


def test_network_moves_to_another_size() -> None:
    network = Network.of(
        chain(MAP, Conv(4, 3, stride=2)), chain((4, 5, 4), GlobalAvgPool(), Linear(3))
    )
    moved = network.at((8, 32, 32))
    assert (moved.input_shape, moved.output_shape) == ((8, 32, 32), (3,))
    assert moved.names == network.names == ("unit0_conv3_0", "", "unit1_linear_0")
