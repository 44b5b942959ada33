"""The size space of NATS-Bench against published counts and a torch model of its definition."""

from __future__ import annotations

import numpy as np
import pytest

from pyhwnas import networks
from pyhwnas.spaces import NATSSize
from tests.spaces.torch_counts import counts

SPACE = NATSSize()


@pytest.mark.parametrize(
    ("index", "arch", "params"),
    [
        (0, "8:8:8:8:8", 11_714),
        (12, "8:8:8:16:40", 67_378),
        (None, "8:8:16:40:40", 107_826),
        (32_767, "64:64:64:64:64", 713_674),
    ],
)
def test_published_indices_and_parameters(index: int | None, arch: str, params: int) -> None:
    x = SPACE.from_str(arch)
    assert networks.params(networks.build(SPACE, x)) == params
    if index is not None:
        assert SPACE.index(x[None]) == index
        assert (SPACE.at_index(index) == x).all()


def test_published_macs() -> None:
    # The benchmark's 7.991706 M count the classifier's bias.
    assert networks.macs(networks.build(SPACE, SPACE.at_index(12))) == 7_991_706 - 10


def test_all_networks_in_order() -> None:
    X = SPACE.all()
    assert X.shape == (32_768, 5)
    assert (SPACE.index(X) == np.arange(32_768)).all()
    assert len(np.unique(SPACE.identity(X))) == len(X)


def torch_model(channels: list[int], n_classes: int):
    torch = pytest.importorskip("torch")
    nn = torch.nn

    def conv(c: int, out: int, stride: int = 1):
        return nn.Sequential(
            nn.ReLU(), nn.Conv2d(c, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        )

    class Cell(nn.Module):
        def __init__(self, c: int, out: int) -> None:
            super().__init__()
            self.a, self.b = conv(c, out), conv(c, out)
            self.c, self.d, self.e = (conv(out, out) for _ in range(3))
            project = nn.Sequential(nn.Conv2d(c, out, 1, bias=False), nn.BatchNorm2d(out))
            self.skip = nn.Identity() if c == out else project

        def forward(self, x):
            first = self.a(x)
            second = self.b(x) + self.c(first)
            return self.skip(x) + self.d(first) + self.e(second)

    class Reduction(nn.Module):
        def __init__(self, c: int, out: int) -> None:
            super().__init__()
            self.body = nn.Sequential(conv(c, out, 2), conv(out, out))
            self.short = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(c, out, 1, bias=False))

        def forward(self, x):
            return self.body(x) + self.short(x)

    c = channels[0]
    layers = [nn.Conv2d(3, c, 3, padding=1, bias=False), nn.BatchNorm2d(c)]
    for number, out in enumerate(channels):
        layers.append((Reduction if number % 2 else Cell)(c, out))
        c = out
    layers += [nn.BatchNorm2d(c), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(c, n_classes))


def test_counts_equal_those_of_a_torch_model_of_the_definition() -> None:
    space = NATSSize(n_classes=120, resolution=16)
    for x in space.all()[::3001]:
        network = networks.build(space, x)
        model = torch_model([8 * (int(v) + 1) for v in x], 120)
        expected = counts(model, *network.input_shape)
        assert (networks.macs(network), networks.params(network)) == expected
