"""NASWOT through ONNX Runtime against a definition in torch and by hand."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from reference.icd_by_definition import naswot_by_definition

from pyhwnas import networks, spaces
from pyhwnas.networks import Network, chain, place
from pyhwnas.networks.op import Activation, BatchNorm, Conv, GlobalAvgPool, Linear
from pyhwnas.proxies import ICD, NASWOT, halved, naswot
from pyhwnas.testing import check_objective

IMAGES = np.random.default_rng(0).standard_normal((6, 3, 16, 16)).astype(np.float32)

SPACES = [
    spaces.MobileNetV3(resolutions=(64, 96), n_classes=10),
    spaces.NASBench101(stem_channels=8, resolution=16),
    spaces.NASBench201(resolution=16),
]
each_space = pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)


@each_space
def test_equals_the_definition_in_training_mode(space: spaces.Space) -> None:
    pytest.importorskip("torch")
    X = spaces.sample(space, 4, np.random.default_rng(3))
    X = X[space.unit_ids(X, live=True)[:, -1] >= 0][:2]
    for x, score in zip(X, NASWOT(space, IMAGES)(X), strict=True):
        network = networks.build(space, x).at(IMAGES.shape[1:])
        # A value within rounding of zero may fall on either side: one bit among 1e4 or more.
        assert score == pytest.approx(naswot_by_definition(network, IMAGES), rel=1e-4)
    assert score == naswot(network, IMAGES)


def test_keeps_the_contract_of_objectives() -> None:
    check_objective(NASWOT(SPACES[-1], IMAGES[:4, :, ::2, ::2], threads=2), n=5)


def test_agreement_by_hand() -> None:
    images = np.array([[[[1.0, -1.0, 2.0]]], [[[1.0, 3.0, 0.0]]]], dtype=np.float32)
    rectifiers = [Activation("relu"), Activation("hswish"), Activation("hsigmoid")]
    # Both rectifiers see the codes 101 and 110, the gate's do not count: K = 2 [[3, 1], [1, 3]].
    assert naswot(Network.of(chain((1, 1, 3), *rectifiers)), images) == pytest.approx(np.log(32))


def test_networks_that_tell_nothing_apart() -> None:
    space = SPACES[-1]
    assert NASWOT(space, IMAGES)(np.zeros((1, 6), dtype=np.int64)).tolist() == [-np.inf]
    linear = Network.of(chain((3, 8, 8), Conv(4, 3), BatchNorm(), GlobalAvgPool(), Linear(2)))
    assert naswot(linear, IMAGES[:, :, :8, :8]) == -np.inf
    rectified = Network.of(chain((3, 8, 8), Conv(4, 3), Activation("relu")))
    twins = np.repeat(IMAGES[:1, :, :8, :8], 3, axis=0)
    assert naswot(rectified, twins) == -np.inf


def test_rows_as_written_count_what_leads_nowhere() -> None:
    pytest.importorskip("torch")
    space, images = SPACES[-1], IMAGES
    X = np.array([[3, 0, 0, 1, 0, 0], [2, 3, 0, 1, 0, 0]])
    written, live = NASWOT(space, images, live=False)(X), NASWOT(space, images)(X)
    assert (written != live).all()
    for ids, score in zip(space.unit_ids(X), written, strict=True):
        network = Network(place(space.plan, ids))
        assert score == pytest.approx(naswot_by_definition(network, images), rel=1e-4)
    # An edge that starts where nothing arrives, with and without one that needs it.
    X = np.array([[0, 1, 3, 1, 0, 2], [0, 1, 0, 1, 0, 2], [0, 0, 3, 0, 2, 1]])
    passed_over, left_out, no_path = NASWOT(space, images, live=False)(X)
    assert passed_over == left_out == NASWOT(space, images)(X)[1]
    assert no_path == -np.inf


@pytest.mark.data
def test_rows_as_written_are_ranked_as_published(data: Path) -> None:
    stats, image = pytest.importorskip("scipy.stats"), pytest.importorskip("PIL.Image")
    space = spaces.NASBench201()
    rows = np.random.default_rng(8).permutation(15625)[:60]
    published = np.load(data / "nb201_zc_freerea_full.npz")["cifar10_naswot"][rows]
    with np.load(data / "cifar10_jpeg_all60k.npz") as file:
        stream, offsets = file["test_jpeg"].tobytes(), file["test_off"]
    files = [stream[offsets[i] : offsets[i + 1]] for i in range(0, 10000, 313)]
    pixels = np.stack([np.asarray(image.open(io.BytesIO(f)), dtype=np.float32) for f in files])
    images = halved((pixels.transpose(0, 3, 1, 2) - 121.0) / 64.0)
    scores = NASWOT(space, images, live=False)(space.all()[rows])
    assert stats.spearmanr(scores, published)[0] > 0.98


def test_presets_take_images_from_the_front() -> None:
    space = spaces.NASBench201(resolution=8)
    images = np.random.default_rng(1).standard_normal((70, 3, 8, 8)).astype(np.float32)
    for score in (NASWOT, ICD):
        np.testing.assert_array_equal(score.reference(space, images).images, images[:64])
        fast = score.fast(space, images, seed=4, threads=2)
        assert fast.images.shape == (32, 3, 4, 4)
        assert (fast.seed, fast.threads) == (4, 2)
        with pytest.raises(ValueError, match="images: expected at least 64, got 40"):
            score.reference(space, images[:40])
