"""Units in their carriers compute what they should, and poolings cancel along a network."""

from __future__ import annotations

import pytest
from latency.toy import Toy

from pyhwnas.latency.carrier import in_carrier
from pyhwnas.networks import Add, Concat, GlobalAvgPool, Unit, chain, join, macs
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
    assert case.carrier == chain((16,))
