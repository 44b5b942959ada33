"""The MobileNetV3 space's own facts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pyhwnas import networks
from pyhwnas.errors import SpaceError
from pyhwnas.spaces import MobileNetV3
from pyhwnas.spaces.mobilenetv3 import round_channels


def test_genes_resolutions_and_size_are_the_published_ones() -> None:
    space = MobileNetV3()
    assert len(space.genes) == 46
    assert space.resolutions == tuple(range(192, 257, 4))
    per_stage = sum(9**depth for depth in (2, 3, 4))
    assert per_stage == 7371
    assert math.isclose(per_stage**5 * len(space.resolutions), 3.7e20, rel_tol=0.01)


def test_smallest_and_largest_network() -> None:
    space = MobileNetV3(resolutions=(192, 224))
    assert space.to_str(space.largest()) == "r224:7777-7777-7777-7777-7777:6666-6666-6666-6666-6666"
    small = networks.build(space, space.smallest())
    large = networks.build(space, space.largest())
    assert small.input_shape == (3, 192, 192)
    assert large.input_shape == (3, 224, 224)
    # 2 stem blocks, 10 or 20 layers, 2 in the head; skipped layers are the identity.
    assert sum(bool(block.unit.nodes) for block in small.blocks) == 14
    assert sum(bool(block.unit.nodes) for block in large.blocks) == 24
    assert networks.params(large) == 7_664_760


def test_layers_beyond_the_depth_are_not_expressed() -> None:
    space = MobileNetV3()
    x = space.largest()
    x[0] = 0
    canonical = space.canonical(x[None])[0]
    assert canonical[[3, 4, 7, 8]].tolist() == [0, 0, 0, 0]
    assert canonical[[1, 2, 5, 6]].tolist() == [2, 2, 2, 2]


def test_channels_round_to_multiples_of_eight() -> None:
    assert [round_channels(c) for c in (3, 12, 16 * 1.2, 24 * 1.2, 40 * 0.75)] == [
        8,
        16,
        24,
        32,
        32,
    ]


@pytest.mark.parametrize("resolutions", [(), (224, 192), (192, 192), (8,)])
def test_wrong_resolutions_are_refused(resolutions: tuple[int, ...]) -> None:
    with pytest.raises(SpaceError, match="resolutions: expected"):
        MobileNetV3(resolutions=resolutions)


def test_any_set_of_resolutions_keeps_the_cell_choices() -> None:
    space = MobileNetV3(resolutions=(64, 100, 160))
    X = np.repeat(space.smallest()[None], 3, axis=0)
    X[:, -1] = [0, 1, 2]
    sizes = [networks.build(space, x).input_shape[1] for x in X]
    assert sizes == [64, 100, 160]
