"""Published latency tables over the MobileNetV3 space as objectives, to the last digit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from pyhwnas import _core
from pyhwnas._describe import Json, describe
from pyhwnas.benchmarks.finite import Light
from pyhwnas.benchmarks.sources import OFA_I7, OFA_NOTE10
from pyhwnas.benchmarks.tables import Array, PathLike, find
from pyhwnas.errors import BenchmarkError
from pyhwnas.history import Floats, Ints, Sense
from pyhwnas.networks import Activation, Conv, Linear, Mul, Shape, Unit
from pyhwnas.problem import Cost
from pyhwnas.spaces import MobileNetV3
from pyhwnas.spaces.mobilenetv3 import (
    DEPTHS,
    EXPANSIONS,
    GENES_PER_STAGE,
    KERNELS,
    LAYERS,
    STAGES,
)

__all__ = ["READERS", "Milliseconds", "TableLatency", "layer_choices"]

Device: TypeAlias = Literal["note10", "i7-8700K"]
N_LAYERS = LAYERS * len(STAGES)
CHOICES = len(KERNELS) * len(EXPANSIONS)
BEFORE = 2  # slots before the first stage: stem and first block


def layer_choices(space: MobileNetV3, X: Ints) -> Ints:
    """Return each layer's choice, kernel first: int64[n, 20] in 0..8, -1 beyond the depth."""
    genes = space.canonical(X)[:, :-1].reshape(len(X), len(STAGES), GENES_PER_STAGE)
    kernel, expansion = genes[..., 1 : 1 + LAYERS], genes[..., 1 + LAYERS :]
    present = np.arange(LAYERS) < genes[..., :1] + DEPTHS[0]
    choice = np.where(present, kernel * len(EXPANSIONS) + expansion, -1)
    return choice.reshape(len(X), N_LAYERS)


@dataclass(frozen=True)
class TableLatency(Light):
    """Latency by a published table of units, summed over the network.

    Parameters
    ----------
    space : MobileNetV3
        Of width 1.2 and resolutions from 160 to 224 in steps of 4 for the Note10; of width 1.0 or
        1.2 and up to 256 for the i7-8700K.
    device : {"note10", "i7-8700K"}
        Samsung Note10 (Once-for-All), or a desktop CPU (MSuNAS). `published_table` has the same
        numbers as a `LatencyTable`, by unit.
    path : path, optional
        The table's file, or the folder that it is in; `PYHWNAS_DATA` if left out.

    References
    ----------
    Cai et al., 2020, https://openreview.net/forum?id=HylxE1HKwS;
    Lu et al., 2020, https://doi.org/10.1007/978-3-030-58452-8_3
    """

    space: MobileNetV3
    device: Device
    path: PathLike | None = None
    unit: ClassVar[str] = "ms"
    sense: ClassVar[Sense] = "min"
    cost: ClassVar[Cost] = "cheap"

    def __post_init__(self) -> None:
        if self.device not in READERS:
            raise ValueError(f"device: expected {' or '.join(READERS)}, got {self.device!r}")

    @property
    def name(self) -> str:
        """The device and ``latency_ms``."""
        return f"{self.device.partition('-')[0]}_latency_ms"

    @cached_property
    def _ms(self) -> Floats:
        """Costs by resolution: what all networks have, then 20 layers of 9 choices."""
        source, reader = READERS[self.device]
        table = find(source, self.path)
        entries = reader(table)
        try:
            return np.array([self._of(row, entries) for row in range(len(self.space.resolutions))])
        except KeyError as error:
            raise BenchmarkError(
                f"{table.path}: has no entry {error}, which a network of width "
                f"{self.space.width} needs; choose the space's width and resolutions so that the "
                "table has all of it"
            ) from None

    def _of(self, row: int, entries: Callable[[int], Milliseconds]) -> list[float]:
        """List the costs at one resolution."""
        ms = entries(self.space.resolutions[row])
        slots = self.space.plan.slots
        layers = slots[BEFORE : BEFORE + N_LAYERS]
        costs = [sum(ms(slot.candidates[row]) for slot in slots if slot not in layers)]
        for slot in layers:
            count = len(slot.candidates) // len(self.space.resolutions)
            costs += map(ms, slot.candidates[row * count :][:CHOICES])
        return costs

    def __call__(self, X: Ints) -> Floats:
        """Add up the table for whole populations, float64[n]."""
        choice = layer_choices(self.space, X)
        width = 1 + N_LAYERS * CHOICES
        start = X[:, -1:] * width
        layers = start + 1 + np.arange(N_LAYERS) * CHOICES + choice
        ids = np.concatenate([start, np.where(choice >= 0, layers, -1)], axis=1)
        ms: Floats = _core.gather_sum(self._ms.ravel(), ids.astype(np.int32), 1)
        return ms

    def describe(self) -> Json:
        """Describe the costs by their checksum."""
        return {
            "type": "pyhwnas.benchmarks.TableLatency",
            "device": self.device,
            "ms": describe(self._ms),
        }


