"""A module comes back as it was, whatever happens."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from pyhwnas.errors import EvaluationError
from pyhwnas.proxies import modules
from tests.proxies.modules.examples import POSITIVE, SHAPE, SIGNED, make

IMAGES = np.random.default_rng(0).standard_normal((6, *SHAPE))
LABELS = np.arange(6) % 4
SCORES: dict[str, Callable[[nn.Module], object]] = {
    "gradient_scores": lambda model: modules.gradient_scores(model, IMAGES, LABELS),
    "grasp": lambda model: modules.grasp(model, IMAGES, LABELS),
    "zico": lambda model: modules.zico(model, IMAGES, LABELS),
    "jacob_cov": lambda model: modules.jacob_cov(model, IMAGES),
    "icd": lambda model: modules.icd(model, IMAGES),
    "icd_containers": lambda model: modules.icd(model, IMAGES, reference_containers=True),
    "naswot": lambda model: modules.naswot(model, IMAGES),
    "zen": lambda model: modules.zen(model, SHAPE, repeats=2, batch=2),
    "synflow": lambda model: modules.synflow(model, SHAPE),
    "log_synflow": lambda model: modules.log_synflow(model, SHAPE),
    "l2_norm": modules.l2_norm,
    "params": modules.params,
    "macs": lambda model: modules.macs(model, SHAPE),
}


def state(model: nn.Module) -> dict[str, object]:
    """Everything of a module and of torch that a score may leave changed."""
    parts = dict(model.named_modules())
    return {
        "tensors": {name: tensor.clone() for name, tensor in model.state_dict().items()},
        "parameters": {name: id(tensor) for name, tensor in model.named_parameters()},
        "gradients": {
            name: None if p.grad is None else p.grad.clone() for name, p in model.named_parameters()
        },
        "requires": {name: p.requires_grad for name, p in model.named_parameters()},
        "modes": {name: part.training for name, part in parts.items()},
        "attributes": {name: sorted(part.__dict__) for name, part in parts.items()},
        "hooks": {
            (name, key): len(value)
            for name, part in parts.items()
            for key, value in part.__dict__.items()
            if "hooks" in key and isinstance(value, dict)
        },
        "forward": {name: part.forward for name, part in parts.items()},
        "random": torch.get_rng_state(),
        "numpy": np.random.get_state()[1].copy(),  # noqa: NPY002 (it is what must not move)
        "grad": torch.is_grad_enabled(),
        "threads": torch.get_num_threads(),
    }


def assert_same(a: object, b: object) -> None:
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, torch.Tensor):
        assert a.dtype == b.dtype
        assert a.equal(b)
    elif isinstance(a, np.ndarray):
        assert np.array_equal(a, b)
    else:
        assert a == b


def used(model: nn.Module) -> nn.Module:
    """Give a module gradients, mixed modes, frozen weights, hooks and methods of its own."""
    model(torch.from_numpy(IMAGES)).sum().backward()
    children = list(model.children())
    children[0].eval()
    next(children[-1].parameters()).requires_grad_(False)
    model.register_forward_hook(lambda *_: None)
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            own = part.forward
            part.forward = lambda x, own=own: own(x)
    return model


@pytest.mark.parametrize("example", ["plain", "branches", "twice", "layer_norm"])
@pytest.mark.parametrize("score", SCORES)
def test_nothing_is_left_behind(score: str, example: str) -> None:
    model = used(make((POSITIVE | SIGNED)[example]))
    before = state(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Synflow may fall back
        SCORES[score](model)
    assert_same(state(model), before)


class Fails(nn.Module):
    """Fails in its head, or on its second run."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.body = make(POSITIVE["plain"])
        self.at = at
        self.runs = [0]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.runs[0] += 1
        x = self.body(x)
        if self.runs[0] == self.at:
            raise RuntimeError("out of cheese")
        return x


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("score", [name for name in SCORES if name not in ("l2_norm", "params")])
def test_nothing_is_left_behind_by_a_failure(score: str, at: int) -> None:
    model = Fails(at)
    before = state(model)
    if at == 1:
        with pytest.raises(EvaluationError, match=r"forward of Fails .* failed: out of cheese"):
            SCORES[score](model)
    elif score in ("zico", "zen"):
        with pytest.raises(EvaluationError, match="out of cheese"):
            SCORES[score](model)
    assert_same(state(model), before)


def test_the_users_settings_do_not_matter() -> None:
    model = make(POSITIVE["plain"])
    expected = modules.gradient_scores(model, IMAGES, LABELS)
    with torch.no_grad():
        assert modules.gradient_scores(model, IMAGES, LABELS) == expected
        assert not torch.is_grad_enabled()
    assert modules.gradient_scores(model.eval(), IMAGES, LABELS) == expected
    torch.manual_seed(5)
    assert modules.gradient_scores(model, IMAGES, LABELS) == expected


def test_what_is_no_module_or_has_no_layers_is_refused() -> None:
    for score in SCORES.values():
        if score is modules.params:
            continue
        with pytest.raises(TypeError, match=r"model: expected a torch.nn.Module, got int"):
            score(3)
        with pytest.raises(ValueError, match="expected convolutions or linear layers, got none"):
            score(nn.Sequential(nn.BatchNorm2d(3), nn.ReLU()))
    tied = nn.Sequential(nn.Flatten(), nn.utils.parametrizations.weight_norm(nn.Linear(192, 4)))
    with pytest.raises(ValueError, match=r"the weight of layer '1' is computed"):
        modules.snip(tied, IMAGES, LABELS)


def test_several_results_are_refused() -> None:
    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = make(POSITIVE["plain"])

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return self.body(x), x

    with pytest.raises(EvaluationError, match="expected one tensor, got tuple"):
        modules.snip(Pair(), IMAGES, LABELS)
    with pytest.raises(EvaluationError, match="expected one tensor, got tuple"):
        modules.synflow(Pair(), SHAPE)
