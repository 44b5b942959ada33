"""The FBNet space: 22 layers, nine blocks each, as HW-NAS-Bench measures it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pyhwnas.errors import SpaceError
from pyhwnas.networks import (
    INPUT,
    Activation,
    BatchNorm,
    Conv,
    GlobalAvgPool,
    Linear,
    Op,
    Plan,
    Shape,
    Shuffle,
    Slot,
    Unit,
    chain,
)
from pyhwnas.spaces.base import Gene, IntMatrix, PlainSpace

__all__ = ["FBNet"]

SKIP = "skip"
BLOCKS = ("k3_e1", "k3_e1_g2", "k3_e3", "k3_e6", "k5_e1", "k5_e1_g2", "k5_e3", "k5_e6", SKIP)
STAGES = ((16, 1), (24, 4), (32, 4), (64, 4), (112, 4), (184, 4), (352, 1))
"""Channels and layers of each stage."""
N_LAYERS = sum(layers for _, layers in STAGES)
STEM = 16


@dataclass(frozen=True)
class FBNet(PlainSpace):
    """Twenty-two layers in seven stages, each one of nine blocks: 9^22, about 9.8e20, networks.

    Parameters
    ----------
    n_classes : int
        Outputs of the classifier: 100 for CIFAR-100, 1000 for ImageNet.
    resolution : int
        Input height and width in pixels. Below 64 the network is HW-NAS-Bench's for CIFAR-100:
        stem and second stage keep the size and the last convolution has 1504 channels; from 64
        on it is the original one for ImageNet, with 1984.

    Notes
    -----
    22 genes, all expressed, each an index into k3_e1, k3_e1_g2, k3_e3, k3_e6, k5_e1, k5_e1_g2,
    k5_e3, k5_e6, skip: kernel, expansion and groups of the two pointwise convolutions of an
    inverted bottleneck, with a channel shuffle after the first where there are two groups. A
    bottleneck that keeps its shape is residual. A skip is the identity where it can be, and
    otherwise a pointwise convolution with the layer's stride, normalised and rectified.

    The text form is HW-NAS-Bench's list of indices, with hyphens between them.

    References
    ----------
    Wu et al., 2019, https://doi.org/10.1109/CVPR.2019.01099;
    Li et al., 2021, https://openreview.net/forum?id=_0kaDkv3dVf

    Examples
    --------
    >>> from pyhwnas import networks
    >>> space = FBNet()
    >>> network = networks.build(space, space.from_str("-".join("8" * 22)))
    >>> sum(bool(block.unit.nodes) for block in network.blocks)  # stem, 6 changes of shape, head
    8
    """

    n_classes: int = 100
    resolution: int = 32
    name = "fbnet"
    genes = tuple(
        Gene(f"stage{stage}.layer{layer}", len(BLOCKS), group=(f"stage{stage}", f"layer{layer}"))
        for stage, (_, layers) in enumerate(STAGES, 1)
        for layer in range(1, layers + 1)
    )

    def __post_init__(self) -> None:
        if self.resolution < 8 or self.n_classes < 1:
            raise SpaceError(
                f"fbnet: expected a resolution of at least 8 and a positive number of classes, "
                f"got {self.resolution} and {self.n_classes}"
            )

    @cached_property
    def plan(self) -> Plan:
        """Stem, 22 layers, head: 24 slots in a row."""
        small = self.resolution < 64
        strides = (1, 1 if small else 2, 2, 2, 1, 2, 1)
        image: Shape = (3, self.resolution, self.resolution)
        relu, bn = Activation("relu"), BatchNorm()
        stem = chain(image, Conv(STEM, 3, stride=1 if small else 2), bn, relu)
        slots = [Slot("stem", (INPUT,), (stem,), group="stem")]
        shape = stem.out_shape
        for stage, ((channels, layers), first) in enumerate(zip(STAGES, strides, strict=True), 1):
            for layer in range(1, layers + 1):
                stride = first if layer == 1 else 1
                candidates = tuple(_block(block, shape, channels, stride) for block in BLOCKS)
                name = f"stage{stage}_layer{layer}"
                slots.append(Slot(name, (len(slots) - 1,), candidates, group=f"stage{stage}"))
                shape = candidates[0].out_shape
        last = Conv(1504 if small else 1984)
        head = chain(shape, last, bn, relu, GlobalAvgPool(), Linear(self.n_classes))
        slots.append(Slot("head", (len(slots) - 1,), (head,), group="head"))
        return Plan(tuple(slots))

    def choices(self, X: IntMatrix) -> npt.NDArray[np.int32]:
        """Choose the candidate in each slot, int32[n, 24]; see `Plan.unit_ids`."""
        choices = np.zeros((N_LAYERS + 2, len(X)), dtype=np.int32)
        choices[1:-1] = X.T
        return choices.T

    def from_str(self, text: str) -> npt.NDArray[np.int64]:
        """Read 22 indices with hyphens between them, or 22 names of blocks."""
        words = text.split("-")
        if set(words) <= set(BLOCKS):
            words = [str(BLOCKS.index(word)) for word in words]
        return super().from_str("-".join(words))


def _block(block: str, shape: Shape, channels: int, stride: int) -> Unit:
    relu, bn = Activation("relu"), BatchNorm()
    same = stride == 1 and shape[0] == channels
    if block == SKIP:
        return chain(shape) if same else chain(shape, Conv(channels, stride=stride), bn, relu)
    kernel, expansion, *rest = (int(word[1:]) for word in block.split("_"))
    groups = rest[0] if rest else 1
    hidden = shape[0] * expansion
    shuffle: list[Op] = [Shuffle(groups)] if groups > 1 else []
    return chain(
        shape,
        *(Conv(hidden, groups=groups), bn, relu, *shuffle),
        *(Conv(hidden, kernel, stride, groups=hidden), bn, relu),
        *(Conv(channels, groups=groups), bn),
        residual=same,
    )
