from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reference import network_by_definition

from pyhwnas import networks
from pyhwnas.networks import Network, Unit, weights
from tests.networks.examples import SMALL_SPACES, UNITS, as_if_trained, random_networks

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    # Threads that wait for each other make small networks slow where cores are shared.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


WITH_NODES = [name for name, unit in UNITS.items() if unit.nodes]


def assert_equals_definition(network: Network) -> None:
    tensors = as_if_trained(network)
    x = np.random.default_rng(3).normal(size=(2, *network.input_shape)).astype(np.float32)
    with torch.no_grad():
        got = networks.to_torch(network, tensors).eval()(torch.from_numpy(x)).numpy()
    expected = network_by_definition.run(network, [x], tensors)[-1]
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("name", WITH_NODES)
def test_unit_equals_its_definition(name: str) -> None:
    assert_equals_definition(Network.of(UNITS[name]))


@pytest.mark.parametrize("name", SMALL_SPACES)
def test_network_equals_its_definition(name: str) -> None:
    for network in random_networks(name, 2, seed=1):
        assert_equals_definition(network)


def multiply_accumulates(network: Network) -> float:
    flop_counter = pytest.importorskip("torch.utils.flop_counter")
    counter = flop_counter.FlopCounterMode(display=False)
    with counter, torch.no_grad():
        # Shapes are all that is needed.
        networks.to_torch(network).to("meta")(torch.empty(2, *network.input_shape, device="meta"))
    return counter.get_total_flops() / 2 / 2


@pytest.mark.parametrize("name", SMALL_SPACES)
def test_counts_and_names_equal_those_of_torch(name: str) -> None:
    for network in random_networks(name, 2, seed=2):
        model = networks.to_torch(network)
        assert networks.params(network) == sum(p.numel() for p in model.parameters())
        names = {n for n in model.state_dict() if not n.endswith("num_batches_tracked")}
        assert names == weights.initial(network).keys()
        assert networks.macs(network) == multiply_accumulates(network)


@pytest.mark.parametrize("name", ["stride", "grouped", "depthwise", "dilated", "vector"])
def test_counts_of_units_equal_those_of_torch(name: str) -> None:
    network = Network.of(UNITS[name])
    model = networks.to_torch(network)
    assert networks.params(network) == sum(p.numel() for p in model.parameters())
    assert networks.macs(network) == multiply_accumulates(network)


def test_new_module_trains_and_leaves_the_random_state_alone() -> None:
    (network,) = random_networks("nasbench201", 1)
    state = torch.get_rng_state()
    model = networks.to_torch(network)
    assert torch.equal(state, torch.get_rng_state())
    assert model.training
    model(torch.zeros(2, *network.input_shape)).sum().backward()
    assert all(p.requires_grad and p.grad is not None for p in model.parameters())
    assert all(b.device.type == "cpu" for b in model.buffers())


def test_module_owns_its_weights() -> None:
    network = Network.of(UNITS["residual"])
    tensors = weights.initial(network)
    before = {name: tensor.copy() for name, tensor in tensors.items()}
    model = networks.to_torch(network, tensors)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(1)
    assert all((tensors[name] == before[name]).all() for name in tensors)


def test_state_dict_is_what_onnx_takes() -> None:
    pytest.importorskip("onnx")
    (network,) = random_networks("nasbench201", 1)
    model = networks.to_torch(network, seed=9)
    written = networks.to_onnx(network, model.state_dict())
    expected = networks.to_onnx(network, weights.initial(network, seed=9))
    assert written.SerializeToString() == expected.SerializeToString()


def test_missing_weights_are_refused() -> None:
    network = Network.of(UNITS["residual"])
    tensors = weights.initial(network)
    del tensors["unit0_bn_0.running_mean"]
    with pytest.raises(RuntimeError, match=r"unit0_bn_0\.running_mean"):
        networks.to_torch(network, tensors)


def test_source_runs_where_only_torch_is(tmp_path: Path) -> None:
    for name in SMALL_SPACES:
        (network,) = random_networks(name, 1, seed=4)
        source = networks.to_source(network)
        assert network.arch in source
        assert "untrained" in source
        (tmp_path / f"{name}.py").write_text(source)
        model = networks.to_torch(network).eval()
        x = torch.ones(2, *network.input_shape)
        with torch.no_grad():
            torch.save((model.state_dict(), x, model(x)), tmp_path / f"{name}.pt")
    code = (
        "import importlib, sys, torch\n"
        "for name in sys.argv[1:]:\n"
        "    state, x, y = torch.load(f'{name}.pt', weights_only=True)\n"
        "    model = importlib.import_module(name).Model()\n"
        "    model.load_state_dict(state)\n"
        "    with torch.no_grad():\n"
        "        torch.testing.assert_close(model.eval()(x), y)\n"
        "assert 'pyhwnas' not in sys.modules\n"
    )
    command = [sys.executable, "-c", code, *SMALL_SPACES]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)


def test_no_architecture_text_breaks_the_source() -> None:
    network = Network(Network.of(UNITS["norm"]).blocks, arch='"""\nraise SystemExit\\', space="s")
    networks.to_torch(network)


def test_a_unit_takes_inputs_of_several_shapes() -> None:
    ort = pytest.importorskip("onnxruntime")
    unit = Unit.parse("4x6x6,4x1x1,3x6x6: mul@0@1 concat@3@2 conv5k3 bn")
    namespace: dict[str, Any] = {"__name__": "model"}
    exec(networks.to_source(unit), namespace)
    model = namespace["Model"]().eval()
    rng = np.random.default_rng(0)
    feeds = [rng.standard_normal((2, *shape), dtype=np.float32) for shape in unit.inputs]
    written = networks.to_onnx(unit, {k: v.numpy() for k, v in model.state_dict().items()})
    session = ort.InferenceSession(written.SerializeToString())
    names = [given.name for given in session.get_inputs()]
    (expected,) = session.run(None, dict(zip(names, feeds, strict=True)))
    with torch.no_grad():
        found = model(*map(torch.from_numpy, feeds))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-5)
