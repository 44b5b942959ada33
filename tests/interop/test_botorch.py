"""Hypervolume and first front of tensors against BoTorch's."""

import warnings

import numpy as np
import pytest

from pyhwnas.interop import botorch

torch = pytest.importorskip("torch")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its own dependencies, on import
    Hypervolume = pytest.importorskip("botorch.utils.multi_objective.hypervolume").Hypervolume
    is_non_dominated = pytest.importorskip("botorch.utils.multi_objective.pareto").is_non_dominated


def outcomes(rng, shape, dtype, integers):
    Y = rng.integers(-3, 4, shape) if integers else rng.normal(size=shape)
    return torch.as_tensor(Y).to(dtype)


@pytest.mark.parametrize("integers", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("shape", [(40, 2), (40, 3), (15, 5), (0, 3), (1, 2), (20, 1)])
def test_hypervolume_is_that_of_botorch(shape, dtype, integers):
    Y = outcomes(np.random.default_rng(0), shape, dtype, integers)
    ref_point = torch.full((shape[1],), -2.0, dtype=dtype)
    ours = botorch.hypervolume(Y, ref_point)
    assert ours.shape == ()
    assert ours.dtype == dtype
    front = Y[is_non_dominated(Y)]
    expected = Hypervolume(ref_point).compute(front)
    assert float(ours) == pytest.approx(expected, rel=1e-12 if dtype == torch.float64 else 1e-4)


def test_hypervolume_of_batches():
    Y = outcomes(np.random.default_rng(1), (2, 3, 12, 3), torch.float64, False)
    volumes = botorch.hypervolume(Y.requires_grad_(), [-1.0, -1.5, -2.0])
    assert volumes.shape == (2, 3)
    assert not volumes.requires_grad
    for index in np.ndindex(2, 3):
        assert volumes[index] == botorch.hypervolume(Y[index], [-1.0, -1.5, -2.0])
    assert botorch.hypervolume(torch.zeros(0, 4, 2), [0.0, 0.0]).shape == (0,)
    assert botorch.hypervolume(torch.zeros(3, 0, 2), [0.0, 0.0]).tolist() == [0.0] * 3


@pytest.mark.parametrize("deduplicate", [True, False])
@pytest.mark.parametrize("maximize", [True, False])
@pytest.mark.parametrize("integers", [True, False])
@pytest.mark.parametrize(
    "shape", [(50, 2), (50, 4), (3, 20, 3), (2, 2, 9, 2), (0, 2), (4, 0, 2), (0, 5, 2), (7, 1)]
)
def test_mask_is_that_of_botorch(shape, integers, maximize, deduplicate):
    Y = outcomes(np.random.default_rng(2), shape, torch.float32, integers)
    ours = botorch.is_non_dominated(Y, maximize, deduplicate)
    assert ours.dtype == torch.bool
    assert torch.equal(ours, is_non_dominated(Y, maximize=maximize, deduplicate=deduplicate))


def test_mask_of_large_sets():
    Y = outcomes(np.random.default_rng(3), (3000, 3), torch.float64, False)
    assert torch.equal(botorch.is_non_dominated(Y), is_non_dominated(Y))


@pytest.mark.parametrize("deduplicate", [True, False])
def test_rows_with_nan_are_dominated_and_dominate_nothing(deduplicate):
    Y = torch.tensor([[1.0, 2.0], [torch.nan, 9.0], [2.0, 1.0], [0.0, 0.0]])
    mask = botorch.is_non_dominated(torch.stack([Y, Y.flip(0)]), deduplicate=deduplicate)
    assert mask.tolist() == [[True, False, True, False], [False, True, False, True]]


def test_integers_and_views():
    Y = torch.arange(12).reshape(4, 3)
    assert botorch.is_non_dominated(Y.T).tolist() == [False, False, True]
    assert botorch.is_non_dominated(Y[::2], maximize=False).tolist() == [True, False]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_tensors_of_a_gpu_stay_there():
    Y = torch.tensor([[1.0, 2.0], [2.0, 1.0], [0.0, 0.0]], device="cuda")
    assert botorch.is_non_dominated(Y).device == Y.device
    volume = botorch.hypervolume(Y, torch.zeros(2, device="cuda"))
    assert (float(volume), volume.device) == (3.0, Y.device)


def test_bad_arguments_are_named():
    with pytest.raises(TypeError, match=r"Y must be a torch\.Tensor, got list"):
        botorch.hypervolume([[1.0]], [0.0])
    with pytest.raises(TypeError, match=r"Y must hold floating-point numbers, got torch\.int64"):
        botorch.hypervolume(torch.zeros(2, 2, dtype=torch.int64), [0.0, 0.0])
    with pytest.raises(TypeError, match=r"Y must hold real numbers, got torch\.bool"):
        botorch.is_non_dominated(torch.zeros(2, 2, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"rows of at least one objective, got \(3,\)"):
        botorch.is_non_dominated(torch.zeros(3))
    with pytest.raises(ValueError, match=r"at least one objective, got \(3, 0\)"):
        botorch.is_non_dominated(torch.zeros(3, 0))
    with pytest.raises(ValueError, match=r"ref_point must have 2 values.*got shape \(3,\)"):
        botorch.hypervolume(torch.zeros(3, 2), torch.zeros(3))
    with pytest.raises(ValueError, match="NaN"):
        botorch.hypervolume(torch.full((2, 2), torch.nan), torch.zeros(2))
