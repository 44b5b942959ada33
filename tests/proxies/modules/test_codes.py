"""ICD and NASWOT of modules against float codes from hooks, and against those of networks."""

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
from pyhwnas.proxies.modules import icd, naswot
from tests.proxies.modules.examples import NETWORKS, POSITIVE, SHAPE, SIGNED, NoPath, make

IMAGES = torch.from_numpy(np.random.default_rng(0).standard_normal((6, *SHAPE)))
MODULES = {
    "plain": POSITIVE["plain"],
    "activations": lambda: nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU6(inplace=True), nn.Conv2d(4, 4, 1), nn.Hardswish(),
        nn.Conv2d(4, 4, 1), nn.SiLU(inplace=True), nn.Conv2d(4, 4, 1), nn.GELU(),
        nn.Sequential(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(36, 4, bias=False)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_equal_the_definitions(name: str) -> None:
    model = make(MODULES[name])
    for containers in (False, True):
        expected = modules_by_definition.icd(copy.deepcopy(model), IMAGES, containers=containers)
        got = icd(model, IMAGES, reference_containers=containers)
        assert got == pytest.approx(expected, rel=1e-10)
    expected = modules_by_definition.naswot(copy.deepcopy(model), IMAGES)
    assert naswot(model, IMAGES) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("name", NETWORKS)
def test_equal_those_of_networks(name: str) -> None:
    pytest.importorskip("onnxruntime")
    from pyhwnas import proxies

    network = NETWORKS[name]
    images = np.random.default_rng(1).standard_normal((6, *network.input_shape), dtype=np.float32)
    # A value within rounding of zero may fall on either side: one bit among thousands.
    assert icd(networks.to_torch(network), images) == pytest.approx(
        proxies.icd(network, images), rel=1e-3
    )


def test_functions_count_like_modules() -> None:
    class Functions(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = functional.relu6(self.first(x), inplace=True)
            x = functional.hardswish(self.second(x)).relu()
            return functional.adaptive_max_pool2d(x, 1).flatten(1)

    model = make(Functions)
    same = nn.Sequential(
        model.first, nn.ReLU6(), model.second, nn.Hardswish(), nn.ReLU(), nn.AdaptiveMaxPool2d(1)
    )
    assert icd(model, IMAGES) == icd(same, IMAGES)
    assert naswot(model, IMAGES) == naswot(same, IMAGES)


def test_positions_of_an_image_belong_to_its_code() -> None:
    model = make(SIGNED["layer_norm"])
    mix = make(SIGNED["layer_norm"])
    seen = []
    mix.mix.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    with torch.no_grad():
        head = mix.stem(IMAGES).flatten(2).transpose(1, 2)
        mix(IMAGES)
    layers = [IMAGES, seen[0], (head + mix.mix(seen[0])).mean(1)]
    codes = torch.cat([(layer.flatten(1) > 0).double() for layer in layers], 1)
    distance = (codes - codes.mean(0)).norm(dim=1).mean().item()
    assert icd(model, IMAGES) == pytest.approx(distance)


def test_precision_does_not_change_signs() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3, bias=False), nn.ReLU()).double()
    tiny = torch.tensor([[1.0, 2, 3, 4], [-1, 2, -3, 4], [1, -2, 3, -4]]).double() * 1e-200
    assert icd(model, tiny) == icd(model, tiny * 1e200) > 0


def test_equal_codes_have_no_score() -> None:
    model = make(POSITIVE["plain"])
    same = IMAGES[:1].repeat(3, 1, 1, 1)
    assert icd(model, same) == 0.0
    assert naswot(model, same) == -math.inf
    assert naswot(make(NoPath), IMAGES) == -math.inf


def test_threads_and_repetition_change_nothing() -> None:
    model = make(SIGNED["group_norm"])
    assert icd(model, IMAGES) == icd(model, IMAGES, threads=2) == icd(model, IMAGES.numpy())
    assert naswot(model, IMAGES) == naswot(model, IMAGES, threads=2)


def test_one_image_is_refused() -> None:
    for score in (icd, naswot):
        with pytest.raises(ValueError, match=r"images: expected \(n >= 2"):
            score(make(POSITIVE["plain"]), IMAGES[:1])
