"""Backbones of convolutional networks: what is fixed, and what is left to choose.

In a published one nothing is left to choose.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyhwnas.errors import SpaceError
from pyhwnas.networks import Activation, BatchNorm, Conv, GlobalAvgPool, Linear, MaxPool, Op
from pyhwnas.spaces.blocks import (
    ECA,
    SE,
    Attention,
    Block,
    Bottleneck,
    FusedMBConv,
    MBConv,
    round_channels,
)

__all__ = [
    "CIFAR",
    "EFFICIENTNET_B0",
    "IMAGENET",
    "MOBILENET_V2",
    "MOBILENET_V3_LARGE",
    "RESNET_50",
    "Backbone",
    "Stage",
]

RELU, RELU6 = Activation("relu"), Activation("relu6")
HSWISH, SILU = Activation("hswish"), Activation("silu")
BN = BatchNorm()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Blocks with equal output: what may be chosen for all of them, and for each.

    Parameters
    ----------
    widths : tuple of int
        Output channels, ascending.
    depths : tuple of int
        Numbers of blocks, ascending.
    strides : tuple of int
        Of the first block: ``(1,)``, ``(2,)`` or both.
    blocks : tuple of MBConv, FusedMBConv or Bottleneck
        Types of block, each with its kernels and expansions.
    attentions : tuple of SE, ECA or None
    activation : Activation

    Raises
    ------
    SpaceError
        If there is nothing to choose from, or a choice appears twice.
    """

    widths: tuple[int, ...]
    depths: tuple[int, ...] = (1, 2, 3, 4)
    strides: tuple[int, ...] = (1, 2)
    blocks: tuple[Block, ...] = (MBConv(), FusedMBConv(), Bottleneck())
    attentions: tuple[Attention, ...] = (None, SE(), ECA())
    activation: Activation = RELU

    def __post_init__(self) -> None:
        lists: list[tuple[str, tuple[float, ...]]] = [
            ("widths", self.widths),
            ("depths", self.depths),
            *((f"{block.word}: kernels", block.kernels) for block in self.blocks),
            *((f"{block.word}: expansions", block.expansions) for block in self.blocks),
        ]
        for name, values in lists:
            if not values or list(values) != sorted(set(values)) or values[0] <= 0:
                raise SpaceError(f"{name}: expected positive ascending numbers, got {values}")
        if self.strides not in ((1,), (2,), (1, 2)):
            raise SpaceError(f"strides: expected (1,), (2,) or (1, 2), got {self.strides}")
        if any(kernel % 2 == 0 for block in self.blocks for kernel in block.kernels):
            raise SpaceError("kernels: expected odd numbers")
        for name, words in (
            ("blocks", [block.word for block in self.blocks]),
            ("attentions", [attention and attention.word for attention in self.attentions]),
        ):
            if not words or len(set(words)) < len(words):
                raise SpaceError(f"{name}: expected one or more of different types, got {words}")


@dataclass(frozen=True, slots=True)
class Backbone:
    """Stem, stages and head of a family of networks.

    Parameters
    ----------
    stem : tuple of Op
        From the image to the first stage.
    stages : tuple of Stage
    head : tuple of Op
        From the last stage to the classifier.
    reduction : int
        Product of the strides of all stages, a power of two.

    Raises
    ------
    SpaceError
        If there is no stage, or no choice of strides has that product.
    """

    stem: tuple[Op, ...]
    stages: tuple[Stage, ...]
    head: tuple[Op, ...]
    reduction: int

    def __post_init__(self) -> None:
        if not self.stages:
            raise SpaceError("stages: expected at least one, got none")
        least = sum(min(stage.strides) == 2 for stage in self.stages)
        most = sum(max(stage.strides) == 2 for stage in self.stages)
        if self.reduction not in [2**k for k in range(least, most + 1)]:
            raise SpaceError(
                f"reduction: the strides of these stages multiply to powers of two from "
                f"{2**least} to {2**most}, got {self.reduction}"
            )


def _free(base: int) -> Stage:
    widths = {round_channels(base * factor) for factor in (0.5, 0.75, 1.0, 1.25)}
    return Stage(widths=tuple(sorted(widths)))


STAGES = tuple(map(_free, (24, 40, 80, 112, 160)))
HEAD = (Conv(1280), BN, RELU, GlobalAvgPool())

