"""The primitive operations that every network here is made of.

An operation knows its own settings and nothing of its surroundings: shapes come in through
`out_shape`, so the same operation serves at any resolution. Its text form (`str(op)`) and
`parse` are inverse to each other; unit keys are made of these words.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias, get_args

from pyhwnas.errors import SpaceError

__all__ = [
    "Activation",
    "Add",
    "AvgPool",
    "BatchNorm",
    "ChannelConv",
    "Concat",
    "Conv",
    "Crop",
    "GlobalAvgPool",
    "Linear",
    "MaxPool",
    "Mul",
    "Op",
    "Shape",
    "Shuffle",
    "Slice",
    "check_numbers",
    "parse",
]

Shape: TypeAlias = tuple[int, ...]
"""``(channels, height, width)`` of a feature map or ``(features,)`` of a vector; no batch axis."""

ActivationKind: TypeAlias = Literal[
    "relu", "relu6", "hswish", "hsigmoid", "sigmoid", "silu", "gelu"
]


@dataclass(frozen=True, slots=True)
class Conv:
    """2-D convolution with square kernel; padding ``dilation * (kernel - 1) // 2``."""

    out: int
    kernel: int = 1
    stride: int = 1
    groups: int = 1
    dilation: int = 1
    bias: bool = False

    @property
    def padding(self) -> int:
        """Zeros on each side."""
        return self.dilation * (self.kernel - 1) // 2

    def out_shape(self, *inputs: Shape) -> Shape:
        """Return the shape of the result for inputs of these shapes."""
        channels, height, width = _one_map(self, inputs)
        if channels % self.groups or self.out % self.groups:
            raise SpaceError(
                f"{self}: groups must divide input and output channels; got {channels} input "
                f"channels and {self.groups} groups"
            )
        reach = self.dilation * (self.kernel - 1) + 1
        return (
            self.out,
            _windows(height, reach, self.stride, self.padding),
            _windows(width, reach, self.stride, self.padding),
        )

    def __str__(self) -> str:
        text = f"conv{self.out}k{self.kernel}"
        for letter, value in (("s", self.stride), ("g", self.groups), ("d", self.dilation)):
            text += f"{letter}{value}" if value != 1 else ""
        return text + ("b" if self.bias else "")


@dataclass(frozen=True, slots=True)
class Linear:
    """Fully connected layer on a vector (a 1x1 feature map is flattened)."""

    out: int
    bias: bool = True

    def out_shape(self, *inputs: Shape) -> Shape:
        """Return the shape of the result for inputs of these shapes."""
        (shape,) = _arity(self, inputs, 1)
        if len(shape) == 3 and shape[1:] != (1, 1):
            raise SpaceError(f"{self}: expected a vector or a 1x1 map, got {_show(shape)}")
        return (self.out,)

    def __str__(self) -> str:
        return f"linear{self.out}" + ("b" if self.bias else "")


@dataclass(frozen=True, slots=True)
class ChannelConv:
    """1-D convolution along the channels of a 1x1 map, one filter for all; the size is kept."""

    kernel: int

    def out_shape(self, *inputs: Shape) -> Shape:
        """Return the shape of the result for inputs of these shapes."""
        shape = _one_map(self, inputs)
        if shape[1:] != (1, 1) or self.kernel % 2 == 0:
            raise SpaceError(f"{self}: expected an odd kernel and a 1x1 map, got {_show(shape)}")
        return shape

    def __str__(self) -> str:
        return f"channelconv{self.kernel}"


@dataclass(frozen=True, slots=True)
class BatchNorm:
    """Batch normalisation with scale and shift, epsilon 1e-5."""

    def out_shape(self, *inputs: Shape) -> Shape:
        """Return the shape of the result for inputs of these shapes."""
        return _one_map(self, inputs)

    def __str__(self) -> str:
        return "bn"


@dataclass(frozen=True, slots=True)
class Activation:
    """Elementwise nonlinearity; ``hswish`` and ``hsigmoid`` as in MobileNetV3."""

    kind: ActivationKind

    def out_shape(self, *inputs: Shape) -> Shape:
        """Return the shape of the result for inputs of these shapes."""
        (shape,) = _arity(self, inputs, 1)
        return shape

    def __str__(self) -> str:
        return self.kind


