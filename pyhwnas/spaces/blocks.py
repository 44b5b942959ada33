"""Building blocks of convolutional networks by hand and by search, as units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from pyhwnas.networks import (
    Activation,
    Add,
    BatchNorm,
    ChannelConv,
    Conv,
    GlobalAvgPool,
    Mul,
    Node,
    Op,
    Shape,
    Unit,
)

__all__ = ["ECA", "SE", "Attention", "Block", "Bottleneck", "FusedMBConv", "MBConv", "Setting"]

BN, SIGMOID = BatchNorm(), Activation("sigmoid")


@dataclass(frozen=True, slots=True)
class SE:
    """Squeeze and excitation: a gate on each channel from the means of all of them.

    Parameters
    ----------
    of : {"input", "hidden"}
        The channels that are squeezed to a quarter: those that enter the block, as in
        EfficientNet, or those that are gated, as in MobileNetV3.
    divisor : int
        The result is rounded to a multiple of it.
    activation : Activation, optional
        After the squeeze; that of the block by default.
    gate : Activation
        At the end.

    References
    ----------
    Hu et al., 2018, https://doi.org/10.1109/CVPR.2018.00745
    """

    of: Literal["input", "hidden"] = "input"
    divisor: int = 1
    activation: Activation | None = None
    gate: Activation = SIGMOID
    word: ClassVar[str] = "se"

    def ops(self, channels: int, entering: int, activation: Activation) -> tuple[Op, ...]:
        """Return the operations from a map to its gate."""
        squeezed = round_channels((entering if self.of == "input" else channels) / 4, self.divisor)
        return (
            GlobalAvgPool(),
            Conv(squeezed, bias=True),
            self.activation or activation,
            Conv(channels, bias=True),
            self.gate,
        )


@dataclass(frozen=True, slots=True)
class ECA:
    """Efficient channel attention: a gate on each channel from its mean and its neighbours'.

    The kernel over the channels C is the odd number at or next above ``(log2(C) + 1) / 2``,
    rounded down first.

    References
    ----------
    Wang et al., 2020, https://doi.org/10.1109/CVPR42600.2020.01155
    """

    word: ClassVar[str] = "eca"

    def ops(self, channels: int, entering: int, activation: Activation) -> tuple[Op, ...]:
        """Return the operations from a map to its gate."""
        kernel = int((math.log2(channels) + 1) / 2) | 1
        return GlobalAvgPool(), ChannelConv(kernel), SIGMOID


Attention: TypeAlias = SE | ECA | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Everything about a block but its type.

    Parameters
    ----------
    out : int
        Channels that leave it.
    kernel : int
    expansion : float
        Inner channels over those that enter, or leave (see each block); rounded to a multiple
        of 8.
    stride : int
    attention : SE, ECA or None
    activation : Activation
    """

    out: int
    kernel: int
    expansion: float
    stride: int
    attention: Attention
    activation: Activation


@dataclass(frozen=True, slots=True)
class MBConv:
    """Inverted bottleneck: expand, depthwise, attention, project; a sum where shapes agree.

    Parameters
    ----------
    kernels : tuple of int
        To choose from.
    expansions : tuple of float
        Inner channels over those that enter, to choose from; 1 leaves the first step out.

    References
    ----------
    Sandler et al., 2018, https://doi.org/10.1109/CVPR.2018.00474
    """

    kernels: tuple[int, ...] = (3, 5, 7)
    expansions: tuple[float, ...] = (3, 4, 6)
    word: ClassVar[str] = "mb"

    @staticmethod
    def unit(shape: Shape, s: Setting) -> Unit:
        """Build the block for an input of a shape."""
        hidden = round_channels(shape[0] * s.expansion)
        path = _Path()
        if s.expansion != 1:
            path.add(Conv(hidden), BN, s.activation)
        path.add(Conv(hidden, s.kernel, s.stride, groups=hidden), BN, s.activation)
        path.attend(hidden, shape[0], s)
        path.add(Conv(s.out), BN)
        if _keeps(shape, s):
            path.join(Add(), 0, path.end)
        return path.unit(shape)


