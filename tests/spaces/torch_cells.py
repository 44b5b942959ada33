"""Networks of a normal and a reduction cell in torch, from the definition in DARTS' paper."""

from __future__ import annotations

from typing import Any

Genotype = dict[str, Any]
"""``normal`` and ``reduce`` as lists of (operation, input), two a node, and their ``_concat``."""


def torch_model(
    genotype: Genotype, *, channels: int, layers: int, n_classes: int = 10, stem: int = 3
) -> Any:
    import torch
    from torch import nn

    def project(c: int, out: int) -> Any:
        return nn.Sequential(nn.ReLU(), nn.Conv2d(c, out, 1, bias=False), nn.BatchNorm2d(out))

    class Halve(nn.Module):
        def __init__(self, c: int, out: int) -> None:
            super().__init__()
            self.even, self.odd = (nn.Conv2d(c, out // 2, 1, 2, bias=False) for _ in range(2))
            self.norm = nn.BatchNorm2d(out)

        def forward(self, x: Any) -> Any:
            x = x.relu()
            return self.norm(torch.cat([self.even(x), self.odd(x[:, :, 1:, 1:])], 1))

    def convolution(c: int, k: int, stride: int, dilation: int = 1) -> list[Any]:
        return [
            nn.ReLU(),
            nn.Conv2d(c, c, k, stride, dilation * (k // 2), dilation, groups=c, bias=False),
            nn.Conv2d(c, c, 1, bias=False),
            nn.BatchNorm2d(c),
        ]

    def operation(name: str, c: int, stride: int) -> Any:
        if name == "max_pool_3x3":
            return nn.MaxPool2d(3, stride, 1)
        if name == "avg_pool_3x3":
            return nn.AvgPool2d(3, stride, 1, count_include_pad=False)
        if name == "skip_connect":
            return nn.Identity() if stride == 1 else Halve(c, c)
        k = int(name[-1])
        if name.startswith("sep"):
            return nn.Sequential(*convolution(c, k, stride), *convolution(c, k, 1))
        return nn.Sequential(*convolution(c, k, stride, dilation=2))

    class Cell(nn.Module):
        def __init__(self, kind: str, before: int, last: int, c: int, halved: bool) -> None:
            super().__init__()
            self.first = Halve(before, c) if halved else project(before, c)
            self.second = project(last, c)
            self.edges, self.concat = genotype[kind], genotype[f"{kind}_concat"]
            self.operations = nn.ModuleList(
                operation(name, c, 2 if kind == "reduce" and source < 2 else 1)
                for name, source in self.edges
            )

        def forward(self, before: Any, last: Any) -> Any:
            values = [self.first(before), self.second(last)]
            for first in range(0, len(self.edges), 2):
                pair = [self.operations[k](values[self.edges[k][1]]) for k in (first, first + 1)]
                values.append(pair[0] + pair[1])
            return torch.cat([values[i] for i in self.concat], 1)

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            c, before = channels, stem * channels
            self.stem = nn.Sequential(
                nn.Conv2d(3, before, 3, padding=1, bias=False), nn.BatchNorm2d(before)
            )
            self.cells = nn.ModuleList()
            last, halved = before, False
            for i in range(layers):
                reduces = i in (layers // 3, 2 * layers // 3)
                c *= 2 if reduces else 1
                kind = "reduce" if reduces else "normal"
                self.cells.append(Cell(kind, before, last, c, halved))
                before, last, halved = last, c * len(genotype[f"{kind}_concat"]), reduces
            self.head = nn.Sequential(
                nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last, n_classes)
            )

        def forward(self, x: Any) -> Any:
            before = last = self.stem(x)
            for cell in self.cells:
                before, last = last, cell(before, last)
            return self.head(last)

    return Network()
