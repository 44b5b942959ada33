"""ICD through ONNX Runtime against a definition in torch and by hand."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from reference.icd_by_definition import icd_by_definition

from pyhwnas import networks, spaces
from pyhwnas.networks import Network, chain
from pyhwnas.networks.op import (
    Activation,
    AvgPool,
    BatchNorm,
    Conv,
    Crop,
    GlobalAvgPool,
    Linear,
    MaxPool,
    Shuffle,
)
from pyhwnas.proxies import ICD, icd, load_images, sample_images

RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((6, 3, 32, 32)).astype(np.float32)

SPACES = [
    spaces.MobileNetV3(resolutions=(64, 96), n_classes=10),
    spaces.NASBench101(stem_channels=8),
    spaces.NASBench201(),
]
each_space = pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)


@each_space
def test_equals_the_definition_in_training_mode(space: spaces.Space) -> None:
    pytest.importorskip("torch")
    X = [x for x in spaces.sample(space, 6, RNG) if space.unit_ids(x[None], live=True)[0, -1] >= 0]
    scores = ICD(space, IMAGES)(np.array(X))
    for x, score in zip(X, scores, strict=True):
        network = networks.build(space, x).at(IMAGES.shape[1:])
        # A value within rounding of zero may fall on either side: one bit among 1e5 or more.
        assert score == pytest.approx(icd_by_definition(network, IMAGES), rel=1e-4)
        assert score == icd(network, IMAGES)


@each_space
def test_rows_are_independent_and_objectives_pickle(space: spaces.Space) -> None:
    X = spaces.sample(space, 4, np.random.default_rng(1))
    objective = ICD(space, IMAGES)
    together = objective(X)
    again = pickle.loads(pickle.dumps(objective))
    alone = np.concatenate([again(x[None]) for x in X[::-1]])[::-1]
    assert np.array_equal(together, alone, equal_nan=True)


def test_crops_and_shuffles_follow_the_definition() -> None:
    pytest.importorskip("torch")
    ops = (Conv(8, 3), Crop(1), BatchNorm(), Conv(8, groups=2), Shuffle(2), Conv(8, 3, groups=4))
    network = Network.of(chain((3, 9, 9), *ops, GlobalAvgPool(), Linear(4)))
    images = RNG.standard_normal((5, 3, 9, 9)).astype(np.float32)
    assert icd(network, images) == pytest.approx(icd_by_definition(network, images), rel=1e-4)


def test_every_reader_of_a_tensor_counts_it() -> None:
    images = np.array([[[[1.0, -1.0]]], [[[1.0, 1.0]]]], dtype=np.float32)
    pool = Network.of(chain((1, 1, 2), Activation("relu"), AvgPool(1), MaxPool(1)))
    # Codes 10 and 11, read by three operations: each image is 1/2 * sqrt(3) from the centre.
    assert icd(pool, images) == pytest.approx(0.5 * 3**0.5)


def test_network_without_a_path_has_no_score() -> None:
    space = SPACES[-1]
    assert np.isnan(ICD(space, IMAGES)(np.zeros((1, 6), dtype=np.int64))).all()


def test_equal_images_are_at_distance_zero() -> None:
    network = Network.of(
        chain((3, 8, 8), Conv(4, 3), BatchNorm(), Activation("relu"), GlobalAvgPool(), Linear(2))
    )
    images = np.repeat(RNG.standard_normal((1, 3, 8, 8)).astype(np.float32), 4, axis=0)
    assert icd(network, images) == 0.0


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((1, 3, 8, 8)),
        np.zeros((4, 1, 8, 8)),
        np.zeros((4, 3, 8)),
        np.full((4, 3, 8, 8), np.nan),
    ],
)
def test_wrong_images_are_refused(images: np.ndarray) -> None:
    with pytest.raises(ValueError, match="images: expected"):
        ICD(SPACES[-1], images)


def test_sample_images_are_fixed_and_standardised() -> None:
    pytest.importorskip("matplotlib")
    batch = sample_images(8, 48)
    assert batch.shape == (8, 3, 48, 48)
    assert batch.dtype == np.float32
    assert np.abs(batch.mean(axis=(0, 2, 3))).max() < 1e-4
    assert (batch == sample_images(8, 48)).all()
    assert (batch != sample_images(8, 48, seed=1)).any()


def test_image_folders(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    for i in range(3):
        pixels = RNG.integers(0, 255, (20 + i, 30, 3), dtype=np.uint8)
        image.fromarray(pixels).save(tmp_path / f"{i}.png")
    (tmp_path / "notes.txt").write_text("not an image")
    assert load_images(tmp_path, 3, 16).shape == (3, 3, 16, 16)
    with pytest.raises(ValueError, match="expected at least 4 images"):
        load_images(tmp_path, 4, 16)
    (tmp_path / "0.jpg").write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"cannot read .*0\.jpg"):
        load_images(tmp_path, 4, 16)
    with pytest.raises(ValueError, match="expected a folder"):
        load_images(tmp_path / "nowhere")
