"""The FBNet space against a torch model of its definition and the tables of HW-NAS-Bench."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyhwnas import networks, spaces
from pyhwnas.errors import SpaceError
from pyhwnas.networks import Conv, Shuffle
from pyhwnas.spaces.fbnet import BLOCKS, N_LAYERS
from tests.spaces.torch_counts import counts

CIFAR = spaces.FBNet()
IMAGENET = spaces.FBNet(n_classes=1000, resolution=224)
SKIP = BLOCKS.index("skip")
# From the paper's table 1: channels, layers, stride; the stem of CIFAR-100 and its second stage
# keep the size.
TABLE = [(16, 1, 1), (24, 4, 2), (32, 4, 2), (64, 4, 2), (112, 4, 1), (184, 4, 2), (352, 1, 1)]


def torch_model(space: spaces.FBNet, row: np.ndarray):
    nn = pytest.importorskip("torch").nn

    class Layer(nn.Module):
        def __init__(self, block: str, c: int, out: int, stride: int) -> None:
            super().__init__()
            self.residual = stride == 1 and c == out
            if block == "skip":
                changed = nn.Sequential(
                    nn.Conv2d(c, out, 1, stride, bias=False), nn.BatchNorm2d(out), nn.ReLU()
                )
                self.body = nn.Identity() if self.residual else changed
                self.residual = False
                return
            k, e = int(block[1]), int(block[4])
            g = 2 if block.endswith("g2") else 1
            self.body = nn.Sequential(
                nn.Conv2d(c, c * e, 1, groups=g, bias=False),
                nn.BatchNorm2d(c * e),
                nn.ReLU(),
                *([nn.ChannelShuffle(g)] if g > 1 else []),
                nn.Conv2d(c * e, c * e, k, stride, k // 2, groups=c * e, bias=False),
                nn.BatchNorm2d(c * e),
                nn.ReLU(),
                nn.Conv2d(c * e, out, 1, groups=g, bias=False),
                nn.BatchNorm2d(out),
            )

        def forward(self, x):
            return self.body(x) + x if self.residual else self.body(x)

    cifar = space.resolution == 32
    layers = [nn.Conv2d(3, 16, 3, 1 if cifar else 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    c, blocks = 16, [BLOCKS[v] for v in row]
    for number, (out, count, stride) in enumerate(TABLE):
        for i in range(count):
            s = stride if i == 0 and not (cifar and number == 1) else 1
            layers.append(Layer(blocks.pop(0), c, out, s))
            c = out
    last = 1504 if cifar else 1984
    layers += [nn.Conv2d(c, last, 1, bias=False), nn.BatchNorm2d(last), nn.ReLU()]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last, space.n_classes)]
    return nn.Sequential(*layers)


@pytest.mark.parametrize("space", [CIFAR, IMAGENET], ids=["cifar100", "imagenet"])
def test_counts_equal_those_of_a_torch_model_of_the_definition(space: spaces.FBNet) -> None:
    torch = pytest.importorskip("torch")
    each = np.repeat(np.arange(len(BLOCKS))[:, None], N_LAYERS, axis=1)
    for x in np.concatenate([each, spaces.sample(space, 2, np.random.default_rng(0))]):
        with torch.device("meta"):
            model = torch_model(space, x)
        network = networks.build(space, x)
        expected = counts(model, *network.input_shape)
        assert (networks.macs(network), networks.params(network)) == expected


def test_size_and_settings_are_the_published_ones() -> None:
    assert len(CIFAR.genes) == 22
    assert {gene.n for gene in CIFAR.genes} == {9}
    sizes = [networks.build(s, [0] * 22).blocks[-1].unit.inputs[0] for s in (CIFAR, IMAGENET)]
    assert sizes == [(352, 4, 4), (352, 7, 7)]


def test_fbnet_c_has_its_published_size() -> None:
    stages = (
        "k3_e1, k3_e6 skip k3_e1 k3_e1, k5_e6 k5_e3 k5_e6 k3_e6, k5_e6 k5_e3 k5_e6 k5_e6, "
        "k5_e6 k5_e6 k5_e6 k5_e3, k5_e6 k5_e6 k5_e6 k5_e6, k3_e6"
    )
    text = "-".join(stages.replace(",", "").split())
    network = networks.build(IMAGENET, IMAGENET.from_str(text))
    # 5.5 M and 375 M in the paper, 5.57 M in model collections.
    assert networks.params(network) == 5_572_200
    assert networks.macs(network) == 384_960_160


def test_skips_are_the_identity_where_shapes_allow_it() -> None:
    network = networks.build(CIFAR, [SKIP] * 22)
    changed = [block.name for block in network.blocks[1:-1] if block.unit.nodes]
    assert changed == [f"stage{stage}_layer1" for stage in range(2, 8)]
    unit = network.blocks[2].unit
    assert unit.key == "16x32x32: conv24k1 bn relu"


def test_grouped_blocks_shuffle_between_their_convolutions() -> None:
    unit = networks.build(CIFAR, [BLOCKS.index("k5_e1_g2")] * 22).blocks[6].unit
    groups = [node.op.groups for node in unit.nodes if isinstance(node.op, Conv)]
    assert groups == [2, 24, 2]
    assert Shuffle(2) in [node.op for node in unit.nodes]
    assert networks.label(unit) == "MBConv k5 e1 g2 s2"


def test_names_of_blocks_are_read_as_well_as_indices() -> None:
    row = np.arange(22) % 9
    assert (CIFAR.from_str("-".join(BLOCKS[v] for v in row)) == row).all()
    assert CIFAR.to_str(row) == "0-1-2-3-4-5-6-7-8-0-1-2-3-4-5-6-7-8-0-1-2-3"


@pytest.mark.parametrize("wrong", [{"resolution": 4}, {"n_classes": 0}])
def test_wrong_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SpaceError, match="fbnet: expected"):
        spaces.FBNet(**wrong)


@pytest.mark.data
def test_published_latencies_are_sums_over_units(data: Path) -> None:
    measured = np.load(data / "fbnet_latency_help.npz")
    table = np.load(data / "lut_fbnet_hwnasbench_recovered.npz")
    assert tuple(table["ops"]) == BLOCKS
    X = measured["arch"]
    ids = CIFAR.unit_ids(X)
    for device in ("raspi4", "pixel3", "eyeriss", "fpga"):
        of_layer = table[f"{device}_lut_minus_skip_ms"]
        of_unit = np.full(len(CIFAR.plan.units), np.nan)
        of_unit[ids[0, [0, -1]]] = 0.0
        for layer, slot in enumerate(CIFAR.plan.slots[1:-1]):
            for cost, unit in zip(of_layer[layer], slot.candidates, strict=True):
                number = CIFAR.plan.units.index(unit)
                # The same unit costs the same in each of its places.
                assert np.isnan(of_unit[number]) or abs(of_unit[number] - cost) < 2e-6
                of_unit[number] = cost
        predicted = table[f"{device}_const_ms"] + of_unit[ids].sum(axis=1)
        assert np.abs(predicted / measured[device] - 1).max() < 1e-6
