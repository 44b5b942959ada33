"""Objectives on a GPU: the scores of the CPU."""

import pickle

import homes
import numpy as np
import pytest

from pyhwnas import spaces
from pyhwnas._gpu import gpu_of
from pyhwnas.errors import CudaError
from pyhwnas.networks.weights import tensors
from pyhwnas.proxies import ICD, NASWOT, Synflow, SynflowExpected, synflow_expected
from pyhwnas.proxies.icd import reader_counts
from pyhwnas.proxies.naswot import rectifier_counts
from pyhwnas.proxies.tapes import candidate_places, hashed_tensors, on_device
from pyhwnas.proxies.torch_forward import TorchForward

SPACES = [spaces.NASBench201(resolution=16), spaces.FBNet(), spaces.DARTS()]


@pytest.fixture(params=["emulated", pytest.param("cuda", marks=pytest.mark.gpu)])
def home(request, monkeypatch):
    return homes.emulated(monkeypatch) if request.param == "emulated" else homes.torch()


@pytest.mark.parametrize("init", ["kaiming_uniform", "kaiming_normal"])
def test_expected_scores(home, init):
    space = SPACES[0]
    X = space.all()[:: len(space.all()) // 6]
    cpu = SynflowExpected(space, init)(X)
    np.testing.assert_allclose(SynflowExpected(space, init, device="cuda")(X), cpu, rtol=1e-13)
    ids = space.unit_ids(X, live=True)
    there = home.numpy(synflow_expected(space.plan, home.array(ids), init=init))
    np.testing.assert_allclose(there, cpu, rtol=1e-13)


@pytest.mark.gpu
@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_populations(space):
    homes.skip_without_device()
    X = spaces.sample(space, 500, np.random.default_rng(0))
    ours, cpu = SynflowExpected(space, device="cuda"), SynflowExpected(space, threads=8)
    np.testing.assert_allclose(ours(X), cpu(X), rtol=1e-12)
    few = X[:16]
    ours, cpu = Synflow(space, device="cuda"), Synflow(space, threads=8)
    np.testing.assert_allclose(ours(few), cpu(few), rtol=1e-5)


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("score", [ICD, NASWOT], ids=lambda score: score.name)
def test_networks_on_images(score, precision):
    homes.skip_without_device()
    pytest.importorskip("torch")
    space = SPACES[0]
    images = np.random.default_rng(0).standard_normal((16, 3, 16, 16), dtype=np.float32)
    X = space.all()[:: len(space.all()) // 40]
    counts = reader_counts if score is ICD else rectifier_counts
    ids = space.unit_ids(X, live=True)
    alive = ids[:, -1] >= 0
    cpu = TorchForward(space.plan, images, seed=0, counts=counts, device="cpu")
    expected = cpu.run(ids[alive], pairs=score is NASWOT).scores
    ours = score(space, images, device="cuda", precision=precision)(X)[alive]
    np.testing.assert_allclose(ours, expected, rtol=5e-3 if precision == "float32" else 5e-2)


@pytest.mark.parametrize("init", ["kaiming_uniform", "kaiming_normal"])
def test_weights_are_those_of_the_cpu(home, init):
    space = SPACES[1]
    places = candidate_places(space.plan)[:40]
    described = hashed_tensors(space.plan, places, 3, init)
    kernels, stream = on_device("cuda")
    made = kernels.absolute_weights(*described[1:], init == "kaiming_normal", stream)
    values = home.numpy(gpu_of(x=home.array(np.zeros(1))).array(made))
    assert len(values) == described.place_offsets[-1]
    at = 0
    for slot, unit_id in places.tolist():
        unit, prefix = space.plan.units[unit_id], space.plan.slots[slot].name
        for node, name in zip(unit.nodes, unit.tensor_names(), strict=True):
            if not name or node.op.__class__.__name__ == "BatchNorm":
                continue
            source = unit.shapes[node.inputs[0]]
            for value in tensors(node.op, source, f"{prefix}_{name}", seed=3, init=init).values():
                groups = getattr(node.op, "groups", 1) if value.ndim > 1 else 1
                parts = np.abs(value).reshape(groups, -1, *value.shape[1:])
                expected = np.moveaxis(parts, 1, -1).ravel()
                ours = values[at : at + len(expected)]
                if init == "kaiming_uniform":
                    np.testing.assert_array_equal(ours, expected)
                else:
                    np.testing.assert_allclose(ours, expected, rtol=2e-5, atol=1e-6)
                at += len(expected)
    assert at == len(values)


def test_sampled_scores(home):
    space = spaces.NASBench201(resolution=4)
    X = space.all()[[15624, 9000]]
    ours = Synflow(space, (0, 1), device="cuda")(X)
    np.testing.assert_allclose(ours, Synflow(space, (0, 1))(X), rtol=1e-5)


def test_settings():
    space = SPACES[0]
    with pytest.raises(ValueError, match=r"^device: expected 'cpu', 'cuda' or 'cuda:N', got 'gpu'"):
        SynflowExpected(space, device="gpu")
    with pytest.raises(ValueError, match=r"^device: expected 'cpu', 'cuda' or 'cuda:N', got 'gpu'"):
        Synflow(space, device="gpu")
    objective = Synflow(space, (1,), device="cuda:1")
    assert pickle.loads(pickle.dumps(objective)).device == "cuda:1"


def test_a_missing_device_is_told(home):
    with pytest.raises(CudaError, match="device 'cuda:31': "):
        on_device("cuda:31")
