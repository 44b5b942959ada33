"""Torch models of published networks, written down from the tables of their papers."""

from __future__ import annotations

from typing import Any


def torch_model(name: str) -> Any:
    return {
        "MOBILENET_V2": mobilenet_v2,
        "MOBILENET_V3_LARGE": mobilenet_v3_large,
        "EFFICIENTNET_B0": efficientnet_b0,
        "RESNET_50": resnet_50,
    }[name]()


def conv(c: int, out: int, k: int, s: int = 1, groups: int = 1) -> list[Any]:
    from torch import nn

    return [nn.Conv2d(c, out, k, s, k // 2, groups=groups, bias=False), nn.BatchNorm2d(out)]


def gated(channels: int, squeezed: int) -> Any:
    from torch import nn

    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate = nn.Sequential(
                nn.AdaptiveAvgPool2d(1),
                nn.Conv2d(channels, squeezed, 1),
                nn.ReLU(),
                nn.Conv2d(squeezed, channels, 1),
                nn.Sigmoid(),
            )

        def forward(self, x: Any) -> Any:
            return x * self.gate(x)

    return Gated()


def residual(body: list[Any], shortcut: list[Any] | None) -> Any:
    from torch import nn

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(*body)
            self.shortcut = nn.Sequential(*(shortcut or ()))

        def forward(self, x: Any) -> Any:
            return self.body(x) + self.shortcut(x)

    return Residual()


def inverted(c: int, hidden: int, out: int, k: int, s: int, squeezed: int | None = None) -> Any:
    """Expand (where there is something to expand), depthwise, squeeze and excite, project."""
    from torch import nn

    body = [*conv(c, hidden, 1), nn.ReLU()] if hidden != c else []
    body += [*conv(hidden, hidden, k, s, groups=hidden), nn.ReLU()]
    body += [gated(hidden, squeezed)] if squeezed else []
    body += conv(hidden, out, 1)
    return residual(body, None) if s == 1 and c == out else nn.Sequential(*body)


def classifier(c: int, *sizes: int) -> list[Any]:
    from torch import nn

    layers: list[Any] = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    for size in sizes:
        layers.append(nn.Linear(c, size))
        c = size
    return layers


def mobilenet_v2() -> Any:
    """Sandler et al., 2018, table 2: t, c, n, s."""
    from torch import nn

    layers, c = conv(3, 32, 3, 2), 32
    for t, out, n, s in (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ):
        for i in range(n):
            layers.append(inverted(c, t * c, out, 3, s if i == 0 else 1))
            c = out
    return nn.Sequential(*layers, *conv(c, 1280, 1), *classifier(1280, 1000))


def mobilenet_v3_large() -> Any:
    """Howard et al., 2019, table 1: kernel, exp size, #out, squeezed channels, s."""
    from torch import nn

    layers, c = conv(3, 16, 3, 2), 16
    for k, hidden, out, squeezed, s in (
        (3, 16, 16, None, 1),
        (3, 64, 24, None, 2),
        (3, 72, 24, None, 1),
        (5, 72, 40, 24, 2),
        (5, 120, 40, 32, 1),
        (5, 120, 40, 32, 1),
        (3, 240, 80, None, 2),
        (3, 200, 80, None, 1),
        (3, 184, 80, None, 1),
        (3, 184, 80, None, 1),
        (3, 480, 112, 120, 1),
        (3, 672, 112, 168, 1),
        (5, 672, 160, 168, 2),
        (5, 960, 160, 240, 1),
        (5, 960, 160, 240, 1),
    ):
        layers.append(inverted(c, hidden, out, k, s, squeezed))
        c = out
    return nn.Sequential(*layers, *conv(c, 960, 1), *classifier(960, 1280, 1000))


def efficientnet_b0() -> Any:
    """Tan and Le, 2019, table 1: expansion, kernel, channels, layers, stride."""
    from torch import nn

    layers, c = conv(3, 32, 3, 2), 32
    for t, k, out, n, s in (
        (1, 3, 16, 1, 1),
        (6, 3, 24, 2, 2),
        (6, 5, 40, 2, 2),
        (6, 3, 80, 3, 2),
        (6, 5, 112, 3, 1),
        (6, 5, 192, 4, 2),
        (6, 3, 320, 1, 1),
    ):
        for i in range(n):
            layers.append(inverted(c, t * c, out, k, s if i == 0 else 1, c // 4))
            c = out
    return nn.Sequential(*layers, *conv(c, 1280, 1), *classifier(1280, 1000))


def resnet_50() -> Any:
    """He et al., 2016, table 1, with strides in the 3x3 convolutions: middle channels, blocks."""
    from torch import nn

    layers, c = [*conv(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], 64
    for number, (middle, n) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for i in range(n):
            s = 2 if number > 0 and i == 0 else 1
            body = [*conv(c, middle, 1), nn.ReLU(), *conv(middle, middle, 3, s), nn.ReLU()]
            body += conv(middle, 4 * middle, 1)
            layers.append(residual(body, conv(c, 4 * middle, 1, s) if i == 0 else None))
            c = 4 * middle
    return nn.Sequential(*layers, *classifier(c, 1000))
