"""The hierarchical space: published networks as its backbones, its two encodings, its units."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pyhwnas import networks, spaces
from pyhwnas.errors import SpaceError
from pyhwnas.networks import ChannelConv, Conv
from pyhwnas.spaces import Hierarchical, backbones
from pyhwnas.spaces.backbones import Backbone, Stage
from pyhwnas.spaces.blocks import ECA, SE, Bottleneck, FusedMBConv, MBConv
from tests.spaces.torch_backbones import torch_model
from tests.spaces.torch_counts import counts

SPACE = Hierarchical(resolutions=(64,))
CIFAR = Hierarchical(resolutions=(32,), n_classes=10)
FLAT = Hierarchical(resolutions=(32,), n_classes=10, flat=True)

# Parameters and giga multiply-accumulates as torchvision's model cards give them (``num_params``
# and ``_ops`` of MobileNet_V2_Weights, MobileNet_V3_Large_Weights, EfficientNet_B0_Weights and
# ResNet50_Weights).
PUBLISHED = {
    "MOBILENET_V2": (3_504_872, 0.301),
    "MOBILENET_V3_LARGE": (5_483_032, 0.217),
    "EFFICIENTNET_B0": (5_288_548, 0.386),
    "RESNET_50": (25_557_032, 4.089),
}


def published(name: str) -> networks.Network:
    space = Hierarchical(resolutions=(224,), backbone=getattr(backbones, name))
    assert spaces.sizes(space).prod() == 1
    return networks.build(space, np.zeros(len(space.genes), dtype=np.int64))


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_networks_have_their_published_size(name: str) -> None:
    network = published(name)
    params, gmacs = PUBLISHED[name]
    assert networks.params(network) == params
    assert round(networks.macs(network) / 1e9, 3) == gmacs


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_networks_are_counted_as_torch_models_of_their_papers(name: str) -> None:
    torch = pytest.importorskip("torch")
    with torch.device("meta"):
        model = torch_model(name)
    network = published(name)
    assert (networks.macs(network), networks.params(network)) == counts(model, 3, 224, 224)


def test_genes_and_size() -> None:
    assert len(SPACE.genes) == 96
    per_stage = sum(63**depth for depth in range(1, 5))
    widths = [len(stage.widths) for stage in SPACE.stages]
    assert widths == [3, 4, 4, 4, 4]
    assert per_stage**5 * 3 * 4**4 * 5 == pytest.approx(4e39, rel=0.02)
    assert {gene.group for gene in SPACE.genes if gene.name.startswith("stage2.kernel3")} == {
        ("stage2", "stage2.3")
    }
    assert {gene.group for gene in FLAT.genes} == {()}


@pytest.mark.parametrize(("space", "total"), [(SPACE, 4), (CIFAR, 2), (FLAT, 2)])
def test_strides_are_repaired_by_the_fewest_changes(space: Hierarchical, total: int) -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(0, spaces.sizes(space), (4000, len(space.genes)))
    strides = [i for i, gene in enumerate(space.genes) if gene.name.endswith("stride")]
    fixed = space.repair(X, rng)[:, strides]
    assert (fixed.sum(axis=1) == total).all()
    changed = (fixed != X[:, strides]).sum(axis=1)
    assert (changed == np.abs(X[:, strides].sum(axis=1) - total)).all()
    # No stage is preferred.
    assert np.abs(fixed.mean(axis=0) - total / 5).max() < 0.03


def test_rows_that_are_not_valid_have_no_network() -> None:
    X = np.zeros((2, len(SPACE.genes)), dtype=np.int64)
    assert not SPACE.valid(X).any()
    assert (SPACE.unit_ids(X) == networks.ABSENT).all()
    with pytest.raises(SpaceError, match="no path"):
        networks.build(SPACE, X[0])


def test_kernels_that_a_type_does_not_have_count_on_from_the_first() -> None:
    x = CIFAR.from_str("r32:24s2-fused3e4:40s2-res5e0.25:80s1-mb7e6:112s1-mb3e3:160s1-mb3e3")
    other = x.copy()
    kernel = next(i for i, gene in enumerate(CIFAR.genes) if gene.name == "stage1.kernel1")
    assert other[kernel] == 0
    other[kernel] = 2
    assert (CIFAR.canonical(other[None])[0] == x).all()
    assert (CIFAR.unit_ids(other[None]) == CIFAR.unit_ids(x[None])).all()


def test_both_encodings_write_the_same_networks() -> None:
    rng = np.random.default_rng(1)
    assert FLAT.plan.fingerprint == CIFAR.plan.fingerprint
    for one, other in ((CIFAR, FLAT), (FLAT, CIFAR)):
        X = spaces.sample(one, 100, rng)
        texts = [one.to_str(x) for x in X]
        Y = np.array([other.from_str(text) for text in texts])
        assert [other.to_str(y) for y in Y] == texts
        assert (other.unit_ids(Y) == one.unit_ids(X)).all()
        assert (other.identity(Y) == one.identity(X)).all()


def test_gaps_of_flat_rows_close_up_and_empty_stages_are_repaired() -> None:
    rng = np.random.default_rng(2)
    X = rng.integers(0, spaces.sizes(FLAT), (500, len(FLAT.genes)))
    kinds = [i for i, gene in enumerate(FLAT.genes) if ".type" in gene.name]
    X[:100, kinds] = 0
    assert not FLAT.valid(X[:100]).any()
    fixed = FLAT.repair(X, rng)
    assert (fixed[:100, kinds].reshape(100, 5, 4) > 0).sum(axis=2).tolist() == [[1] * 5] * 100
    there = FLAT.canonical(fixed)[:, kinds].reshape(500, 5, 4) > 0
    assert (np.diff(there.astype(int), axis=2) <= 0).all()
    assert (there.sum(axis=2) == (fixed[:, kinds].reshape(500, 5, 4) > 0).sum(axis=2)).all()


def test_blocks_may_belong_to_either_of_two_stages() -> None:
    blocks = ("24s2-mb3e3-mb5e4", "24s1-mb3e6"), ("24s2-mb3e3", "24s1-mb5e4-mb3e6")
    backbone = Backbone(
        backbones.CIFAR.stem, (Stage(widths=(24,)),) * 2, backbones.CIFAR.head, reduction=2
    )
    space = Hierarchical(resolutions=(32,), backbone=backbone)
    X = np.array([space.from_str(":".join(("r32", *pair))) for pair in blocks])
    assert (X[0] != X[1]).any()
    assert space.identity(X)[0] == space.identity(X)[1]
    assert len(set(space.identity(spaces.sample(space, 500, np.random.default_rng(3))))) > 490


def test_plan_lists_only_what_can_be_chosen() -> None:
    space = Hierarchical(resolutions=(32, 40), backbone=_small(), n_classes=10)
    rows = np.stack(np.meshgrid(*map(np.arange, spaces.sizes(space)), indexing="ij"), -1)
    X = np.unique(space.canonical(rows.reshape(-1, len(space.genes))), axis=0)
    X = X[space.valid(X)]
    ids = space.unit_ids(X)
    assert set(ids.ravel().tolist()) == set(range(len(space.plan.units)))
    assert len(np.unique(ids, axis=0)) == len(X)


def _small() -> Backbone:
    first = Stage(
        widths=(8, 16),
        depths=(1, 2),
        blocks=(MBConv((3,), (1, 2)), FusedMBConv((3,), (1,))),
        attentions=(None,),
    )
    second = Stage(
        widths=(16,), depths=(1,), blocks=(Bottleneck((3,), (0.5,)),), attentions=(ECA(),)
    )
    return Backbone((Conv(8, 3),), (first, second), (networks.GlobalAvgPool(),), reduction=2)


@pytest.mark.parametrize("flat", [False, True])
def test_genotypes_are_counted(flat: bool) -> None:
    for reduction in (2, 4):
        backbone = dataclasses.replace(_small(), reduction=reduction)
        space = Hierarchical(resolutions=(16,), backbone=backbone, flat=flat)
        X = np.array(list(np.ndindex(*spaces.sizes(space))))
        X = X[space.valid(X)]
        assert len(np.unique(space.canonical(X), axis=0)) == space.n_genotypes


@pytest.mark.parametrize(
    ("channels", "kernel"), [(8, 3), (16, 3), (64, 3), (128, 5), (256, 5), (512, 5), (2048, 7)]
)
def test_eca_kernels_are_the_published_ones(channels: int, kernel: int) -> None:
    ops = ECA().ops(channels, 8, networks.Activation("relu"))
    assert ops[1] == ChannelConv(kernel)


def test_small_images_get_a_backbone_that_reduces_them_less() -> None:
    assert SPACE.backbone is backbones.IMAGENET
    assert CIFAR.backbone is backbones.CIFAR
    for space, side in ((SPACE, 2), (CIFAR, 8)):
        x = spaces.sample(space, 1, np.random.default_rng(4))[0]
        assert networks.build(space, x).blocks[-1].unit.inputs[0][1:] == (side, side)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"resolutions": ()}, "resolutions: expected distinct ascending"),
        ({"resolutions": (224, 192)}, "resolutions: expected distinct ascending"),
        ({"resolutions": (32, 224)}, "name a backbone"),
        ({"resolutions": (4,)}, "at least 8"),
        ({"n_classes": 0}, "positive number of classes"),
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        Hierarchical(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"widths": ()}, "widths: expected positive ascending"),
        ({"widths": (24, 16)}, "widths: expected positive ascending"),
        ({"depths": (0, 1)}, "depths: expected positive ascending"),
        ({"strides": (1, 3)}, "strides: expected"),
        ({"blocks": ()}, "blocks: expected one or more"),
        ({"blocks": (MBConv(), MBConv((3,)))}, "blocks: expected one or more of different types"),
        ({"blocks": (MBConv((4,)),)}, "odd"),
        ({"blocks": (MBConv(expansions=()),)}, "expansions: expected"),
        ({"attentions": (SE(), SE("hidden"))}, "attentions: expected one or more of different"),
    ],
)
def test_wrong_stages_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        Stage(**{"widths": (16,), **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize("reduction", [0, 3, 8])
def test_reductions_that_no_strides_have_are_refused(reduction: int) -> None:
    with pytest.raises(SpaceError, match="reduction: "):
        Backbone((), (Stage(widths=(8,)),) * 2, (), reduction)
    with pytest.raises(SpaceError, match="stages: expected"):
        Backbone((), (), (), 1)
