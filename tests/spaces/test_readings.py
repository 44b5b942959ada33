"""Every reading of every space: counts, units, closed form, torch, ONNX and picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from reference import network_by_definition

from pyhwnas import networks, spaces
from pyhwnas.errors import SpaceError
from pyhwnas.networks import Network, Unit
from pyhwnas.proxies import SynflowExpected, synflow_expected
from pyhwnas.testing import check_space
from tests.networks.examples import as_if_trained
from tests.spaces.examples import FULL, SMALL

each_small_space = pytest.mark.parametrize("name", SMALL)


def random_networks(name: str, count: int) -> list[Network]:
    space = SMALL[name]
    X = spaces.sample(space, 4 * count, np.random.default_rng(1))
    alive = space.unit_ids(X, live=True)[:, -1] != networks.ABSENT
    return [networks.build(space, x) for x in X[alive][:count]]


def test_no_space_is_missing() -> None:
    everything = (getattr(spaces, name) for name in spaces.__all__)
    classes = {c for c in everything if isinstance(c, type) and hasattr(c, "plan")}
    classes -= {spaces.Space, spaces.PlainSpace}
    assert {type(space) for space in FULL.values()} == classes
    assert {type(space) for space in SMALL.values()} == classes


@pytest.mark.parametrize("name", FULL)
def test_space_keeps_its_promises(name: str) -> None:
    check_space(FULL[name], n=16)


@each_small_space
def test_counts_units_and_closed_form_of_a_population(name: str) -> None:
    space = SMALL[name]
    plan = space.plan
    assert plan is not None
    assert all(Unit.parse(unit.key) == unit for unit in plan.units)
    X = spaces.sample(space, 200, np.random.default_rng(0))
    ids = space.unit_ids(X, live=True)
    macs, params = networks.unit_macs(plan), networks.unit_params(plan)
    scores = SynflowExpected(space)(X)
    for x, row, score in zip(X[::4], ids[::4], scores[::4], strict=True):
        if row[-1] == networks.ABSENT:
            assert score == -np.inf
            with pytest.raises(SpaceError, match="no path"):
                networks.build(space, x)
            continue
        network = networks.build(space, x)
        present = row[row != networks.ABSENT]
        assert [block.unit for block in network.blocks] == [plan.units[u] for u in present]
        assert networks.macs(network) == macs[present].sum()
        assert networks.params(network) == params[present].sum()
        assert synflow_expected(network)[0] == pytest.approx(score, abs=1e-9)


def assert_torch_and_onnx_follow_the_definition(network: Network) -> None:
    torch = pytest.importorskip("torch")
    runtime = pytest.importorskip("onnxruntime")
    tensors = as_if_trained(network)
    x = np.random.default_rng(2).normal(size=(2, *network.input_shape)).astype(np.float32)
    expected = network_by_definition.run(network, [x], tensors)[-1]
    close = {"rtol": 0, "atol": 1e-4 * np.abs(expected).max()}
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(
        networks.to_onnx(network, tensors).SerializeToString(),
        options,
        providers=["CPUExecutionProvider"],
    )
    np.testing.assert_allclose(session.run(None, {"input": x})[0], expected, **close)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.no_grad():
        model = networks.to_torch(network, tensors).eval()
        np.testing.assert_allclose(model(torch.from_numpy(x)).numpy(), expected, **close)
    torch.set_num_threads(threads)
    assert sum(p.numel() for p in model.parameters()) == networks.params(network)


@each_small_space
def test_torch_and_onnx_follow_the_definition(name: str) -> None:
    assert_torch_and_onnx_follow_the_definition(random_networks(name, 1)[0])


@pytest.mark.slow
@each_small_space
def test_torch_and_onnx_of_more_networks_follow_the_definition(name: str) -> None:
    for network in random_networks(name, 5)[1:]:
        assert_torch_and_onnx_follow_the_definition(network)


@each_small_space
def test_picture_names_the_network(name: str) -> None:
    for network in random_networks(name, 3):
        root = ET.fromstring(networks.picture(network))
        shown = [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]
        assert network.arch[:30] in shown[0].replace("  ", " ")
        titles = {text.partition("  ")[0] for text in shown}
        assert {"stem", "head"} <= titles
