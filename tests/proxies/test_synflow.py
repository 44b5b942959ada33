"""Sampled Synflow of networks and spaces; the kernel itself is tested in tests/kernels."""

from __future__ import annotations

import math
import pickle
from collections.abc import Mapping

import numpy as np
import pytest

from pyhwnas import networks, spaces
from pyhwnas.errors import SpaceError
from pyhwnas.networks import Activation, BatchNorm, Conv, GlobalAvgPool, Linear, Network, chain
from pyhwnas.networks.weights import Init, Weights, initial, tensors
from pyhwnas.proxies import Synflow, slot_weights, synflow, synflow_expected
from pyhwnas.testing import check_objective
from tests.spaces.examples import SMALL

each_small_space = pytest.mark.parametrize("name", SMALL)


def random_networks(name: str, count: int) -> list[Network]:
    space = SMALL[name]
    X = spaces.sample(space, 4 * count, np.random.default_rng(1))
    alive = space.unit_ids(X, live=True)[:, -1] != networks.ABSENT
    return [networks.build(space, x) for x in X[alive][:count]]


def by_autograd(network: Network, weights: Mapping[str, object]) -> float:
    """Sum w dR/dw over the absolute weights, by torch's backward pass in float64."""
    torch = pytest.importorskip("torch")
    model = networks.to_torch(network, weights).double().eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # bypassed
            module.weight.data.copy_(torch.sqrt(module.running_var + module.eps))
            module.bias.data.copy_(module.running_mean)
    for parameter in model.parameters():
        parameter.data.abs_()
    model(torch.ones(1, *network.input_shape, dtype=torch.float64)).sum().backward()
    layers = (torch.nn.Conv2d, torch.nn.Conv1d, torch.nn.Linear)
    total = sum(
        float((module.weight.detach() * module.weight.grad).sum())
        for module in model.modules()
        if isinstance(module, layers) and module.weight.grad is not None
    )
    return math.log(total)


@each_small_space
def test_score_is_that_of_autograd(name: str) -> None:
    for network in random_networks(name, 2):
        weights = initial(network, seed=3)
        expected = by_autograd(network, weights)
        exact = synflow(network, seed=3, init="kaiming_normal", precision="float64")
        assert exact == pytest.approx(expected, abs=1e-10)
        assert synflow(network, weights, precision="float64") == pytest.approx(expected, abs=1e-10)
        fast = synflow(network, seed=3, init="kaiming_normal")
        assert fast == pytest.approx(expected, abs=2e-5)


def with_biases(network: Network) -> Weights:
    """Signed weights and biases of no particular distribution."""
    rng = np.random.default_rng(5)
    weights = initial(network)
    return {
        name: tensor if "bn_" in name else rng.normal(size=tensor.shape).astype(np.float32)
        for name, tensor in weights.items()
    }


def test_biases_are_constants() -> None:
    ops = [Conv(8, 3, stride=2, bias=True), BatchNorm(), Activation("hswish"), GlobalAvgPool()]
    network = Network.of(chain((3, 9, 9), *ops, Linear(5), Linear(4)))
    weights = with_biases(network)
    expected = by_autograd(network, weights)
    assert synflow(network, weights, precision="float64") == pytest.approx(expected, abs=1e-10)


@each_small_space
def test_population_and_built_networks_agree(name: str) -> None:
    space = SMALL[name]
    X = spaces.sample(space, 6, np.random.default_rng(0))
    scores = Synflow(space)(X)
    for x, score in zip(X, scores, strict=True):
        if score == -np.inf:
            with pytest.raises(SpaceError, match="no path"):
                networks.build(space, x)
        else:
            assert synflow(networks.build(space, x)) == score


@pytest.mark.parametrize("name", ["darts", "nasbench201"])
def test_objective_keeps_the_contract(name: str) -> None:
    check_objective(Synflow(SMALL[name], seeds=(0, 4)), n=8)


@pytest.mark.parametrize("init", ["kaiming_normal", "kaiming_uniform"])
def test_mean_over_seeds_tends_to_the_expectation(init: Init) -> None:
    space = SMALL["nasbench201"]
    X = spaces.sample(space, 5, np.random.default_rng(2))
    expected = synflow_expected(space.plan, space.unit_ids(X, live=True), init=init)
    sampled = Synflow(space, seeds=tuple(range(16)), init=init)(X)
    alive = np.isfinite(expected)
    assert alive.any()
    np.testing.assert_allclose(sampled[alive], expected[alive], rtol=0, atol=0.15)
    np.testing.assert_array_equal(sampled[~alive], expected[~alive])


def test_uniform_weights_are_uniform() -> None:
    made = tensors(Conv(64, 3, bias=True), (32, 4, 4), "a", seed=0, init="kaiming_uniform")
    bound = 1 / math.sqrt(32 * 9)
    for tensor in made.values():
        assert tensor.dtype == np.float32
        assert abs(tensor).max() <= bound
    w = made["a.weight"] / bound
    assert w.mean() == pytest.approx(0, abs=0.02)
    assert abs(w).mean() == pytest.approx(0.5, abs=0.01)
    assert not np.array_equal(made["a.bias"], made["a.weight"][:, 0, 0, 0])


def test_a_population_is_scored_in_parts_where_weights_are_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    space = SMALL["nasbench201"]
    X = spaces.sample(space, 9, np.random.default_rng(0))
    expected = Synflow(space)(X)
    monkeypatch.setattr(slot_weights, "MOST_WEIGHTS", 10_000)
    np.testing.assert_array_equal(Synflow(space)(X), expected)


def test_deep_networks_do_not_overflow() -> None:
    ops = [Conv(64, 3), BatchNorm(), Activation("relu")] * 330
    network = Network.of(chain((64, 8, 8), *ops))
    exact = synflow(network, init="kaiming_normal", precision="float64")
    assert 1000 < synflow(network, init="kaiming_normal") == pytest.approx(exact, abs=1e-3)


def test_no_path_scores_minus_infinity() -> None:
    space = SMALL["nasbench201"]
    assert Synflow(space)(np.zeros((2, 6), dtype=np.int64)).tolist() == [-np.inf] * 2


def test_pickled_objective_gives_the_same_scores() -> None:
    objective = Synflow(SMALL["nasbench201"], seeds=(1,))
    X = spaces.sample(objective.space, 3, np.random.default_rng(0))
    again = pickle.loads(pickle.dumps(objective))
    assert again == objective
    np.testing.assert_array_equal(again(X), objective(X))


def test_wrong_arguments_are_refused() -> None:
    network = Network.of(chain((3, 4, 4), Conv(2, 3)))
    name = "unit0_conv3_0.weight"
    with pytest.raises(ValueError, match=f"expected a tensor '{name}'"):
        synflow(network, {})
    with pytest.raises(ValueError, match=r"must have shape \(2, 3, 3, 3\), got \(2, 3\)"):
        synflow(network, {name: np.ones((2, 3))})
    with pytest.raises(ValueError, match="must be finite"):
        synflow(network, {name: np.full((2, 3, 3, 3), np.nan)})
    with pytest.raises(ValueError, match="init: expected one of"):
        synflow(network, init="zeros")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="precision: expected float32 or float64"):
        synflow(network, precision="half")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="seeds: expected at least one"):
        Synflow(SMALL["nasbench201"], seeds=())