IMAGENET = Backbone((Conv(16, 3, stride=2), BN, RELU), STAGES, HEAD, reduction=16)
"""Everything is left to choose; in all, the image is reduced 32 times."""

CIFAR = Backbone((Conv(16, 3), BN, RELU), STAGES, HEAD, reduction=4)
"""The same for small images, which are reduced 4 times."""


def _mb(
    width: int,
    stride: int,
    *,
    depth: int = 1,
    kernel: int = 3,
    expansion: float = 6,
    attention: Attention = None,
    activation: Activation = SILU,
) -> Stage:
    """Return a stage of equal inverted bottlenecks."""
    return Stage(
        widths=(width,),
        depths=(depth,),
        strides=(stride,),
        blocks=(MBConv((kernel,), (expansion,)),),
        attentions=(attention,),
        activation=activation,
    )


MOBILENET_V2 = Backbone(
    (Conv(32, 3, stride=2), BN, RELU6),
    (
        _mb(16, 1, expansion=1, activation=RELU6),
        _mb(24, 2, depth=2, activation=RELU6),
        _mb(32, 2, depth=3, activation=RELU6),
        _mb(64, 2, depth=4, activation=RELU6),
        _mb(96, 1, depth=3, activation=RELU6),
        _mb(160, 2, depth=3, activation=RELU6),
        _mb(320, 1, activation=RELU6),
    ),
    (Conv(1280), BN, RELU6, GlobalAvgPool()),
    reduction=16,
)
"""Sandler et al., 2018, https://doi.org/10.1109/CVPR.2018.00474, table 2."""

HARD = SE("hidden", 8, RELU, Activation("hsigmoid"))

MOBILENET_V3_LARGE = Backbone(
    (Conv(16, 3, stride=2), BN, HSWISH),
    (
        _mb(16, 1, expansion=1, activation=RELU),
        _mb(24, 2, expansion=4, activation=RELU),
        _mb(24, 1, expansion=3, activation=RELU),
        _mb(40, 2, depth=3, kernel=5, expansion=3, attention=HARD, activation=RELU),
        _mb(80, 2, activation=HSWISH),
        _mb(80, 1, expansion=2.5, activation=HSWISH),
        _mb(80, 1, depth=2, expansion=2.3, activation=HSWISH),
        _mb(112, 1, depth=2, attention=HARD, activation=HSWISH),
        _mb(160, 2, depth=3, kernel=5, attention=HARD, activation=HSWISH),
    ),
    (Conv(960), BN, HSWISH, GlobalAvgPool(), Linear(1280), HSWISH),
    reduction=16,
)
"""Howard et al., 2019, https://doi.org/10.1109/ICCV.2019.00140, table 1."""

EFFICIENTNET_B0 = Backbone(
    (Conv(32, 3, stride=2), BN, SILU),
    (
        _mb(16, 1, expansion=1, attention=SE()),
        _mb(24, 2, depth=2, attention=SE()),
        _mb(40, 2, depth=2, kernel=5, attention=SE()),
        _mb(80, 2, depth=3, attention=SE()),
        _mb(112, 1, depth=3, kernel=5, attention=SE()),
        _mb(192, 2, depth=4, kernel=5, attention=SE()),
        _mb(320, 1, attention=SE()),
    ),
    (Conv(1280), BN, SILU, GlobalAvgPool()),
    reduction=16,
)
"""Tan and Le, 2019, https://proceedings.mlr.press/v97/tan19a.html, table 1."""


def _res(width: int, stride: int, depth: int) -> Stage:
    return Stage(
        widths=(width,),
        depths=(depth,),
        strides=(stride,),
        blocks=(Bottleneck((3,), (1 / 4,)),),
        attentions=(None,),
        activation=RELU,
    )


RESNET_50 = Backbone(
    (Conv(64, 7, stride=2), BN, RELU, MaxPool(3, 2, 1)),
    (_res(256, 1, 3), _res(512, 2, 4), _res(1024, 2, 6), _res(2048, 2, 3)),
    (GlobalAvgPool(),),
    reduction=8,
)
"""He et al., 2016, https://doi.org/10.1109/CVPR.2016.90, table 1, with strides in the 3x3."""
