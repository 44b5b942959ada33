"""A score of modules as a column of a space."""

from __future__ import annotations

import functools
import math
import pickle

import numpy as np
import pytest
import torch

from pyhwnas import Problem, Search, networks, optimizers, spaces
from pyhwnas.errors import EvaluationError, SpaceError
from pyhwnas.proxies import modules
from pyhwnas.proxies.modules import MEASURES, Measure, ModuleScore, together
from pyhwnas.testing import check_objective
from tests.latency.toy import Toy

SPACE = Toy()
RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((4, 3, 8, 8), dtype=np.float32)
LABELS = RNG.integers(0, 10, 4)
X = np.array([[2, 2], [0, 0], [1, 3]])
QUICK = MEASURES | {
    "zen": Measure("zen", functools.partial(modules.zen, repeats=1, batch=4), "shape")
}


def weighs_little(model: torch.nn.Module) -> float:
    if modules.params(model) > 1000:
        raise RuntimeError("too heavy")
    return 1.0


@pytest.mark.parametrize(("name", "init"), [*((name, "he") for name in QUICK), ("snip", "torch")])
def test_keeps_the_promises_of_an_objective(name: str, init: str) -> None:
    objective = ModuleScore(SPACE, QUICK[name], IMAGES, LABELS, init=init)
    assert (objective.name, objective.sense, objective.cost) == (name, "max", "expensive")
    check_objective(objective, n=4)


def test_several_at_once_are_each_alone() -> None:
    names = ("l2_norm", "fisher", "jacob_cov", "plain", "snip", "grad_norm")
    scores = [ModuleScore(SPACE, MEASURES[name], IMAGES, LABELS) for name in names]
    values, errors = together(scores, X)
    assert not errors
    for score, column in zip(scores, values.T, strict=True):
        assert np.array_equal(score(X), column, equal_nan=True)


def test_of_several_scores_one_may_fail() -> None:
    light = Measure("light", weighs_little, "weights")
    scores = [ModuleScore(SPACE, m, IMAGES) for m in (light, MEASURES["l2_norm"])]
    values, errors = together(scores, X)
    assert np.isnan(values).tolist() == [[True, False], [True, True], [False, False]]
    assert list(errors) == [0]
    unlike = ModuleScore(SPACE, MEASURES["l2_norm"], IMAGES, seed=1)
    for wrong in ([], [scores[0], unlike], [scores[0], ModuleScore(SPACE, light, IMAGES[:2])]):
        with pytest.raises(ValueError, match="scores: expected one or more that differ in"):
            together(wrong, X)


def test_is_the_score_of_each_network() -> None:
    for init in ("he", "torch"):
        objective = ModuleScore(SPACE, MEASURES["snip"], IMAGES, LABELS, seed=3, init=init)
        network = networks.build(SPACE, X[0])
        assert objective(X)[0] == modules.snip(objective.module(network), IMAGES, LABELS)
    model = networks.to_torch(networks.build(SPACE, X[0]), seed=3)
    shared = ModuleScore(SPACE, MEASURES["snip"], IMAGES, LABELS, seed=3)
    assert shared(X)[0] == modules.snip(model, IMAGES, LABELS)


def test_default_initialisation_is_torchs() -> None:
    objective = ModuleScore(SPACE, MEASURES["snip"], IMAGES, LABELS, init="torch")
    before = torch.get_rng_state()
    model = objective.module(networks.build(SPACE, X[0]))
    assert torch.equal(before, torch.get_rng_state())
    stem = next(model.children()).weight
    assert 0.9 / math.sqrt(27) < stem.abs().max() <= 1 / math.sqrt(27)
    again = objective.module(networks.build(SPACE, X[0]))
    other = objective.module(networks.build(SPACE, X[2]))
    assert stem.equal(next(again.children()).weight)
    assert not stem.equal(next(other.children()).weight)


def test_images_set_the_size() -> None:
    space = spaces.MobileNetV3(resolutions=(64,), n_classes=10, width=0.35)
    row = spaces.sample(space, 1, RNG)
    model = networks.to_torch(networks.build(space, row[0]))
    got = ModuleScore(space, MEASURES["log_synflow"], IMAGES)(row)[0]
    assert got == pytest.approx(modules.log_synflow(model, (3, 8, 8)))


def test_rows_without_a_path() -> None:
    assert np.isnan(ModuleScore(SPACE, MEASURES["snip"], IMAGES, LABELS)(X)[1])
    synflow = Measure("synflow", modules.synflow, "shape", without_path=-math.inf)
    assert ModuleScore(SPACE, synflow, IMAGES)(X)[1] == -math.inf


def test_failed_rows_are_flagged_and_the_others_kept() -> None:
    objective = ModuleScore(SPACE, Measure("light", weighs_little, "weights"), IMAGES)
    with pytest.raises(EvaluationError, match="objective light failed on 1 of 3 rows") as caught:
        objective(X)
    assert list(caught.value.errors) == [0]
    assert "too heavy" in caught.value.errors[0]
    assert caught.value.values[2] == 1.0
    history = Search(Problem(SPACE, (objective,)), optimizers.Random(), seed=0).run(6)
    assert len(history) == 6


def test_threads_are_set_and_set_back() -> None:
    seen = []

    def watch(model: torch.nn.Module) -> float:
        seen.append(torch.get_num_threads())
        return 0.0

    before = torch.get_num_threads()
    ModuleScore(SPACE, Measure("watch", watch, "weights"), IMAGES, threads=before + 1)(X)
    assert seen == [before + 1] * 2
    assert torch.get_num_threads() == before


def test_pickles_and_keeps_its_batch() -> None:
    images = IMAGES.copy()
    objective = ModuleScore(SPACE, MEASURES["grad_norm"], images, LABELS.tolist())
    expected = objective(X)
    images[:] = 0
    assert np.array_equal(objective(X), expected, equal_nan=True)
    again = pickle.loads(pickle.dumps(objective))
    assert np.array_equal(again(X), expected, equal_nan=True)


def test_a_measure_takes_what_it_needs() -> None:
    model = networks.to_torch(networks.build(SPACE, X[0]))
    assert MEASURES["l2_norm"](model, IMAGES) == modules.l2_norm(model)
    assert MEASURES["jacob_cov"](model, IMAGES) == modules.jacob_cov(model, IMAGES)
    with pytest.raises(ValueError, match="snip: expected labels beside the images"):
        MEASURES["snip"](model, IMAGES)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"images": IMAGES[:, :1]}, r"images: expected \(n >= 1, 3, height, width\)"),
        ({"images": IMAGES[:0]}, "images: expected"),
        ({"images": IMAGES * np.nan}, "images: expected finite"),
        ({"labels": None}, "labels: snip needs one for each image"),
        ({"labels": LABELS[:2]}, "labels: expected 4 integers"),
        ({"labels": LABELS + 0.5}, "labels: expected 4 integers"),
        ({"init": "ones"}, "init: expected 'he' or 'torch'"),
        ({"threads": 0}, "threads: expected at least 1"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModuleScore(SPACE, MEASURES["snip"], **({"images": IMAGES, "labels": LABELS} | settings))


def test_a_space_without_networks_is_refused() -> None:
    class NoPlan(spaces.PlainSpace):
        name = "no_plan"
        genes = (spaces.Gene("a", 2),)

    with pytest.raises(SpaceError, match="space no_plan has no plan"):
        ModuleScore(NoPlan(), MEASURES["snip"], IMAGES, LABELS)
