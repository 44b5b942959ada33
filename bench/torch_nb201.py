"""NAS-Bench-201's network written plainly in torch, and NASWOT on it as others compute it."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))


class ReLUConvBN(nn.Module):
    """A rectifier, a convolution, batch normalisation."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.op = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(c_out),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.op(x)


class Zero(nn.Module):
    """Nothing arrives."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mul(0.0)


class Cell(nn.Module):
    """Six edges between four nodes."""

    def __init__(self, genes: list[int], c: int) -> None:
        super().__init__()
        self.edges = nn.ModuleList(_operation(gene, c) for gene in genes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        nodes = [x]
        for target in (1, 2, 3):
            arriving = [
                edge(nodes[source])
                for edge, (source, end) in zip(self.edges, EDGES, strict=True)
                if end == target
            ]
            nodes.append(torch.stack(arriving).sum(0) if len(arriving) > 1 else arriving[0])
        return nodes[3]


class Reduction(nn.Module):
    """A residual block of stride 2."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.a, self.b = ReLUConvBN(c, 2 * c, 3, 2), ReLUConvBN(2 * c, 2 * c, 3)
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, 2), nn.Conv2d(c, 2 * c, 1, bias=False))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.b(self.a(x)) + self.shortcut(x)


def network(genes: list[int]) -> nn.Module:
    """Build the network of a genotype: 16 channels, 3 stages of 5 cells."""
    c = 16
    layers: list[nn.Module] = [nn.Conv2d(3, c, 3, 1, 1, bias=False), nn.BatchNorm2d(c)]
    for stage in range(3):
        if stage:
            layers.append(Reduction(c))
            c *= 2
        layers += [Cell(genes, c) for _ in range(5)]
    head = [nn.BatchNorm2d(c), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 10)]
    return nn.Sequential(*layers, *head)


def naswot_one_pass(genes: list[int], images: torch.Tensor) -> float:
    """FreeREA's way: build, hook every rectifier, one forward pass, float matrices."""
    model = network(genes)
    agreement = np.zeros((len(images), len(images)))

    def hook(module: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        _agree(agreement, output)

    _hook_rectifiers(model, hook)
    with torch.no_grad():
        model(images)
    return float(np.linalg.slogdet(agreement)[1])


def naswot_two_passes(genes: list[int], images: torch.Tensor) -> float:
    """nas-without-training's way: a pass there and back says which rectifiers gradients reach."""
    model = network(genes)
    agreement = np.zeros((len(images), len(images)))
    reached: set[nn.Module] = set()

    def hook(module: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        if module in reached:
            _agree(agreement, inputs[0])

    def back(module: nn.Module, grads_in: object, grads_out: object) -> None:
        reached.add(module)

    _hook_rectifiers(model, hook)
    for module in model.modules():
        if isinstance(module, nn.ReLU):
            module.register_full_backward_hook(back)
    leaf = images.clone().requires_grad_()
    y = model(leaf)
    y.backward(torch.ones_like(y))
    model(images.clone())
    return float(np.linalg.slogdet(agreement)[1])


def _operation(gene: int, c: int) -> nn.Module:
    if gene in (2, 3):
        return ReLUConvBN(c, c, 2 * gene - 3)
    return {0: Zero, 1: nn.Identity}[gene]() if gene < 2 else _pool()


def _pool() -> nn.Module:
    return nn.AvgPool2d(3, 1, 1, count_include_pad=False)


def _hook_rectifiers(model: nn.Module, hook: object) -> None:
    for module in model.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(hook)  # type: ignore[arg-type]


def _agree(agreement: np.ndarray, values: torch.Tensor) -> None:
    x = (values.detach().flatten(1) > 0).float()
    agreement += (x @ x.T).numpy()
    agreement += ((1.0 - x) @ (1.0 - x).T).numpy()