Milliseconds: TypeAlias = Callable[[Unit], float]


def _note10(table: Mapping[str, Array]) -> Callable[[int], Milliseconds]:
    """Read Once-for-All's table: one part for each resolution, hidden channels in the keys."""
    entries = dict(
        zip(zip(table["resolution"], table["key"], strict=True), table["mean_ms"], strict=True)
    )

    def at(resolution: int) -> Milliseconds:
        return lambda unit: sum(entries[float(resolution), key] for key in _note10_keys(unit))

    return at


def _i7(table: Mapping[str, Array]) -> Callable[[int], Milliseconds]:
    """Read MSuNAS' table: one part for all resolutions, expansion ratios in the keys."""
    entries = dict(zip(table["key"], table["mean_ms"], strict=True))
    return lambda _resolution: lambda unit: sum(entries[key] for key in _i7_keys(unit))


READERS = {"note10": (OFA_NOTE10, _note10), "i7-8700K": (OFA_I7, _i7)}
"""By device its file, and what makes of that a unit's latency in networks of a resolution."""


def _note10_keys(unit: Unit) -> tuple[str, ...]:
    """Name the entries that add up to a unit of the space."""
    source, result = unit.inputs[0], unit.out_shape
    convolutions = [node.op for node in unit.nodes if isinstance(node.op, Conv)]
    linear = [node.op for node in unit.nodes if isinstance(node.op, Linear)]
    if linear:
        pooled, mixed = (source[0], 1, 1), (convolutions[0].out, 1, 1)
        return (
            f"AvgPool2D-{_ends(source, pooled)}",
            f"Conv_2-{_ends(pooled, mixed)}",
            f"Logits-input:{_shape(mixed)}-output:{linear[0].out}",
        )
    if len(convolutions) == 1:
        name = "Conv" if source[0] == 3 else "Conv_1"
        return (f"{name}-{_ends(source, result)}",)
    block = _Block(unit)
    return (
        f"expanded_conv-{_ends(source, result)}-expand:{block.hidden}-kernel:{block.kernel}"
        f"-stride:{block.stride}-idskip:{block.residual:d}-se:{block.squeeze:d}"
        f"-hs:{block.hswish:d}",
    )


def _i7_keys(unit: Unit) -> tuple[str, ...]:
    """Name the entries that add up to a unit of the space."""
    source, result = unit.inputs[0], unit.out_shape
    convolutions = [node.op for node in unit.nodes if isinstance(node.op, Conv)]
    linear = [node.op for node in unit.nodes if isinstance(node.op, Linear)]
    if linear:
        mixed = convolutions[0].out
        return (
            f"feature_mix_layer-{_ends((source[0], 1, 1), (mixed, 1, 1))}",
            f"classifier-input:{mixed}-output:{linear[0].out}",
        )
    if len(convolutions) == 1:
        name = "first_conv" if source[0] == 3 else "final_expand_layer"
        return (f"{name}-{_ends(source, result)}",)
    block = _Block(unit)
    return (
        f"MBConv-{_ends(source, result)}-expand:{block.expansion}-kernel:{block.kernel}"
        f"-stride:{block.stride}-idskip:{block.residual:d}-se:{block.squeeze:d}",
    )


def _ends(source: Shape, result: Shape) -> str:
    return f"input:{_shape(source)}-output:{_shape(result)}"


def _shape(shape: Shape) -> str:
    channels, height, width = shape
    return f"{height}x{width}x{channels}"


class _Block:
    """What tables say of an inverted bottleneck."""

    def __init__(self, unit: Unit) -> None:
        source = unit.inputs[0]
        ops = [node.op for node in unit.nodes]
        depthwise = next(op for op in ops if isinstance(op, Conv) and op.groups > 1)
        self.hidden = depthwise.out
        self.expansion = min((1, *EXPANSIONS), key=lambda e: abs(e * source[0] - self.hidden))
        self.kernel, self.stride = depthwise.kernel, depthwise.stride
        self.residual = self.stride == 1 and source == unit.out_shape
        self.squeeze = any(isinstance(op, Mul) for op in ops)
        self.hswish = Activation("hswish") in ops
