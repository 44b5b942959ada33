"""ICD: how far apart an untrained network keeps a handful of images.

Every layer turns an image into signs. Intra-cluster distance is the mean distance of the images'
sign vectors from their centre. Units run one by one through ONNX Runtime with weights that
depend on the slot alone, so a unit is set up once and serves every network that has it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from pyhwnas import _core
from pyhwnas._optional import require
from pyhwnas.errors import SpaceError
from pyhwnas.networks import (
    ABSENT,
    INPUT,
    Activation,
    AvgPool,
    BatchNorm,
    Block,
    ChannelConv,
    Conv,
    GlobalAvgPool,
    Linear,
    MaxPool,
    Network,
    Unit,
    place,
)
from pyhwnas.networks.onnx import to_onnx
from pyhwnas.networks.weights import Weights, tensors
from pyhwnas.spaces import Space

__all__ = ["ICD", "icd"]

Tensor = npt.NDArray[np.float32]

SIGN_KEEPING = ("relu", "relu6", "hswish", "silu", "gelu")
"""Activations that are positive exactly where their input is."""


class _SignSums(NamedTuple):
    """What the distances need of a block of sign bits, summable over blocks.

    For image i: `positives` counts its bits that are set, `shared` counts for each of them the
    images that share it.
    """

    positives: npt.NDArray[np.int64]
    shared: npt.NDArray[np.int64]

    @classmethod
    def of(cls, values: Tensor) -> _SignSums:
        return cls(*_core.sign_statistics(values.reshape(len(values), -1), 1))

    def __add__(self, other: object) -> _SignSums:
        if not isinstance(other, _SignSums):
            return NotImplemented
        return _SignSums(self.positives + other.positives, self.shared + other.shared)

    def times(self, count: int) -> _SignSums:
        return _SignSums(self.positives * count, self.shared * count)

    def mean_distance(self) -> float:
        """Mean over images of the Euclidean distance between a code and the mean code."""
        n = len(self.positives)
        squared = self.positives - 2.0 * self.shared / n + self.shared.sum() / n**2
        return float(np.sqrt(np.maximum(squared, 0.0)).mean())


def icd(network: Network, images: Tensor, *, seed: int = 0, threads: int = 1) -> float:
    """Compute the intra-cluster distance of one network; see `ICD`."""
    return _Forward(images, seed, threads).run(network.blocks)


@dataclass(frozen=True, eq=False)
class ICD:
    """Intra-cluster distance of sign codes on a fixed batch of images, as an objective.

    A code has one bit (value > 0) for every element that enters a convolution, linear layer,
    batch normalisation, activation or pooling, once for each of them. The network has He-normal
    weights, shared between networks by slot, and batch normalisation uses the statistics of the
    batch.

    Parameters
    ----------
    space : Space
        A space with a plan.
    images : ndarray of float32, shape (n_images, channels, height, width)
        At least two images. Every network sees them at this size, whatever resolution its genes
        say, since the distance grows with the number of elements. See `proxies.images`.
    seed : int
        Seed of the weights.
    threads : int
        Threads of ONNX Runtime.

    Notes
    -----
    Higher is better. The score is NaN where no path leads from input to output. Sums over bits
    are exact integers; ``d_i^2 = p_i - 2 s_i / N + sum(s) / N^2`` with p_i the bits set for image
    i and s_i the same bits counted over all images.

    References
    ----------
    Mokhtari et al., 2022, https://doi.org/10.1109/IJCNN55064.2022.9892956

    Examples
    --------
    >>> import numpy as np
    >>> from pyhwnas import spaces
    >>> space = spaces.NASBench201(resolution=8)
    >>> images = np.random.default_rng(0).standard_normal((4, 3, 8, 8), dtype=np.float32)
    >>> ICD(space, images)(np.array([[3, 1, 0, 2, 0, 1]])).shape
    (1,)
    """

    space: Space
    images: Tensor
    seed: int = 0
    threads: int = 1
    _forward: _Forward = field(init=False, repr=False, compare=False)
    name: ClassVar[str] = "icd"
    unit: ClassVar[str] = ""
    sense: ClassVar[Literal["min", "max"]] = "max"
    cost: ClassVar[Literal["cheap", "expensive"]] = "expensive"

    def __post_init__(self) -> None:
        if self.space.plan is None:
            raise SpaceError(f"icd: space {self.space.name} has no plan to read")
        images = np.array(self.images, dtype=np.float32)
        channels = self.space.plan.slots[0].candidates[0].inputs[0][0]
        if images.ndim != 4 or len(images) < 2 or images.shape[1] != channels:
            raise ValueError(
                f"images: expected (n >= 2, {channels}, height, width), got {images.shape}"
            )
        if not np.isfinite(images).all():
            raise ValueError("images: expected finite values, got NaN or infinity")
        images.flags.writeable = False
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "_forward", _Forward(images, self.seed, self.threads))

    def __reduce__(self) -> tuple[type[ICD], tuple[Space, Tensor, int, int]]:
        """Pickle the settings; sessions are set up again where it is used."""
        return ICD, (self.space, self.images, self.seed, self.threads)

    def __call__(self, X: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Score genotypes, float64[n]."""
        plan = self.space.plan
        assert plan is not None
        scores = np.full(len(X), np.nan)
        for row, ids in enumerate(self.space.unit_ids(X, live=True)):
            if ids[-1] != ABSENT:
                scores[row] = self._forward.run(place(plan, ids))
        return scores


