from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from reference import network_by_definition

from pyhwnas import networks
from pyhwnas.networks import Network, Unit, weights
from tests.networks.examples import JOINS, MAP, SMALL_SPACES, UNITS, as_if_trained, random_networks

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

ALL_UNITS = UNITS | JOINS


def run(model: onnx.ModelProto, inputs: list[npt.NDArray[np.float32]]) -> list[npt.ArrayLike]:
    onnx.checker.check_model(model, full_check=True)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [value.name for value in session.get_inputs()]
    return session.run(None, dict(zip(names, inputs, strict=True)))


def images(graph: Unit, batch: int) -> list[npt.NDArray[np.float32]]:
    rng = np.random.default_rng(batch)
    return [rng.normal(size=(batch, *s)).astype(np.float32) for s in graph.inputs]


def assert_close(got: npt.ArrayLike, expected: npt.NDArray[np.float64]) -> None:
    assert got.dtype == np.float32
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("name", ALL_UNITS)
def test_unit_equals_its_definition(name: str) -> None:
    unit = ALL_UNITS[name]
    network = Network.of(unit) if name in UNITS and unit.nodes else None
    tensors = as_if_trained(network) if network else {}
    for batch in (1, 3):
        inputs = images(unit, batch)
        (got,) = run(networks.to_onnx(network or unit, tensors), inputs)
        expected = network_by_definition.run(network or unit, inputs, tensors)
        assert_close(got, expected[unit.output])


@pytest.mark.parametrize("name", SMALL_SPACES)
def test_network_equals_its_definition(name: str) -> None:
    for network in random_networks(name, 2):
        tensors = as_if_trained(network)
        model = networks.to_onnx(network, tensors)
        inputs = images(network.graph, 3)
        (got,) = run(model, inputs)
        expected = network_by_definition.run(network, inputs, tensors)[-1]
        assert_close(got, expected)
        (alone,) = run(model, [inputs[0][:1]])
        assert_close(alone, expected[:1])


@pytest.mark.parametrize("name", SMALL_SPACES)
def test_batch_statistics_and_exposed_values_equal_their_definition(name: str) -> None:
    (network,) = random_networks(name, 1)
    last = len(network.graph.shapes) - 1
    expose = {last, 0, 1, last // 2, last // 3}
    model = networks.to_onnx(network, seed=5, batch_statistics=True, expose=expose)
    assert [value.name for value in model.graph.output][1:] == [f"value{n}" for n in sorted(expose)]
    inputs = images(network.graph, 4)
    tensors = weights.initial(network, seed=5)
    values = network_by_definition.run(network, inputs, tensors, batch_statistics=True)
    for got, number in zip(run(model, inputs), [last, *sorted(expose)], strict=True):
        assert_close(got, values[number])
    assert not any("running" in tensor.name for tensor in model.graph.initializer)


def test_model_names_its_parts_and_says_where_it_comes_from() -> None:
    (network,) = random_networks("mobilenetv3", 1)
    model = networks.to_onnx(network)
    tensors = weights.initial(network)
    made = {i.name for i in model.graph.initializer}
    assert made == tensors.keys()
    assert {i.data_type for i in model.graph.initializer} == {onnx.TensorProto.FLOAT}
    assert [i.name for i in model.graph.input] == ["input"]
    assert [o.name for o in model.graph.output] == ["output"]
    facts = {p.key: p.value for p in model.metadata_props}
    assert facts == {"space": "mobilenetv3", "arch": network.arch, "weights": "untrained"}
    assert (model.producer_name, bool(model.producer_version)) == ("pyhwnas", True)
    given = networks.to_onnx(network, tensors)
    assert {p.key: p.value for p in given.metadata_props}["weights"] == "given"
    ops = {n.op_type for n in model.graph.node}
    assert {"Conv", "BatchNormalization", "HardSwish", "HardSigmoid", "Gemm"} <= ops


def test_same_arguments_give_the_same_bytes() -> None:
    (network,) = random_networks("nasbench201", 1)
    first, second, other = (
        networks.to_onnx(network, seed=seed).SerializeToString() for seed in (1, 1, 2)
    )
    assert first == second
    assert first != other


def test_inputs_of_a_join_are_numbered() -> None:
    model = networks.to_onnx(JOINS["concat"])
    assert [i.name for i in model.graph.input] == ["input0", "input1", "input2"]


def test_wrong_weights_and_values_are_refused() -> None:
    network = Network.of(UNITS["residual"])
    tensors = weights.initial(network)
    missing = {k: v for k, v in tensors.items() if not k.endswith("running_mean")}
    with pytest.raises(ValueError, match=r"unit0_bn_0\.running_mean"):
        networks.to_onnx(network, missing)
    name = "unit0_conv3_0.weight"
    with pytest.raises(ValueError, match=r"shape \(8, 8, 3, 3\), got \(8, 8, 9\)"):
        networks.to_onnx(network, tensors | {name: tensors[name].reshape(8, 8, 9)})
    with pytest.raises(ValueError, match=r"values 0\.\.3, got \[4\]"):
        networks.to_onnx(network, expose=[4])


def test_weights_of_any_type_become_float32() -> None:
    network = Network.of(UNITS["stride"])
    tensors = {k: v.astype(np.float64) for k, v in weights.initial(network).items()}
    model = networks.to_onnx(network, tensors)
    assert (
        model.SerializeToString()
        == networks.to_onnx(
            network, {k: v.astype(np.float32) for k, v in tensors.items()}
        ).SerializeToString()
    )
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    assert [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim][1:] == list(MAP)