@dataclass(frozen=True, slots=True)
class FusedMBConv:
    """Inverted bottleneck whose first two steps are one convolution.

    Parameters
    ----------
    kernels : tuple of int
        To choose from.
    expansions : tuple of float
        Inner channels over those that enter, to choose from; at 1 that convolution is all, and
        its channels are those that leave.

    References
    ----------
    Tan and Le, 2021, https://doi.org/10.48550/arXiv.2104.00298
    """

    kernels: tuple[int, ...] = (3, 5)
    expansions: tuple[float, ...] = (1, 2, 4)
    word: ClassVar[str] = "fused"

    @staticmethod
    def unit(shape: Shape, s: Setting) -> Unit:
        """Build the block for an input of a shape."""
        hidden = s.out if s.expansion == 1 else round_channels(shape[0] * s.expansion)
        path = _Path()
        path.add(Conv(hidden, s.kernel, s.stride), BN, s.activation)
        path.attend(hidden, shape[0], s)
        if s.expansion != 1:
            path.add(Conv(s.out), BN)
        if _keeps(shape, s):
            path.join(Add(), 0, path.end)
        return path.unit(shape)


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """Residual bottleneck: reduce, convolve, expand, attention; a sum, then the activation.

    Where shapes differ the input is projected by a pointwise convolution with the block's stride.

    Parameters
    ----------
    kernels : tuple of int
        To choose from.
    expansions : tuple of float
        Inner channels over those that leave, to choose from.

    References
    ----------
    He et al., 2016, https://doi.org/10.1109/CVPR.2016.90
    """

    kernels: tuple[int, ...] = (3, 5)
    expansions: tuple[float, ...] = (1 / 4, 1 / 3, 1 / 2)
    word: ClassVar[str] = "res"

    @staticmethod
    def unit(shape: Shape, s: Setting) -> Unit:
        """Build the block for an input of a shape; the stride is that of the middle convolution."""
        hidden = round_channels(s.out * s.expansion)
        path = _Path()
        path.add(Conv(hidden), BN, s.activation)
        path.add(Conv(hidden, s.kernel, s.stride), BN, s.activation)
        path.add(Conv(s.out), BN)
        path.attend(s.out, shape[0], s)
        end, shortcut = path.end, 0
        if not _keeps(shape, s):
            path.join(Conv(s.out, stride=s.stride), 0)
            path.add(BN)
            shortcut = path.end
        path.join(Add(), shortcut, end)
        path.add(s.activation)
        return path.unit(shape)


Block: TypeAlias = MBConv | FusedMBConv | Bottleneck


def round_channels(value: float, divisor: int = 8) -> int:
    """Round to a multiple of `divisor`, never more than 10 % down."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


class _Path:
    """Collects the nodes of a unit with one input."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    @property
    def end(self) -> int:
        """Number of the last value."""
        return len(self.nodes)

    def add(self, *ops: Op) -> None:
        """Apply operations one after the other to the last value."""
        for op in ops:
            self.join(op, self.end)

    def join(self, op: Op, *sources: int) -> None:
        """Apply one operation to any values."""
        self.nodes.append(Node(op, sources))

    def attend(self, channels: int, entering: int, s: Setting) -> None:
        """Multiply the last value, of so many channels, by its gate, if there is one."""
        if s.attention is not None:
            source = self.end
            self.add(*s.attention.ops(channels, entering, s.activation))
            self.join(Mul(), source, self.end)

    def unit(self, shape: Shape) -> Unit:
        return Unit((shape,), tuple(self.nodes))


def _keeps(shape: Shape, s: Setting) -> bool:
    return s.stride == 1 and shape[0] == s.out
