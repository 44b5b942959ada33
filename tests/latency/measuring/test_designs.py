"""Units in their carriers compute what they should, and poolings cancel along a network."""

from __future__ import annotations

import pytest
from latency.toy import Toy

from pyhwnas.latency.measuring.designs import alone, in_carrier, in_chain
from pyhwnas.networks import (
    Activation,
    Add,
    Concat,
    Conv,
    GlobalAvgPool,
    Linear,
    Unit,
    chain,
    join,
    macs,
)
from pyhwnas.spaces import MobileNetV3, NASBench101, NASBench201


def _pools(unit):
    """Sizes of the maps that are pooled."""
    return [
        unit.shapes[node.inputs[0]] for node in unit.nodes if isinstance(node.op, GlobalAvgPool)
    ]


@pytest.mark.parametrize("space", [Toy(), NASBench201(), MobileNetV3((64,)), NASBench101()])
def test_the_difference_is_the_unit(space):
    for unit in space.plan.units:
        if unit.nodes:
            raw = unit.inputs == (unit.inputs[0],) and unit.inputs[0][0] == 3
            case = in_carrier(unit, raw=raw)
            assert macs(case.loaded) - macs(case.carrier) == macs(unit)
            assert Unit.parse(case.loaded.key) == case.loaded


def test_poolings_cancel_along_a_chain():
    space = MobileNetV3((64,))
    ids = space.unit_ids(space.smallest()[None], live=True)[0]
    units = [space.plan.units[i] for i in ids if space.plan.units[i].nodes]
    cases = [in_carrier(unit, raw=position == 0) for position, unit in enumerate(units)]
    plus = [size for case in cases for size in _pools(case.loaded)]
    minus = [size for case in cases for size in _pools(case.carrier)]
    own = [size for unit in units for size in _pools(unit)]
    assert sorted(minus) == sorted([(3, 64, 64), *_without(plus, own)])


def _without(sizes, some):
    rest = list(sizes)
    for size in some:
        rest.remove(size)
    return rest


def test_a_join_reads_one_carrier_for_each_shape():
    add = in_carrier(join(Add(), [(8, 4, 4)] * 3))
    assert len(add.carrier.inputs) == 1
    assert [str(node.op) for node in add.loaded.nodes] == ["conv8k1", "add", "gap"]
    concat = in_carrier(join(Concat(), [(8, 4, 4), (16, 4, 4)]))
    assert [str(node.op) for node in concat.carrier.nodes][:2] == ["conv8k1", "conv16k1"]


def test_vectors_come_as_they_are():
    case = in_carrier(Unit.parse("16: linear4b"))
    assert case.loaded.key == "16: linear4b"
    assert case.carrier is None


def test_a_chain_has_two_units_more_than_what_is_subtracted():
    block = chain((8, 4, 4), Conv(8, kernel=3, groups=8), Activation("relu"))
    case = in_chain(block, cold=True)
    assert case.copies == 2
    assert macs(case.loaded) - macs(case.carrier) == 2 * macs(block)
    assert [str(node.op) for node in case.loaded.nodes[1:-1]] == 3 * [
        str(node.op) for node in block.nodes
    ]
    assert len(case.graphs) == 2
    assert all(key.startswith("cold ") for key, _ in case.graphs)


@pytest.mark.parametrize(
    "unit", [join(Add(), [(8, 4, 4)] * 2), chain((8, 4, 4), Conv(16)), chain((16,), Linear(16))]
)
def test_what_cannot_follow_itself_is_timed_in_its_carrier(unit):
    case = in_chain(unit)
    if unit.inputs == (unit.out_shape,):
        assert case.copies == 2
    else:
        assert case == in_carrier(unit)


def test_alone_nothing_is_subtracted():
    unit = chain((8, 4, 4), Conv(16))
    assert alone(unit).graphs == ((unit.key, unit),)


def test_a_unit_that_is_nothing_but_the_pooling_costs_nothing():
    case = in_carrier(Unit.parse("16x8x8: gap"))
    assert case.loaded == case.carrier
    assert len(case.graphs) == 2
