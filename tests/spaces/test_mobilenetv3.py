"""The MobileNetV3 space's own facts."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyhwnas import networks, spaces
from pyhwnas.errors import SpaceError
from pyhwnas.networks import Conv, Mul, Unit
from pyhwnas.spaces import MobileNetV3
from pyhwnas.spaces.mobilenetv3 import round_channels
from tests.spaces.torch_counts import counts

# The paper's widths, as the authors round them: stem, five stages, last expansion, last mixing.
WIDTHS = {
    1.0: (16, 24, 40, 80, 112, 160, 960, 1280),
    1.2: (24, 32, 48, 96, 136, 192, 1152, 1536),
}
STAGES = [(2, "ReLU", False), (2, "ReLU", True), (2, "Hardswish", False)]
STAGES += [(1, "Hardswish", True), (2, "Hardswish", True)]
WIDE = MobileNetV3(resolutions=(64, 100), n_classes=7, width=1.2)


def torch_model(space: MobileNetV3, row: np.ndarray) -> Any:
    """Write down the network of a row from the tables of its paper."""
    from torch import nn

    stem, *stages, last, mixed = WIDTHS[space.width]

    def eight(c: float) -> int:
        nearest = max(8, int(c + 4) // 8 * 8)
        return nearest if nearest >= 0.9 * c else nearest + 8

    def conv(c: int, out: int, act: str, k: int = 1, s: int = 1, groups: int = 1) -> list[Any]:
        layers = [nn.Conv2d(c, out, k, s, k // 2, groups=groups, bias=False), nn.BatchNorm2d(out)]
        return [*layers, getattr(nn, act)()] if act else layers

    class Gate(nn.Module):
        def __init__(self, c: int) -> None:
            super().__init__()
            less = eight(c / 4)
            self.body = nn.Sequential(
                nn.AdaptiveAvgPool2d(1),
                nn.Conv2d(c, less, 1),
                nn.ReLU(),
                nn.Conv2d(less, c, 1),
                nn.Hardsigmoid(),
            )

        def forward(self, x: Any) -> Any:
            return x * self.body(x)

    layers = conv(3, stem, "Hardswish", 3, 2)
    layers += [*conv(stem, stem, "ReLU", 3, groups=stem), *conv(stem, stem, "")]
    c = stem
    for out, (stride, act, gated), genes in zip(
        stages, STAGES, row[:-1].reshape(5, 9), strict=True
    ):
        for layer in range(2 + genes[0]):
            k, hidden = 3 + 2 * genes[1 + layer], eight(c * (3, 4, 6)[genes[5 + layer]])
            layers += conv(c, hidden, act)
            layers += conv(hidden, hidden, act, int(k), stride if layer == 0 else 1, hidden)
            layers += [*([Gate(hidden)] if gated else []), *conv(hidden, out, "")]
            c = out
    layers += [*conv(c, last, "Hardswish"), nn.AdaptiveAvgPool2d(1)]
    layers += [nn.Conv2d(last, mixed, 1, bias=False), nn.Hardswish(), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(mixed, space.n_classes))


@pytest.mark.parametrize("width", WIDTHS)
def test_counts_equal_those_of_a_torch_model_of_the_definition(width: float) -> None:
    torch = pytest.importorskip("torch")
    space = MobileNetV3(resolutions=(64, 100), n_classes=7, width=width)
    drawn = spaces.sample(space, 3, np.random.default_rng(0))
    for row in [space.smallest(), space.largest(), *drawn]:
        with torch.device("meta"):
            model = torch_model(space, row)
        network = networks.build(space, row)
        size = space.resolutions[row[-1]]
        assert network.input_shape == (3, size, size)
        assert (networks.macs(network), networks.params(network)) == counts(model, 3, size, size)


def test_genes_resolutions_and_size_are_the_published_ones() -> None:
    space = MobileNetV3()
    assert len(space.genes) == 46
    assert space.resolutions == tuple(range(192, 257, 4))
    assert space.n_genotypes == space.n_networks == 7371**5 * 17
    assert WIDE.n_networks == 7371**5 * 2


@pytest.mark.data
@pytest.mark.parametrize("width", WIDTHS)
def test_units_are_those_of_a_published_latency_table(data: Path, width: float) -> None:
    with gzip.open(data / "lut_ofa_mbv3_i7-8700K.csv.gz", "rt") as file:
        published = {row["key"] for row in csv.DictReader(file)}
    plan = MobileNetV3(width=width).plan
    keys = {_key(unit) for slot in plan.slots[2:-2] for unit in slot.candidates if unit.nodes}
    assert keys <= published
    assert len(keys) > 500


def _key(unit: Unit) -> str:
    """Name a block as the table does."""
    (c, h, w), (out, out_h, out_w) = unit.inputs[0], unit.out_shape
    convs = [node.op for node in unit.nodes if isinstance(node.op, Conv)]
    gated = any(isinstance(node.op, Mul) for node in unit.nodes)
    expand = round(convs[0].out / c)
    assert convs[0].out == round_channels(c * expand)
    return (
        f"MBConv-input:{h}x{w}x{c}-output:{out_h}x{out_w}x{out}-expand:{expand}-"
        f"kernel:{convs[1].kernel}-stride:{convs[1].stride}-"
        f"idskip:{int(unit.inputs[0] == unit.out_shape)}-se:{int(gated)}"
    )


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
