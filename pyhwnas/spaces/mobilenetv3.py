"""The MobileNetV3 space of Once-for-All and MSuNAS."""

from __future__ import annotations

import re
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
    Plan,
    Shape,
    Slot,
    Unit,
    chain,
)
from pyhwnas.spaces.base import Gene, IntMatrix, PlainSpace, as_genotypes
from pyhwnas.spaces.blocks import SE, MBConv, Setting, round_channels

__all__ = ["MobileNetV3"]

DEPTHS = (2, 3, 4)
KERNELS = (3, 5, 7)
EXPANSIONS = (3, 4, 6)
LAYERS = 4


@dataclass(frozen=True, slots=True)
class _Stage:
    channels: int
    stride: int
    activation: Activation
    squeeze: bool


RELU, HSWISH = Activation("relu"), Activation("hswish")
GATE = SE("hidden", 8, RELU, Activation("hsigmoid"))
STAGES = (
    _Stage(24, 2, RELU, False),
    _Stage(40, 2, RELU, True),
    _Stage(80, 2, HSWISH, False),
    _Stage(112, 1, HSWISH, True),
    _Stage(160, 2, HSWISH, True),
)
GENES_PER_STAGE = 1 + 2 * LAYERS


@dataclass(frozen=True)
class MobileNetV3(PlainSpace):
    """Five stages of two to four inverted bottlenecks at a free input resolution.

    With all 17 resolutions the space has 7371^5 * 17, about 3.7e20, networks.

    Parameters
    ----------
    resolutions : tuple of int
        Input sizes in pixels to choose from, ascending.
    n_classes : int
        Outputs of the classifier.
    width : float
        Factor on all channels, which are rounded to multiples of 8; 1.0 and 1.2 are in use.

    Notes
    -----
    46 genes, all of them indices: for each stage its depth (2, 3, 4), then four kernels
    (3, 5, 7), then four expansion ratios (3, 4, 6); the resolution comes last. Kernels and
    ratios of layers beyond the depth are not expressed and are 0 in the canonical form.

    References
    ----------
    Cai et al., 2020, https://openreview.net/forum?id=HylxE1HKwS;
    Lu et al., 2020, https://doi.org/10.1007/978-3-030-58452-8_3

    Examples
    --------
    >>> import numpy as np
    >>> space = MobileNetV3(resolutions=(192, 224))
    >>> space.to_str(space.smallest())
    'r192:33-33-33-33-33:33-33-33-33-33'
    """

    resolutions: tuple[int, ...] = tuple(range(192, 257, 4))
    n_classes: int = 1000
    width: float = 1.0
    name = "mobilenetv3"

    def __post_init__(self) -> None:
        if not self.resolutions or list(self.resolutions) != sorted(set(self.resolutions)):
            raise SpaceError(
                f"resolutions: expected distinct ascending sizes in pixels, got {self.resolutions}"
            )
        if self.resolutions[0] < 32:
            raise SpaceError(f"resolutions: expected at least 32, got {self.resolutions[0]}")
        if self.n_classes < 1 or self.width <= 0:
            raise SpaceError("n_classes and width must be positive")

    @cached_property
    def genes(self) -> tuple[Gene, ...]:  # type: ignore[override]  # it is read-only here
        """Depth, kernels and expansions of five stages, then the resolution."""
        genes = []
        for stage in range(1, len(STAGES) + 1):
            group = f"stage{stage}"
            genes.append(Gene(f"{group}.depth", len(DEPTHS), True, (group,)))
            for kind, values in (("kernel", KERNELS), ("expansion", EXPANSIONS)):
                genes += [
                    Gene(f"{group}.{kind}{layer}", len(values), True, (group, f"layer{layer}"))
                    for layer in range(1, LAYERS + 1)
                ]
        genes.append(Gene("resolution", len(self.resolutions), True, ("resolution",)))
        return tuple(genes)

    @cached_property
    def plan(self) -> Plan:
        """Stem, first block, 5 x 4 layers, last expansion, head: 24 slots.

        A slot's candidates are listed by resolution, then by choice; in layers 3 and 4 the last
        choice is the identity, for stages that are not so deep.
        """
        shapes: list[Shape] = [(3, r, r) for r in self.resolutions]
        slots: list[Slot] = []

        def add(name: str, group: str, candidates: list[list[Unit]]) -> None:
            nonlocal shapes
            source = len(slots) - 1 if slots else INPUT
            units = tuple(unit for choices in candidates for unit in choices)
            slots.append(Slot(name, (source,), units, group=group))
            shapes = [choices[0].out_shape for choices in candidates]

        first = self._channels(16)
        stem = (Conv(first, 3, stride=2), BatchNorm(), HSWISH)
        add("stem", "stem", [[chain(s, *stem)] for s in shapes])
        block = (Conv(first, 3, groups=first), BatchNorm(), RELU, Conv(first), BatchNorm())
        add("first", "stem", [[chain(s, *block, residual=True)] for s in shapes])
        for number, stage in enumerate(STAGES, 1):
            for layer in range(1, LAYERS + 1):
                candidates = [self._layer(s, stage, layer) for s in shapes]
                add(f"stage{number}_layer{layer}", f"stage{number}", candidates)
        last = (Conv(self._channels(960)), BatchNorm(), HSWISH)
        add("expand", "head", [[chain(s, *last)] for s in shapes])
        mix = (GlobalAvgPool(), Conv(self._channels(1280)), HSWISH, Linear(self.n_classes))
        add("head", "head", [[chain(s, *mix)] for s in shapes])
        return Plan(tuple(slots))

    def _layer(self, shape: Shape, stage: _Stage, layer: int) -> list[Unit]:
        stride = stage.stride if layer == 1 else 1
        out = self._channels(stage.channels)
        units = [
            MBConv.unit(
                shape,
                Setting(
                    out=out,
                    kernel=kernel,
                    expansion=expansion,
                    stride=stride,
                    attention=GATE if stage.squeeze else None,
                    activation=stage.activation,
                ),
            )
            for kernel in KERNELS
            for expansion in EXPANSIONS
        ]
        return units if layer <= DEPTHS[0] else [*units, chain(shape)]

    def _channels(self, base: int) -> int:
        return round_channels(base * self.width)

    def choices(self, X: IntMatrix) -> npt.NDArray[np.int32]:
        """Choose the candidate in each slot, int32[n, 24]; see `Plan.unit_ids`."""
        genes = np.array(X.T, dtype=np.int32, order="C")
        stages, resolution = genes[:-1].reshape(len(STAGES), GENES_PER_STAGE, -1), genes[-1]
        depth, kernel, expansion = np.split(stages, [1, 1 + LAYERS], axis=1)
        block, n_blocks = kernel * len(EXPANSIONS) + expansion, len(KERNELS) * len(EXPANSIONS)
        layer = np.arange(LAYERS, dtype=np.int32)[:, None]
        # Layers that may be left out have one choice more.
        block = np.where(layer < depth + DEPTHS[0], block, n_blocks)
        block += resolution * (n_blocks + (layer >= DEPTHS[0]))
        choices = np.empty((len(self.plan.slots), len(X)), dtype=np.int32)
        choices[:] = resolution
        choices[2:-2] = block.reshape(-1, len(X))
        return choices.T

    def canonical(self, X: IntMatrix) -> IntMatrix:
        """Set kernels and expansions of layers beyond the depth to 0."""
        X = as_genotypes(self, X).copy()
        for stage in range(len(STAGES)):
            start = GENES_PER_STAGE * stage
            depth = X[:, start] + DEPTHS[0]
            for layer in range(DEPTHS[0], LAYERS):
                beyond = layer >= depth
                X[beyond, start + 1 + layer] = 0
                X[beyond, start + 1 + LAYERS + layer] = 0
        return X

    @property
    def n_genotypes(self) -> int:
        """Number of networks: 7371^5 at each resolution."""
        a_stage = sum((len(KERNELS) * len(EXPANSIONS)) ** depth for depth in DEPTHS)
        count: int = a_stage ** len(STAGES) * len(self.resolutions)
        return count

    def smallest(self) -> npt.NDArray[np.int64]:
        """Return the genotype with every gene at its minimum."""
        return np.zeros(len(self.genes), dtype=np.int64)

    def largest(self) -> npt.NDArray[np.int64]:
        """Return the genotype with every gene at its maximum."""
        return np.array([gene.n - 1 for gene in self.genes], dtype=np.int64)

    def to_str(self, x: npt.NDArray[np.int64]) -> str:
        """Write resolution, kernels and expansions, one digit a layer, one group a stage."""
        row = as_genotypes(self, np.atleast_2d(x))[0]
        kernels, expansions = [], []
        for genes in row[:-1].reshape(len(STAGES), GENES_PER_STAGE):
            depth = DEPTHS[genes[0]]
            kernels.append("".join(str(KERNELS[g]) for g in genes[1 : 1 + depth]))
            expansions.append("".join(str(EXPANSIONS[g]) for g in genes[1 + LAYERS :][:depth]))
        return f"r{self.resolutions[row[-1]]}:{'-'.join(kernels)}:{'-'.join(expansions)}"

    def from_str(self, text: str) -> npt.NDArray[np.int64]:
        """Read what `to_str` writes."""
        try:
            return self._parse(text)
        except ValueError:
            raise SpaceError(
                "mobilenetv3: expected 'r<resolution>:<kernels>:<expansions>' with a group of 2 to "
                f"4 digits for each of 5 stages, such as {self.to_str(self.smallest())!r} and a "
                f"resolution of {', '.join(map(str, self.resolutions))}; got {text!r}"
            ) from None

    def _parse(self, text: str) -> npt.NDArray[np.int64]:
        head, kernels, expansions = text.strip().split(":")
        match = re.fullmatch(r"r(\d+)", head)
        row: list[int] = []
        stages = list(zip(kernels.split("-"), expansions.split("-"), strict=True))
        if match is None or len(stages) != len(STAGES):
            raise ValueError(text)
        for ks, es in stages:
            if len(ks) != len(es):
                raise ValueError(text)
            padding = [0] * (LAYERS - len(ks))
            row.append(DEPTHS.index(len(ks)))
            row += [KERNELS.index(int(k)) for k in ks] + padding
            row += [EXPANSIONS.index(int(e)) for e in es] + padding
        row.append(self.resolutions.index(int(match[1])))
        return np.array(row, dtype=np.int64)
