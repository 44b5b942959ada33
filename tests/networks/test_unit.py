from __future__ import annotations

import pytest

from pyhwnas import spaces
from pyhwnas.errors import SpaceError
from pyhwnas.networks import (
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    ChannelConv,
    Concat,
    Conv,
    Crop,
    GlobalAvgPool,
    Linear,
    MaxPool,
    Mul,
    Node,
    Op,
    Shuffle,
    Slice,
    Unit,
    chain,
    join,
    op,
)
from tests.networks.examples import JOINS, MAP, SMALL_SPACES, UNITS

OPS: list[Op] = [
    Conv(8),
    Conv(8, 3, stride=2),
    Conv(8, 5, stride=2, groups=4, dilation=2, bias=True),
    Conv(12, 3, dilation=3),
    Linear(10),
    Linear(10, bias=False),
    ChannelConv(5),
    BatchNorm(),
    MaxPool(2, 2),
    MaxPool(3, 1, 1),
    AvgPool(3, 2, 1),
    AvgPool(2),
    GlobalAvgPool(),
    Add(),
    Mul(),
    Concat(),
    Slice(7),
    Crop(1),
    Shuffle(2),
    Activation("relu"),
    Activation("relu6"),
    Activation("hswish"),
    Activation("hsigmoid"),
    Activation("sigmoid"),
    Activation("silu"),
    Activation("gelu"),
]


@pytest.mark.parametrize("operation", OPS, ids=str)
def test_text_of_an_operation_reads_back(operation: Op) -> None:
    assert op.parse(str(operation)) == operation


@pytest.mark.parametrize("text", ["", "conv", "conv8", "conv8k3x", "linear", "pool3", "RELU"])
def test_other_text_is_no_operation(text: str) -> None:
    with pytest.raises(SpaceError, match="unknown operation"):
        op.parse(text)


@pytest.mark.parametrize("name", SMALL_SPACES)
def test_keys_of_a_plan_read_back(name: str) -> None:
    for unit in SMALL_SPACES[name].plan.units:
        assert Unit.parse(unit.key) == unit


def test_keys_of_the_full_mobilenet_plan_read_back_and_are_distinct() -> None:
    units = spaces.MobileNetV3().plan.units
    assert len({unit.key for unit in units}) == len(units)
    assert all(Unit.parse(unit.key) == unit for unit in units)


@pytest.mark.parametrize("name", UNITS | JOINS)
def test_keys_of_units_read_back(name: str) -> None:
    unit = (UNITS | JOINS)[name]
    again = Unit.parse(unit.key)
    assert (again, hash(again), again.shapes) == (unit, hash(unit), unit.shapes)


@pytest.mark.parametrize("key", ["", "bn", "8x9x7 bn", "8xa: bn", "8x9x7: bn@x", "8x9x7: what"])
def test_other_text_is_no_unit(key: str) -> None:
    with pytest.raises(SpaceError):
        Unit.parse(key)


def test_unit_moves_to_another_size() -> None:
    unit = UNITS["stride"]
    assert unit.at([(8, 20, 20)]).out_shape == (6, 10, 10)
    assert unit.at([MAP]) is unit
    with pytest.raises(SpaceError):
        UNITS["depthwise"].at([(4, 9, 7)])


def test_candidates_that_differ_in_width_name_their_tensors_alike() -> None:
    narrow, wide = (chain(MAP, Conv(n, 3), BatchNorm(), Conv(n, 3, groups=n)) for n in (4, 8))
    assert narrow.tensor_names() == wide.tensor_names() == ("conv3_0", "bn_0", "groupconv3_0")


@pytest.mark.parametrize(
    ("inputs", "nodes", "words"),
    [
        ((), (), "at least one input"),
        ((MAP,), (Node(BatchNorm(), (1,)),), "only values 0..0"),
        ((MAP,), (Node(BatchNorm(), (-1,)),), "only values 0..0"),
        ((MAP,), (Node(Conv(6, 3, groups=3), (0,)),), "groups must divide"),
        ((MAP,), (Node(Conv(6, 3), (0, 0)),), "expected 1 input"),
        (((8,),), (Node(Conv(6, 3), (0,)),), "channels, height, width"),
        ((MAP,), (Node(MaxPool(8), (0,)),), "does not fit into"),
        ((MAP,), (Node(Linear(3), (0,)),), "1x1 map"),
        ((MAP,), (Node(ChannelConv(3), (0,)),), "1x1 map"),
        ((MAP,), (Node(Conv(6, 3, stride=0), (0,)),), "stride of at least 1, got 0"),
        ((MAP,), (Node(Conv(6, 3, groups=0), (0,)),), "groups of at least 1"),
        ((MAP,), (Node(AvgPool(3, padding=-1), (0,)),), "padding of at least 0"),
        ((MAP,), (Node(Conv(0, 3), (0,)),), "out of at least 1, got 0"),
        (((8, 0, 7),), (), "sizes of at least 1"),
        (((8, 1, 1),), (Node(ChannelConv(2), (0,)),), "odd kernel"),
        ((MAP,), (Node(Slice(9), (0,)),), "only 8 channels"),
        ((MAP,), (Node(Crop(7), (0,)),), "only 9x7"),
        ((MAP,), (Node(Shuffle(3), (0,)),), "groups must divide"),
        ((MAP, (4, 9, 7)), (Node(Add(), (0, 1)),), "of one shape"),
        ((MAP,), (Node(Add(), (0,)),), "two or more"),
        ((MAP, (8, 9, 6)), (Node(Concat(), (0, 1)),), "of one size"),
        ((MAP, (4, 1, 1)), (Node(Mul(), (0, 1)),), "does not fit"),
    ],
)
def test_what_does_not_fit_is_refused(inputs: object, nodes: object, words: str) -> None:
    with pytest.raises(SpaceError, match=words):
        Unit(inputs, nodes)  # type: ignore[arg-type]


def test_joining_one_tensor_does_nothing() -> None:
    assert join(Add(), [MAP]).nodes == ()