class _Probe(NamedTuple):
    """A unit ready to run, and how often the bits of each of its results count."""

    session: Any
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    counts: tuple[int, ...]
    on_input: tuple[int, ...]


class _Forward:
    """Runs blocks on fixed images and keeps the units that it has set up."""

    def __init__(self, images: Tensor, seed: int, threads: int) -> None:
        self.images = images
        self.seed = seed
        self.threads = threads
        self.probes: dict[tuple[str, str], _Probe] = {}

    def run(self, blocks: tuple[Block, ...]) -> float:
        values: dict[int, Tensor] = {INPUT: self.images}
        signs: dict[int, _SignSums] = {}
        last_use = {source: i for i, block in enumerate(blocks) for source in block.inputs}
        zeros = np.zeros(len(self.images), dtype=np.int64)
        total = _SignSums(zeros, zeros)
        for number, block in enumerate(blocks):
            arriving = [values[source] for source in block.inputs]
            if not block.unit.nodes:
                values[number] = arriving[0]
                continue
            probe = self._probe(block, arriving)
            for source, count in zip(block.inputs, probe.on_input, strict=True):
                if count:
                    if source not in signs:
                        signs[source] = _SignSums.of(values[source])
                    total += signs[source].times(count)
            feeds = dict(zip(probe.inputs, arriving, strict=True))
            values[number], *inner = probe.session.run(probe.outputs, feeds)
            for tensor, count in zip(inner, probe.counts, strict=True):
                total += _SignSums.of(tensor).times(count)
            for source in block.inputs:
                if last_use[source] == number:
                    values.pop(source, None)
                    signs.pop(source, None)
        return total.mean_distance()

    def _probe(self, block: Block, arriving: list[Tensor]) -> _Probe:
        unit = block.unit.at([tensor.shape[1:] for tensor in arriving])
        key = (block.name, unit.key)
        if key not in self.probes:
            self.probes[key] = self._set_up(block.name, unit)
        return self.probes[key]

    def _set_up(self, slot: str, unit: Unit) -> _Probe:
        runtime = require("onnxruntime", extra="search")
        counts = _bit_counts(unit)
        first = len(unit.inputs)
        exposed = [value for value in range(first, len(unit.shapes)) if counts[value]]
        model = to_onnx(
            unit, _weights(slot, unit, self.seed), batch_statistics=True, expose=exposed
        )
        options = runtime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # One arena for each of hundreds of sessions would hold gigabytes.
        options.enable_cpu_mem_arena = False
        session = runtime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return _Probe(
            session,
            tuple(value.name for value in session.get_inputs()),
            ("output", *(f"value{value}" for value in exposed)),
            tuple(counts[value] for value in exposed),
            tuple(counts[:first]),
        )


def _bit_counts(unit: Unit) -> list[int]:
    """Count for each value how many operations read its signs.

    An activation that keeps signs has the bits of its input, so its readers count there.
    """
    counts = [0] * len(unit.shapes)
    bits_of = list(range(len(unit.shapes)))
    for number, node in enumerate(unit.nodes, len(unit.inputs)):
        source = node.inputs[0]
        match node.op:
            case Activation(kind=kind):
                counts[bits_of[source]] += 1
                if kind in SIGN_KEEPING:
                    bits_of[number] = bits_of[source]
            case (
                Conv()
                | Linear()
                | ChannelConv()
                | BatchNorm()
                | MaxPool()
                | AvgPool()
                | GlobalAvgPool()
            ):
                counts[bits_of[source]] += 1
    return counts


def _weights(slot: str, unit: Unit, seed: int) -> Weights:
    """Make a unit's weights as `weights.initial` makes them for a network with it in the slot."""
    weights: Weights = {}
    for node, name in zip(unit.nodes, unit.tensor_names(), strict=True):
        if name:
            made = tensors(node.op, unit.shapes[node.inputs[0]], f"{slot}_{name}", seed=seed)
            weights |= {tensor.removeprefix(f"{slot}_"): value for tensor, value in made.items()}
    return weights
