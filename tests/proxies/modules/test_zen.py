"""Zen against its definition on the same draws."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from reference import modules_by_definition
from torch import nn
from torch.nn import functional

from pyhwnas import networks
from pyhwnas.proxies.modules import zen
from tests.proxies.modules.examples import NETWORKS, POSITIVE, SHAPE, NoPath, make


def by_definition(model: nn.Module, depth: int, *, repeats: int, batch: int, seed: int) -> float:
    """Mean over draws, in the order in which they are documented; a sequence ends at `depth`."""
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    scores = []
    for _ in range(repeats):
        with torch.no_grad():
            for layer in modules_by_definition.layers(model):
                layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator))
                if layer.bias is not None:
                    layer.bias.zero_()
        shape = (batch, *SHAPE)
        x, z = (torch.randn(shape, generator=generator).double() for _ in range(2))
        scores.append(modules_by_definition.zen(model, model[:depth], x, z))
    return sum(scores) / repeats


@pytest.mark.parametrize("seed", [0, 1])
def test_equals_the_definition(seed: int) -> None:
    model = make(POSITIVE["plain"])
    expected = by_definition(model, -3, repeats=3, batch=4, seed=seed)
    assert zen(model, SHAPE, repeats=3, batch=4, seed=seed) == pytest.approx(expected, rel=1e-10)


def test_scales_shifts_and_statistics_do_not_matter() -> None:
    model = make(POSITIVE["plain"])
    expected = zen(model, SHAPE, repeats=2)
    with torch.no_grad():
        for norm in (model[1], model[4]):
            norm.weight.fill_(3)
            norm.bias.fill_(2)
            norm.running_var.fill_(9)
            norm.momentum = 0.5
    assert zen(model.eval(), SHAPE, repeats=2) == expected


class Pooled(nn.Module):
    """Ends in another form of global pooling, after one that belongs to a gate."""

    def __init__(self, pool: str) -> None:
        super().__init__()
        self.stem, self.norm, self.gate = nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.Conv2d(6, 6, 1)
        self.classifier = nn.Linear(6, 4)
        self.pool = pool

    def features(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.stem(x)).relu()
        return x * torch.sigmoid(self.gate(functional.adaptive_avg_pool2d(x, 1)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.features(x)
        match self.pool:
            case "adaptive":
                x = functional.adaptive_avg_pool2d(x, 1)
            case "max":
                x = functional.adaptive_max_pool2d(x, (1, 1))
            case "window":
                x = functional.avg_pool2d(x, 6)
            case "mean":
                x = x.mean((-2, -1))
            case "none":
                return x
        return self.classifier(x.flatten(1))


@pytest.mark.parametrize("pool", ["adaptive", "max", "window", "mean"])
def test_every_form_of_global_pooling_is_seen(pool: str) -> None:
    # The classifier is drawn too, last, so that only the first draw is the same.
    score = zen(make(lambda: Pooled(pool)), SHAPE, repeats=1)
    assert score == pytest.approx(zen(make(lambda: Pooled("adaptive")), SHAPE, repeats=1))


def test_without_pooling_the_output_counts() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten()).double()
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn((4, 3, 3, 3), generator=generator).double()
    _, z = (torch.randn((2, *SHAPE), generator=generator).double() for _ in range(2))
    moved = functional.conv2d(0.01 * z, weight)
    expected = math.log(moved.abs().sum((1, 2, 3)).mean().item())
    assert zen(model, SHAPE, repeats=1, batch=2) == pytest.approx(expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_spaces_have_a_score(name: str) -> None:
    network = NETWORKS[name]
    score = zen(networks.to_torch(network), network.input_shape, repeats=1, batch=4)
    assert np.isfinite(score)


def test_what_does_not_move_or_overflows_is_nan() -> None:
    assert math.isnan(zen(make(NoPath), SHAPE))
    layers = [nn.Linear(64, 64) for _ in range(60)]
    deep = nn.Sequential(nn.Flatten(), nn.Linear(192, 64), *layers).float()
    assert math.isnan(zen(deep, SHAPE, repeats=1))


def test_wrong_settings_are_refused() -> None:
    model = make(POSITIVE["plain"])
    for repeats, batch in ((0, 16), (1, 1)):
        with pytest.raises(ValueError, match="zen: expected repeats >= 1 and batch >= 2"):
            zen(model, SHAPE, repeats=repeats, batch=batch)
