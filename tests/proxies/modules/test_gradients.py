"""Scores from gradients against their definitions in float64."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from reference import modules_by_definition
from torch.nn import functional

from pyhwnas import networks
from pyhwnas.errors import EvaluationError
from pyhwnas.proxies import modules
from tests.proxies.modules.examples import NETWORKS, POSITIVE, SHAPE, SIGNED, NoPath, make

RNG = np.random.default_rng(0)
IMAGES = torch.from_numpy(RNG.standard_normal((6, *SHAPE)))
LABELS = torch.from_numpy(RNG.integers(0, 4, 6))
SHARED = ("snip", "grad_norm", "plain", "fisher")
BY_HAND = POSITIVE | SIGNED
by_hand = pytest.mark.parametrize("name", BY_HAND)


def defined(score: str, model: torch.nn.Module, *arguments: object) -> float:
    definition = getattr(modules_by_definition, score)
    with pytest.MonkeyPatch.context() as patch:
        if score == "grasp":  # torch cannot differentiate the other form twice
            patch.setattr(functional, "hardsigmoid", lambda x: functional.relu6(x + 3) / 6)
        return definition(copy.deepcopy(model), *arguments)


@by_hand
def test_four_scores_of_one_pass_equal_their_definitions(name: str) -> None:
    model = make(BY_HAND[name])
    scores = modules.gradient_scores(model, IMAGES, LABELS)
    assert tuple(scores) == SHARED
    for score in SHARED:
        if score == "fisher" and name == "layer_norm":
            continue  # a linear layer over positions, of which the definition knows nothing
        expected = defined(score, model, IMAGES, LABELS)
        assert scores[score] == pytest.approx(expected, rel=1e-10, abs=1e-14)
        assert getattr(modules, score)(model, IMAGES, LABELS) == scores[score]


@by_hand
def test_grasp_zico_and_jacobians_equal_their_definitions(name: str) -> None:
    model = make(BY_HAND[name])
    expected = defined("grasp", model, IMAGES, LABELS)
    assert modules.grasp(model, IMAGES, LABELS) == pytest.approx(expected, rel=1e-10, abs=1e-14)
    expected = defined("jacob_cov", model, IMAGES)
    # An eigenvalue beside 0 adds 1e5, of which rounding in the solvers leaves ten digits.
    assert modules.jacob_cov(model, IMAGES) == pytest.approx(expected, rel=1e-7)
    for batches in (2, 3):
        expected = defined("zico", model, IMAGES, LABELS, batches)
        got = modules.zico(model, IMAGES, LABELS, batches=batches)
        assert got == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_spaces_follow_the_definitions(name: str) -> None:
    network = NETWORKS[name]
    model = networks.to_torch(network).double()
    images = torch.from_numpy(RNG.standard_normal((4, *network.input_shape)))
    labels = torch.from_numpy(RNG.integers(0, 10, 4))
    scores = modules.gradient_scores(model, images, labels) | {
        "grasp": modules.grasp(model, images, labels)
    }
    for score, value in scores.items():
        # Second derivatives of batch normalisation lose digits beside huge first ones.
        rel = 1e-7 if score == "grasp" else 1e-10
        assert value == pytest.approx(defined(score, model, images, labels), rel=rel, abs=1e-12)
    expected = defined("zico", model, images, labels, 2)
    assert modules.zico(model, images, labels) == pytest.approx(expected, rel=1e-8)
    assert modules.jacob_cov(model, images) == pytest.approx(
        defined("jacob_cov", model, images), rel=1e-6
    )


def test_a_linear_layer_over_positions_has_its_channels_last() -> None:
    model = torch.nn.Sequential(
        torch.nn.Flatten(2), torch.nn.Linear(64, 2), torch.nn.Flatten(), torch.nn.Linear(6, 4)
    ).double()
    kept = []
    model[1].register_forward_hook(lambda _, __, output: kept.append(output))
    loss = torch.nn.functional.cross_entropy(model(IMAGES), LABELS)
    (gradient,) = torch.autograd.grad(loss, kept)
    inner = ((kept[0] * gradient).sum(1) ** 2).mean(0).sum().item() / 2 * 64
    head = defined("fisher", model[3:], kept[0].detach().flatten(1), LABELS)
    assert modules.fisher(model, IMAGES, LABELS) == pytest.approx(inner + head)


def test_frozen_weights_count() -> None:
    model = make(POSITIVE["plain"])
    expected = modules.gradient_scores(model, IMAGES, LABELS)
    model.requires_grad_(False)
    with torch.inference_mode():
        assert modules.gradient_scores(model, IMAGES, LABELS) == expected


def test_without_a_path_gradients_are_zero_and_jacobians_have_no_correlation() -> None:
    model = make(NoPath)
    assert set(modules.gradient_scores(model, IMAGES, LABELS).values()) == {0.0}
    assert modules.grasp(model, IMAGES, LABELS) == 0.0
    assert math.isnan(modules.zico(model, IMAGES, LABELS))
    assert math.isnan(modules.jacob_cov(model, torch.zeros_like(IMAGES)))


def test_what_overflows_is_nan() -> None:
    model = make(POSITIVE["plain"]).float()
    with torch.no_grad():
        model[-1].weight.fill_(1e38)
    scores = modules.gradient_scores(model, 1e3 * IMAGES, LABELS)
    assert all(math.isnan(score) for score in scores.values())
    assert math.isnan(modules.grasp(model, 1e3 * IMAGES, LABELS))


def test_random_parts_are_seeded() -> None:
    model = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(192, 8), torch.nn.Dropout(), torch.nn.Linear(8, 4)
    )
    before = torch.get_rng_state()
    scores = [modules.snip(model, IMAGES, LABELS, seed=seed) for seed in (0, 0, 1)]
    assert scores[0] == scores[1] != scores[2]
    assert torch.equal(before, torch.get_rng_state())


def test_lists_and_arrays_serve_as_batches() -> None:
    model = make(POSITIVE["plain"]).float()
    images = IMAGES.numpy().astype(np.float32)
    images.flags.writeable = False
    expected = modules.snip(model, IMAGES, LABELS)
    assert modules.snip(model, images, LABELS.tolist()) == expected


@pytest.mark.parametrize(
    ("images", "labels", "error", "message"),
    [
        (IMAGES[:0], LABELS[:0], ValueError, r"images: expected \(n >= 1"),
        (IMAGES[:, :1], LABELS, EvaluationError, r"Sequential on input \(., 1, 8, 8\) failed"),
        (IMAGES * np.nan, LABELS, ValueError, "images: expected finite"),
        (IMAGES, LABELS[:5], ValueError, "labels: expected 6 integers"),
        (IMAGES, LABELS.double(), ValueError, "labels: expected 6 integers"),
        (IMAGES, LABELS + 4, ValueError, "labels: expected 0 to 3, the classes of the model"),
        (IMAGES, LABELS - 4, ValueError, "labels: expected class numbers from 0"),
    ],
)
def test_wrong_batches_are_refused(images, labels, error, message) -> None:
    model = make(POSITIVE["plain"])
    for score in (modules.snip, modules.grasp, modules.zico):
        if score is modules.zico and not len(images):
            message = r"images: expected \(n >= 2"
        with pytest.raises(error, match=message):
            score(model, images, labels)


def test_wrong_settings_are_refused() -> None:
    model = make(POSITIVE["plain"])
    with pytest.raises(ValueError, match="scores: expected some of snip"):
        modules.gradient_scores(model, IMAGES, LABELS, ("magic",))
    for batches in (1, 4):
        with pytest.raises(ValueError, match="batches: expected at least 2 and a divisor of 6"):
            modules.zico(model, IMAGES, LABELS, batches=batches)
    with pytest.raises(ValueError, match=r"images: expected \(n >= 2"):
        modules.jacob_cov(model, IMAGES[:1])
    with pytest.raises(ValueError, match="model: expected logits"):
        modules.snip(model[:3], IMAGES, LABELS)
