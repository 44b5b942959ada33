"""How published programs score networks without training, written plainly in torch.

Each score builds its network, as those programs do for every architecture, copies it where they
do, installs hooks where they do, and differentiates with autograd. Definitions: zero-cost-nas
(Abdelfattah et al., 2021, arXiv:2101.08134), nas-without-training (Mellor et al., 2021,
arXiv:2006.04647), FreeREA (Cavagnero et al., 2023, doi.org/10.1109/WACV56688.2023.00154).
"""

from __future__ import annotations

import copy
import types
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

__all__ = [
    "Network",
    "agreement",
    "naswot_hooks",
    "naswot_hooks_and_backward",
    "snip",
    "synflow",
    "synflow_of_a_copy",
]

Build: TypeAlias = Callable[[], nn.Module]
"""Makes the network, which is part of the time that a score takes."""

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))


class ReLUConvBN(nn.Module):
    """The convolution of the space."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.op = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(c_out),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.op(x)


class Zero(nn.Module):
    """No connection."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 0.0


class Cell(nn.Module):
    """Four nodes, each the sum of operations on those before it."""

    def __init__(self, ops: Sequence[int], c: int) -> None:
        super().__init__()
        made = (
            Zero,
            nn.Identity,
            lambda: ReLUConvBN(c, c, 1, 1),
            lambda: ReLUConvBN(c, c, 3, 1),
            lambda: nn.AvgPool2d(3, 1, 1, count_include_pad=False),
        )
        self.edges = nn.ModuleList(made[op]() for op in ops)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        nodes = [x]
        for node in (1, 2, 3):
            arriving = [k for k, (_, to) in enumerate(EDGES) if to == node]
            nodes.append(sum(self.edges[k](nodes[EDGES[k][0]]) for k in arriving))
        return nodes[-1]


class Reduction(nn.Module):
    """The residual block that halves the resolution."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.a = ReLUConvBN(c_in, c_out, 3, 2)
        self.b = ReLUConvBN(c_out, c_out, 3, 1)
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, 2), nn.Conv2d(c_in, c_out, 1, bias=False))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.shortcut(x) + self.b(self.a(x))


class Network(nn.Module):
    """A network of NAS-Bench-201: 16 channels, five cells a stage.

    Parameters
    ----------
    ops : sequence of int, length 6
        The official numbers, edges in the order of the architecture's string.
    """

    def __init__(self, ops: Sequence[int]) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16))
        cells: list[nn.Module] = []
        for c in (16, 32, 64):
            if c > 16:
                cells.append(Reduction(c // 2, c))
            cells += [Cell(ops, c) for _ in range(5)]
        self.cells = nn.ModuleList(cells)
        self.lastact = nn.Sequential(nn.BatchNorm2d(64), nn.ReLU())
        self.classifier = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for cell in self.cells:
            x = cell(x)
        return self.classifier(F.adaptive_avg_pool2d(self.lastact(x), 1).flatten(1))


def synflow(build: Build) -> float:
    """FreeREA's way: in float64, without batch normalisation, one backward."""
    network = build().double()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.forward = types.MethodType(lambda self, x: x, module)
    signs = {name: value.sign() for name, value in network.state_dict().items()}
    with torch.no_grad():
        for value in network.state_dict().values():
            value.abs_()
    network(torch.ones(1, 3, 32, 32, dtype=torch.float64)).sum().backward()
    total = sum(
        float((layer.weight * layer.weight.grad).abs().sum().detach())
        for layer in network.modules()
        if isinstance(layer, nn.Conv2d | nn.Linear) and layer.weight.grad is not None
    )
    with torch.no_grad():
        for name, value in network.state_dict().items():
            value.mul_(signs[name])
    return float(np.log(total)) if total else -np.inf


def synflow_of_a_copy(build: Build) -> float:
    """zero-cost-nas's way: the network is built, copied twice over, and thrown away.

    Masks stand in for weights in the forward of every layer, and the copy is made anew for each
    score that is asked for.
    """
    network = copy.deepcopy(build())
    network = copy.deepcopy(network)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.forward = types.MethodType(lambda self, x: x, module)
    network.double()
    with torch.no_grad():
        signs = {name: torch.sign(value) for name, value in network.state_dict().items()}
        for value in network.state_dict().values():
            value.abs_()
    network.zero_grad()
    network.forward(torch.ones(1, 3, 32, 32, dtype=torch.float64)).sum().backward()
    scores = [
        (layer.weight * layer.weight.grad).abs().detach()
        if layer.weight.grad is not None
        else torch.zeros_like(layer.weight)
        for layer in network.modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    with torch.no_grad():
        for name, value in network.state_dict().items():
            value.mul_(signs[name])
    total = float(sum(score.sum() for score in scores))
    return float(np.log(total)) if total else -np.inf


def naswot_hooks(build: Build, images: torch.Tensor) -> float:
    """FreeREA's way: hooks on every ReLU add to a float matrix; one forward."""
    network = build()
    K = np.zeros((len(images), len(images)))

    def hook(module: nn.Module, arriving: tuple[torch.Tensor, ...], out: torch.Tensor) -> None:
        nonlocal K
        code = (out.flatten(1) > 0).float()
        K = K + (code @ code.T + (1 - code) @ (1 - code).T).numpy()

    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(hook)
    with torch.no_grad():
        network(images)
    return float(np.linalg.slogdet(K)[1])


def naswot_hooks_and_backward(build: Build, images: torch.Tensor) -> float:
    """nas-without-training's way: a backward marks the ReLUs that count, then a second forward."""
    network = build()
    K = np.zeros((len(images), len(images)))

    def visited(module: nn.Module, *_: object) -> None:
        module.visited = True

    def hook(module: nn.Module, arriving: tuple[torch.Tensor, ...], out: torch.Tensor) -> None:
        nonlocal K
        if not getattr(module, "visited", False):
            return
        code = (arriving[0].flatten(1) > 0).float()
        K = K + (code @ code.T + (1 - code) @ (1 - code).T).numpy()

    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(hook)
            module.register_full_backward_hook(visited)
    copied = images.clone().requires_grad_(True)
    out = network(copied)
    out.backward(torch.ones_like(out))
    with torch.no_grad():
        network(images.clone())
    return float(np.linalg.slogdet(K)[1])


def snip(build: Build, images: torch.Tensor, labels: torch.Tensor) -> float:
    """zero-cost-nas's way: masks of ones beside the weights of a copy, one backward."""
    network = copy.deepcopy(build())

    def conv(self: nn.Conv2d, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(
            x, self.weight * self.weight_mask, self.bias, self.stride, self.padding,
            self.dilation, self.groups,
        )  # fmt: skip

    def linear(self: nn.Linear, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.weight * self.weight_mask, self.bias)

    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    for layer in layers:
        layer.weight_mask = nn.Parameter(torch.ones_like(layer.weight))
        layer.weight.requires_grad = False
        layer.forward = types.MethodType(conv if isinstance(layer, nn.Conv2d) else linear, layer)
    F.cross_entropy(network(images), labels).backward()
    masks = [layer.weight_mask.grad for layer in layers if layer.weight_mask.grad is not None]
    return float(sum(grad.abs().sum() for grad in masks))


def agreement(values: torch.Tensor) -> np.ndarray:
    """The matrix K of one layer, with all bits as floats."""
    code = (values.flatten(1) > 0).float()
    return (code @ code.T + (1 - code) @ (1 - code).T).numpy()
