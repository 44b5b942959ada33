"""The accuracy predictor against a slow reading of the same weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks import made

from pyhwnas import spaces
from pyhwnas.benchmarks import PredictedError
from pyhwnas.errors import BenchmarkError
from pyhwnas.testing import check_objective

SPACE = spaces.MobileNetV3(resolutions=(160, 176), width=1.2)


def predicted(weights: dict[str, np.ndarray], space: spaces.MobileNetV3, x: np.ndarray) -> float:
    resolution, stages = made.decoded(space, x)
    features = np.zeros(128)
    for stage, layers in enumerate(stages):
        for layer, (kernel, expansion) in enumerate(layers):
            block = 4 * stage + layer
            features[3 * block + (3, 5, 7).index(kernel)] = 1
            features[60 + 3 * block + (3, 4, 6).index(expansion)] = 1
    features[120 + min(7, (resolution - 112) // 16)] = 1
    for number in (0, 2, 4, 6):
        features = weights[f"{number}.weight"].astype(float) @ features
        features += weights[f"{number}.bias"]
        if number < 6:
            features = np.maximum(features, 0)
    return 100 * (1 - features.item())


def test_predictor_by_definition(tmp_path: Path) -> None:
    X = spaces.sample(SPACE, 30, np.random.default_rng(0))
    path = made.predictor(tmp_path / "predictor.npz")
    objective = PredictedError(SPACE, path)
    weights = dict(np.load(path))
    assert np.allclose(objective(X), [predicted(weights, SPACE, x) for x in X], atol=2e-9)
    check_objective(objective, n=40)
    np.savez(path, **{**weights, "0.weight": weights["0.weight"][:, :100]})
    with pytest.raises(BenchmarkError, match="128 inputs"):
        PredictedError(SPACE, path)(X)
    np.savez(path, nothing=[1])
    with pytest.raises(BenchmarkError, match=r"0\.weight"):
        PredictedError(SPACE, path)(X)


@pytest.mark.data
def test_predicted_accuracies_of_published_networks(data: Path) -> None:
    table = np.load(data / "ofa_mbv3_latency_help.npz")
    space = spaces.MobileNetV3(resolutions=tuple(range(128, 225, 4)), width=1.2)
    X = np.zeros((len(table["r"]), len(space.genes)), dtype=np.int64)
    stages = X[:, :-1].reshape(-1, 5, 9)
    stages[..., 0] = table["d"] - 2
    stages[..., 1:5] = (table["ks"].reshape(-1, 5, 4) - 3) // 2
    stages[..., 5:] = np.searchsorted([3, 4, 6], table["e"].reshape(-1, 5, 4))
    X[:, -1] = (table["r"] - 128) // 4
    accuracy = 1 - PredictedError(space, data)(space.canonical(X)) / 100
    assert (accuracy.min().round(3), accuracy.max().round(3)) == (0.760, 0.829)
