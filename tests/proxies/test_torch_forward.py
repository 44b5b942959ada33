"""Populations in torch, hundreds of networks at once, beside the walk through ONNX Runtime."""

import numpy as np
import pytest

from pyhwnas import spaces
from pyhwnas.proxies import ICD, NASWOT
from pyhwnas.proxies.icd import reader_counts
from pyhwnas.proxies.naswot import rectifier_counts
from pyhwnas.proxies.torch_forward import TorchForward

SPACES = [
    spaces.NASBench201(resolution=16),
    spaces.NASBench101(),
    spaces.DARTS(),
    spaces.FBNet(),
    spaces.MobileNetV3(),
]


@pytest.fixture(autouse=True)
def _torch():
    pytest.importorskip("torch")


@pytest.fixture(params=SPACES, ids=lambda space: space.name)
def space(request):
    return request.param


def images(n, size):
    return np.random.default_rng(0).standard_normal((n, 3, size, size), dtype=np.float32)


def rows(space, n=4):
    X = spaces.sample(space, 3 * n, np.random.default_rng(1))
    ids = space.unit_ids(X, live=True)
    return X[ids[:, -1] >= 0][:n]


@pytest.mark.parametrize("score", [ICD, NASWOT], ids=lambda score: score.name)
def test_scores_are_those_of_onnx_runtime(space, score):
    pytest.importorskip("onnxruntime")
    batch = images(2, 32)
    X = rows(space)
    counts = reader_counts if score is ICD else rectifier_counts
    forward = TorchForward(space.plan, batch, seed=0, counts=counts, device="cpu")
    outcome = forward.run(space.unit_ids(X, live=True), pairs=score is NASWOT)
    np.testing.assert_allclose(outcome.scores, score(space, batch)(X), rtol=2e-3)


def test_a_row_is_scored_alone(monkeypatch):
    space = SPACES[0]
    X = rows(space, 4)
    ids = space.unit_ids(X, live=True)
    forward = TorchForward(space.plan, images(4, 16), seed=0, counts=rectifier_counts, device="cpu")
    together = forward.run(ids[[0, 1, 2, 3, 2, 0]], pairs=True).scores
    alone = np.concatenate([forward.run(row[None], pairs=True).scores for row in ids])
    np.testing.assert_allclose(together, alone[[0, 1, 2, 3, 2, 0]], rtol=1e-3)
    monkeypatch.setattr("pyhwnas.proxies.torch_forward.MOST_NETWORKS", 2)
    np.testing.assert_allclose(forward.run(ids, pairs=True).scores, alone, rtol=1e-3)
    assert forward.run(ids[:0], pairs=True).scores.shape == (0,)


def test_settings():
    space, batch = SPACES[0], images(2, 8)
    with pytest.raises(ValueError, match=r"^device: expected 'cpu', 'cuda' or 'cuda:N', got 'x'"):
        NASWOT(space, batch, device="x")
    with pytest.raises(ValueError, match=r"^precision: bfloat16 is for a GPU"):
        ICD(space, batch, precision="bfloat16")
    with pytest.raises(ValueError, match=r"^precision: expected float32 or bfloat16, got 'half'"):
        ICD(space, batch, precision="half")
    with pytest.raises(ValueError, match=r"^reference_containers: counted with device='cpu' alone"):
        ICD(space, batch, device="cuda", reference_containers=True)
