"""Synflow by dual numbers against autograd in float64."""

from __future__ import annotations

import copy
import math
import warnings

import numpy as np
import pytest
import torch
from reference import modules_by_definition
from torch import nn

from pyhwnas import networks, proxies, spaces
from pyhwnas.errors import EvaluationError
from pyhwnas.proxies.modules import log_synflow, synflow
from tests.proxies.modules.examples import (
    NETWORKS,
    POSITIVE,
    SHAPE,
    SIGNED,
    NoPath,
    make,
)


def deep(layers: int, scale: float, *, width: int = 4) -> nn.Module:
    """Linear layers of constant weights: the score is known in closed form."""
    model = nn.Sequential(*[nn.Linear(width, width, bias=False) for _ in range(layers)])
    with torch.no_grad():
        for layer in model:
            layer.weight.fill_(-scale)
    return model


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", POSITIVE)
def test_equals_autograd(name: str, seed: int) -> None:
    model = make(POSITIVE[name], seed).float()
    expected = modules_by_definition.synflow(copy.deepcopy(model), SHAPE)
    assert synflow(model, SHAPE) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_spaces_equal_autograd(name: str) -> None:
    network = NETWORKS[name]
    model = networks.to_torch(network)
    expected = modules_by_definition.synflow(copy.deepcopy(model), network.input_shape)
    assert synflow(model, network.input_shape) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", SIGNED)
def test_mixed_signs_are_told_and_left_to_autograd(name: str) -> None:
    model = make(SIGNED[name])
    with pytest.warns(UserWarning, match=r"synflow: .* may mix signs in .*; autograd takes over"):
        score = synflow(model, SHAPE)
    expected = modules_by_definition.synflow(copy.deepcopy(model), SHAPE)
    assert score == pytest.approx(expected, rel=1e-12)


def test_signs_do_mix_where_it_is_said() -> None:
    weights, gradients = modules_by_definition.positive_gradients(make(SIGNED["group_norm"]), SHAPE)
    pairs = zip(weights, gradients, strict=True)
    assert any((w * g).min() < 0 < (w * g).max() for w, g in pairs)


@pytest.mark.parametrize("shift", [1.0, 1e-6])
@pytest.mark.parametrize("name", [*POSITIVE, "group_norm"])
def test_both_published_forms_of_log_synflow(name: str, shift: float) -> None:
    model = make((POSITIVE | SIGNED)[name])
    expected = modules_by_definition.log_synflow(copy.deepcopy(model), SHAPE, shift)
    form = "log1p" if shift == 1 else "eps"
    score = log_synflow(model, SHAPE, form=form)
    assert score == pytest.approx(expected, rel=1e-10, nan_ok=True)


def test_a_dead_weight_counts_in_one_form_alone() -> None:
    model = make(NoPath).float()
    weight = model.stem.weight.double().abs().sum().item()
    assert log_synflow(model, SHAPE) == 0.0
    assert log_synflow(model, SHAPE, form="eps") == pytest.approx(-math.log(1e-6) * weight)


def test_no_path_is_minus_infinity() -> None:
    assert synflow(make(NoPath), SHAPE) == -math.inf
    dead = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    nn.init.zeros_(dead[0].weight)
    assert synflow(dead, SHAPE) == -math.inf


@pytest.mark.parametrize("layers", [10, 400, 1000])
@pytest.mark.parametrize("scale", [1e-3, 0.25, 1.0, 1e3])
def test_no_depth_leaves_the_range(layers: int, scale: float) -> None:
    # R = width * (width * scale) ** layers, and the score is R once for each layer.
    expected = math.log(4 * layers) + layers * math.log(4 * scale)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score = synflow(deep(layers, np.float32(scale)), (4,))
    assert score == pytest.approx(expected, rel=1e-7, abs=1e-4)


def test_branches_of_very_different_size_join() -> None:
    class Join(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.large, self.small = deep(60, 1e9), deep(60, 1e-9)
            self.gate = deep(1, 1.0)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            large = nn.functional.silu(self.large(x))
            y = large + self.small(x) + nn.functional.relu6(large)
            return torch.cat([y * torch.sigmoid(self.gate(y)), self.small(x)], 1)

    # The large branch alone: 60 layers, the gate is open and does not move.
    expected = math.log(4 * 60) + 60 * math.log(4e9)
    assert synflow(Join(), (4,)) == pytest.approx(expected, rel=1e-7)


def test_beyond_float64_autograd_says_so() -> None:
    model = nn.Sequential(*deep(400, 1e3), nn.GroupNorm(1, 4))
    with pytest.warns(UserWarning, match="native_group_norm"):
        assert math.isnan(synflow(model, (4,)))
    assert math.isnan(log_synflow(deep(400, 1e3), (4,)))


def test_many_seeds_have_the_expected_mean() -> None:
    space = spaces.NASBench201(resolution=8)
    network = networks.build(space, [3, 1, 0, 2, 0, 4])
    scores = [synflow(networks.to_torch(network, seed=seed), (3, 8, 8)) for seed in range(40)]
    largest = max(scores)
    mean = largest + math.log(np.mean(np.exp(np.array(scores) - largest)))
    expected = proxies.synflow_expected(network, init="kaiming_normal")[0]
    assert mean == pytest.approx(expected, abs=0.15)


def test_bad_input_is_named() -> None:
    model = make(POSITIVE["plain"])
    with pytest.raises(EvaluationError, match=r"forward of Sequential on input \(1, 4, 8, 8\)"):
        synflow(model, (4, 8, 8))
    with pytest.raises(ValueError, match="form: expected 'log1p' or 'eps', got 'log'"):
        log_synflow(model, SHAPE, form="log")
    with torch.no_grad():
        model[3].bias[0] = math.nan
    with pytest.raises(
        ValueError, match=r"expected finite weights, got NaN or infinity in '3.bias'"
    ):
        synflow(model, SHAPE)