@dataclass(frozen=True, slots=True)
class MaxPool:
    """Max pooling with square window."""

    kernel: int
    stride: int = 1
    padding: int = 0

    def out_shape(self, *inputs: Shape) -> Shape:
        """Return the shape of the result for inputs of these shapes."""
        return _pooled(self, inputs)

    def __str__(self) -> str:
        return _pool_text("maxpool", self)


@dataclass(frozen=True, slots=True)
class AvgPool:
    """Average pooling with square window; padding is excluded from the count."""

    kernel: int
    stride: int = 1
    padding: int = 0

    def out_shape(self, *inputs: Shape) -> Shape:
        """Return the shape of the result for inputs of these shapes."""
        return _pooled(self, inputs)

    def __str__(self) -> str:
        return _pool_text("avgpool", self)


@dataclass(frozen=True, slots=True)
class GlobalAvgPool:
    """Mean over height and width; the result is a 1x1 map."""

    def out_shape(self, *inputs: Shape) -> Shape:
        """Return the shape of the result for inputs of these shapes."""
        return (_one_map(self, inputs)[0], 1, 1)

    def __str__(self) -> str:
        return "gap"


@dataclass(frozen=True, slots=True)
class Add:
    """Sum of two or more tensors of one shape."""

    def out_shape(self, *inputs: Shape) -> Shape:
        """Return the shape of the result for inputs of these shapes."""
        if len(inputs) < 2 or len(set(inputs)) != 1:
            raise SpaceError(
                f"add: expected two or more inputs of one shape, got "
                f"{', '.join(map(_show, inputs)) or 'none'}"
            )
        return inputs[0]

    def __str__(self) -> str:
        return "add"


@dataclass(frozen=True, slots=True)
class Mul:
    """Product of a map and a gate: same shape, or ``(channels, 1, 1)`` broadcast over the map."""

    def out_shape(self, *inputs: Shape) -> Shape:
        """Return the shape of the result for inputs of these shapes."""
        shape, gate = _arity(self, inputs, 2)
        if gate not in (shape, (shape[0], 1, 1)):
            raise SpaceError(f"mul: gate {_show(gate)} does not fit {_show(shape)}")
        return shape

    def __str__(self) -> str:
        return "mul"


@dataclass(frozen=True, slots=True)
class Concat:
    """Concatenation along channels."""

    def out_shape(self, *inputs: Shape) -> Shape:
        """Return the shape of the result for inputs of these shapes."""
        if len(inputs) < 2 or len({shape[1:] for shape in inputs}) != 1:
            raise SpaceError(
                f"concat: expected two or more inputs of one size, got "
                f"{', '.join(map(_show, inputs)) or 'none'}"
            )
        return (sum(shape[0] for shape in inputs), *inputs[0][1:])

    def __str__(self) -> str:
        return "concat"


@dataclass(frozen=True, slots=True)
class Slice:
    """The first ``out`` channels."""

    out: int

    def out_shape(self, *inputs: Shape) -> Shape:
        """Return the shape of the result for inputs of these shapes."""
        channels, height, width = _one_map(self, inputs)
        if self.out > channels:
            raise SpaceError(f"{self}: the input has only {channels} channels")
        return (self.out, height, width)

    def __str__(self) -> str:
        return f"slice{self.out}"


@dataclass(frozen=True, slots=True)
class Crop:
    """Everything but the first ``offset`` rows and columns."""

    offset: int

    def out_shape(self, *inputs: Shape) -> Shape:
        """Return the shape of the result for inputs of these shapes."""
        channels, height, width = _one_map(self, inputs)
        if self.offset >= min(height, width):
            raise SpaceError(f"{self}: the input is only {height}x{width}")
        return (channels, height - self.offset, width - self.offset)

    def __str__(self) -> str:
        return f"crop{self.offset}"


@dataclass(frozen=True, slots=True)
class Shuffle:
    """Channels in equal groups, dealt out anew: the first of each group, then the second, ..."""

    groups: int

    def out_shape(self, *inputs: Shape) -> Shape:
        """Return the shape of the result for inputs of these shapes."""
        shape = _one_map(self, inputs)
        if shape[0] % self.groups:
            raise SpaceError(f"{self}: groups must divide the channels, got {shape[0]} channels")
        return shape

    def __str__(self) -> str:
        return f"shuffle{self.groups}"


