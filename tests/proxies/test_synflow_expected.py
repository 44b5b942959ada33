"""Expected Synflow on real spaces; the kernel itself is tested in tests/kernels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyhwnas import networks, spaces
from pyhwnas.errors import SpaceError
from pyhwnas.networks import Activation, BatchNorm, Conv, Linear, chain
from pyhwnas.proxies import SynflowExpected, is_exact, synflow_expected

SPACES = [
    spaces.MobileNetV3(resolutions=(64, 96), n_classes=10),
    spaces.NASBench101(stem_channels=16),
    spaces.NASBench201(),
]
each_space = pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)


@each_space
def test_population_and_built_networks_agree(space: spaces.Space) -> None:
    X = spaces.sample(space, 340, np.random.default_rng(0))
    scores = SynflowExpected(space)(X)
    for x, score in zip(X[::8], scores[::8], strict=True):
        if score == -np.inf:
            with pytest.raises(SpaceError, match="no path"):
                networks.build(space, x)
        else:
            alone = synflow_expected(networks.build(space, x))
            # A network of its own is scaled at other places: rounding, not bits.
            assert alone[0] == pytest.approx(score, abs=1e-9)


def test_a_population_is_scored_without_building_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(network: networks.Network) -> None:
        raise AssertionError("a network was built")

    monkeypatch.setattr(networks.Network, "__post_init__", refuse)
    space = spaces.NASBench201()
    scores = SynflowExpected(space)(space.all())
    assert scores.shape == (15_625,)
    # Many cells are the same once skips and zeros are resolved.
    assert len(np.unique(scores.round(9))) < 5000


def test_two_linear_layers_by_hand() -> None:
    unit = chain((3,), Linear(4, bias=False), Linear(2, bias=False))
    # E|w| = 1 / (2 sqrt(fan_in)); R = 2 * (4 m2) * (3 m1); each of two layers adds R once.
    total = 2 * (4 * 0.5 / 2) * (3 * 0.5 / 3**0.5) * 2
    assert synflow_expected(unit)[0] == pytest.approx(np.log(total))


def test_deep_chains_do_not_overflow() -> None:
    ops = [Conv(512, 3, bias=False), BatchNorm(), Activation("relu")] * 400
    score = synflow_expected(chain((512, 8, 8), *ops))[0]
    assert np.isfinite(score)
    assert score > 1000


def test_no_path_scores_minus_infinity() -> None:
    space = SPACES[-1]
    assert SynflowExpected(space)(np.zeros((2, 6), dtype=np.int64)).tolist() == [-np.inf] * 2


def test_exactness_is_known() -> None:
    assert is_exact(spaces.NASBench201().plan)
    assert not is_exact(spaces.NASBench101().plan)  # max pooling
    assert not is_exact(spaces.MobileNetV3(resolutions=(64,)).plan)  # gates


def test_wrong_arguments_are_refused() -> None:
    plan = spaces.NASBench201().plan
    with pytest.raises(SpaceError, match="unit_ids"):
        synflow_expected(plan)
    with pytest.raises(SpaceError, match="unit_ids"):
        synflow_expected(plan.units[-1], np.zeros((1, 1), dtype=np.int32))


@pytest.mark.data
def test_ranks_as_the_published_column_does(data: Path) -> None:
    stats = pytest.importorskip("scipy.stats")
    published = np.load(data / "nb201_zc_freerea_full.npz")["cifar10_synflow"]
    space = spaces.NASBench201()
    # The published scores come from networks with He's normal weights, three of them each.
    scores = SynflowExpected(space, init="kaiming_normal", threads=2)(space.all())
    connected = np.isfinite(scores)
    assert (~connected).sum() == 341
    usable = connected & (published > 0)
    assert stats.spearmanr(scores[usable], published[usable])[0] > 0.999
