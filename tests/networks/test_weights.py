from __future__ import annotations

import numpy as np

from pyhwnas.networks import BatchNorm, Conv, Linear, Network, chain, weights
from tests.networks.examples import random_networks


def test_narrow_layers_are_slices_of_wide_ones_up_to_their_fan_in() -> None:
    narrow = weights.tensors(Conv(8, 3, bias=True), (6, 4, 4), "a", seed=3)
    wide = weights.tensors(Conv(32, 3, bias=True), (24, 4, 4), "a", seed=3)
    scale = np.sqrt(24 / 6)
    np.testing.assert_allclose(
        narrow["a.weight"], wide["a.weight"][:8, :6] * scale, rtol=1e-6, atol=0
    )
    assert (narrow["a.bias"] == 0).all()


def test_seed_name_and_nothing_else_make_a_tensor() -> None:
    (network,) = random_networks("nasbench201", 1)
    one, same, other = (weights.initial(network, seed=seed) for seed in (1, 1, 2))
    assert one.keys() == other.keys()
    assert all((one[name] == same[name]).all() for name in one)
    matrices = [name for name in one if one[name].ndim > 1]
    assert all((one[name] != other[name]).mean() > 0.99 for name in matrices)
    assert len({one[name].tobytes() for name in matrices}) == len(matrices)


def test_weights_are_normal_with_variance_two_over_fan_in() -> None:
    w = weights.tensors(Conv(64, 3), (64, 4, 4), "a", seed=0)["a.weight"]
    w = w.astype(np.float64) * np.sqrt(64 * 9 / 2)
    assert abs(w.mean()) < 0.02
    assert abs(w.std() - 1) < 0.02
    assert abs((w**4).mean() - 3) < 0.2
    # Neighbours know nothing of each other, along any axis.
    for axis in range(w.ndim):
        first, second = np.delete(w, -1, axis).ravel(), np.delete(w, 0, axis).ravel()
        assert abs(np.corrcoef(first, second)[0, 1]) < 0.02


def test_grouped_fan_in_and_names_and_types() -> None:
    unit = chain((8, 4, 4), Conv(8, 3, groups=8), BatchNorm())
    made = weights.initial(Network.of(unit))
    assert {name: tensor.shape for name, tensor in made.items()} == {
        "unit0_groupconv3_0.weight": (8, 1, 3, 3),
        "unit0_bn_0.weight": (8,),
        "unit0_bn_0.bias": (8,),
        "unit0_bn_0.running_mean": (8,),
        "unit0_bn_0.running_var": (8,),
    }
    assert {tensor.dtype for tensor in made.values()} == {np.dtype(np.float32)}
    linear = weights.tensors(Linear(5, bias=False), (7,), "a", seed=0)
    assert {name: tensor.shape for name, tensor in linear.items()} == {"a.weight": (5, 7)}
