"""Small modules made by hand, each with something that a score may trip over."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from pyhwnas import networks, spaces

SHAPE = (3, 8, 8)


def _head(channels: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 4)]


class Branches(nn.Module):
    """Concatenation, a strided depthwise convolution, max pooling, gates, functions."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.depthwise = nn.Conv2d(6, 6, 3, stride=2, padding=1, groups=6, bias=False)
        self.squeeze = nn.Conv2d(6, 2, 1)
        self.excite = nn.Conv2d(2, 6, 1)
        self.classifier = nn.Linear(12, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu6(self.norm(self.stem(x)))
        gate = functional.hardsigmoid(
            self.excite(functional.relu(self.squeeze(x.mean((2, 3), True))))
        )
        y = functional.hardswish(self.depthwise(x * gate))
        z = functional.max_pool2d(x, 3, 2, 1)
        joined = torch.cat([y, functional.silu(z)], 1)
        return self.classifier(functional.adaptive_avg_pool2d(joined, 1).flatten(1))


class Twice(nn.Module):
    """One convolution that runs twice, and two linear layers with one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 5, 3, padding=1)
        self.shared = nn.Conv2d(5, 5, 3, padding=1)
        self.left, self.right = nn.Linear(5, 4), nn.Linear(5, 4)
        self.right.weight = self.left.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.tanh(self.stem(x))
        x = torch.sigmoid(self.shared(functional.gelu(self.shared(x))))
        x = x.mean((2, 3))
        return self.left(x) + self.right(0.5 * x)


class InPlace(nn.Module):
    """Activations and sums that write into their arguments, and views of them."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.inner = nn.Conv2d(8, 8, 1)
        self.activation = nn.ReLU(inplace=True)
        self.classifier = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.activation(self.stem(x))
        y = nn.functional.hardswish(self.inner(x), inplace=True)
        left, right = y[:, :4], y[:, 4:]
        left.mul_(0.5)
        y += x
        y = y.view(len(y), 2, 4, 8, 8).transpose(1, 2).flatten(1, 2) + torch.cat([right, left], 1)
        return self.classifier(functional.avg_pool2d(y, 8).flatten(1))


class Dead(nn.Module):
    """A branch that the output does not depend on."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3)
        self.unused = nn.Conv2d(3, 4, 3)
        self.head = nn.Sequential(*_head(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.stem(x) + self.unused(x).mul(0.0))


class NoPath(nn.Module):
    """A convolution whose result is thrown away."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.stem(x)
        return x.new_ones((len(x), 4))


def plain() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(),
        nn.Conv2d(6, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), *_head(8),
    )  # fmt: skip


def group_norm() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.GroupNorm(2, 6), nn.ReLU(), nn.Conv2d(6, 6, 3), *_head(6)
    )


class LayerNormed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 4, stride=4)
        self.norm = nn.LayerNorm(6)
        self.mix = nn.Linear(6, 6)
        self.classifier = nn.Linear(6, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x).flatten(2).transpose(1, 2)
        return self.classifier((x + self.mix(self.norm(x))).mean(1))


class Softmaxed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 4, stride=4)
        self.classifier = nn.Linear(6, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x).flatten(2).transpose(1, 2)
        return self.classifier((x.mul(0.1).softmax(1) * x).mean(1))


class Negative(nn.Module):
    """A constant below zero."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3)
        self.head = nn.Sequential(*_head(6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(functional.relu(self.stem(x) - torch.ones(())))


class Uncounted(nn.Module):
    """Normalisation with the batch's own statistics, by a function."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3)
        self.head = nn.Sequential(*_head(6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.batch_norm(self.stem(x), None, None, training=True)
        return self.head(functional.relu(x))


POSITIVE: dict[str, Callable[[], nn.Module]] = {
    "plain": plain, "branches": Branches, "twice": Twice, "in_place": InPlace, "dead": Dead,
}  # fmt: skip
"""Modules in which nothing falls when a weight grows."""
SIGNED: dict[str, Callable[[], nn.Module]] = {
    "group_norm": group_norm,
    "instance_norm": lambda: nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.InstanceNorm2d(6), nn.ReLU(), *_head(6)
    ),
    "layer_norm": LayerNormed, "softmax": Softmaxed, "negative": Negative, "function": Uncounted,
}  # fmt: skip
"""Modules that mix signs."""


def make(build: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    """Build a module in float64 with weights that depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build().double()


SPACES = (
    spaces.NASBench201(resolution=8),
    spaces.NASBench101(resolution=8, stem_channels=5),
    spaces.DARTS(layers=3, channels=4, resolution=8),
    spaces.NASNet(layers=3, channels=4, resolution=8),
    spaces.NATSSize(resolution=8),
    spaces.MobileNetV3(resolutions=(64,), n_classes=10, width=0.35),
)


def _networks() -> Iterator[tuple[str, networks.Network]]:
    rng = np.random.default_rng(5)
    for space in SPACES:
        X = spaces.sample(space, 12, rng)
        network = networks.build(space, X[space.unit_ids(X, live=True)[:, -1] >= 0][0])
        shape = (3, 16, 16) if space.name == "mobilenetv3" else network.input_shape
        yield space.name, network.at(shape)


NETWORKS = dict(_networks())
"""A random network of each of several spaces."""
