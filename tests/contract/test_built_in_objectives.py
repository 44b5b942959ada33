"""Every objective of the package keeps the contract, bit by bit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pyhwnas import objectives, proxies, spaces
from pyhwnas.testing import check_objective

SPACES = [
    spaces.MobileNetV3(resolutions=(64, 96), n_classes=10),
    spaces.NASBench101(stem_channels=8),
    spaces.NASBench201(),
]
SMALL = [spaces.NASBench101(stem_channels=8), spaces.NASBench201(resolution=8)]
each_space = pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)


@each_space
def test_counters_and_synflow(space: spaces.Space) -> None:
    for make in (objectives.Macs, objectives.Params, proxies.SynflowExpected):
        check_objective(make(space))


@pytest.mark.parametrize("space", SMALL, ids=lambda space: space.name)
def test_icd(space: spaces.Space) -> None:
    pytest.importorskip("onnxruntime")
    images = np.random.default_rng(0).standard_normal((4, 3, 16, 16)).astype(np.float32)
    check_objective(proxies.ICD(space, images), n=4)


@each_space
def test_functions_of_one_network(space: spaces.Space) -> None:
    measured = objectives.PerNetwork(space, log_size, name="size", sense="max")
    check_objective(measured, n=8)


def log_size(network) -> float:
    return math.log(sum(math.prod(shape) for shape in network.graph.shapes))