Op: TypeAlias = (
    Conv
    | Linear
    | ChannelConv
    | BatchNorm
    | Activation
    | MaxPool
    | AvgPool
    | GlobalAvgPool
    | Add
    | Mul
    | Concat
    | Slice
    | Crop
    | Shuffle
)


@functools.lru_cache(maxsize=4096)
def check_numbers(op: Op) -> None:
    """Refuse an operation whose numbers are out of range, such as a stride of 0."""
    for about in fields(op):
        least = 0 if about.name in ("padding", "offset") else 1
        value = getattr(op, about.name)
        if type(value) is int and value < least:
            raise SpaceError(f"{op}: expected {about.name} of at least {least}, got {value}")


def parse(text: str) -> Op:
    """Read an operation back from its text form.

    Parameters
    ----------
    text : str
        For example ``"conv64k3s2"``, ``"bn"``, ``"avgpool3p1"``.

    Returns
    -------
    Op
        With ``str(parse(text)) == text``.

    Raises
    ------
    SpaceError
        If the text names no operation.

    Examples
    --------
    >>> parse("conv64k3s2")
    Conv(out=64, kernel=3, stride=2, groups=1, dilation=1, bias=False)
    """
    plain: dict[str, Op] = {
        "bn": BatchNorm(),
        "gap": GlobalAvgPool(),
        "add": Add(),
        "mul": Mul(),
        "concat": Concat(),
        **{kind: Activation(kind) for kind in get_args(ActivationKind)},
    }
    if text in plain:
        return plain[text]
    if m := re.fullmatch(r"conv(\d+)k(\d+)(?:s(\d+))?(?:g(\d+))?(?:d(\d+))?(b?)", text):
        out, kernel, stride, groups, dilation = (int(g or 1) for g in m.groups()[:5])
        return Conv(out, kernel, stride, groups, dilation, bool(m[6]))
    if m := re.fullmatch(r"linear(\d+)(b?)", text):
        return Linear(int(m[1]), bool(m[2]))
    if m := re.fullmatch(r"(maxpool|avgpool)(\d+)(?:s(\d+))?(?:p(\d+))?", text):
        pool = MaxPool if m[1] == "maxpool" else AvgPool
        return pool(int(m[2]), int(m[3] or 1), int(m[4] or 0))
    if m := re.fullmatch(r"(channelconv|slice|crop|shuffle)(\d+)", text):
        kinds: dict[str, type[ChannelConv | Slice | Crop | Shuffle]] = {
            "channelconv": ChannelConv,
            "slice": Slice,
            "crop": Crop,
            "shuffle": Shuffle,
        }
        return kinds[m[1]](int(m[2]))
    raise SpaceError(f"unknown operation {text!r}; expected a word such as 'conv64k3s2' or 'bn'")


def _windows(size: int, reach: int, stride: int, padding: int) -> int:
    count = (size + 2 * padding - reach) // stride + 1
    if count < 1:
        raise SpaceError(f"a window of {reach} does not fit into {size} (padding {padding})")
    return count


def _pooled(op: MaxPool | AvgPool, inputs: tuple[Shape, ...]) -> Shape:
    channels, height, width = _one_map(op, inputs)
    return (
        channels,
        _windows(height, op.kernel, op.stride, op.padding),
        _windows(width, op.kernel, op.stride, op.padding),
    )


def _pool_text(name: str, op: MaxPool | AvgPool) -> str:
    stride = f"s{op.stride}" if op.stride != 1 else ""
    padding = f"p{op.padding}" if op.padding else ""
    return f"{name}{op.kernel}{stride}{padding}"


def _arity(op: Op, inputs: tuple[Shape, ...], count: int) -> tuple[Shape, ...]:
    if len(inputs) != count:
        raise SpaceError(f"{op}: expected {count} input(s), got {len(inputs)}")
    return inputs


def _one_map(op: Op, inputs: tuple[Shape, ...]) -> tuple[int, int, int]:
    (shape,) = _arity(op, inputs, 1)
    if len(shape) != 3:
        raise SpaceError(f"{op}: expected a (channels, height, width) input, got {_show(shape)}")
    return shape[0], shape[1], shape[2]


def _show(shape: Shape) -> str:
    return "x".join(map(str, shape))
