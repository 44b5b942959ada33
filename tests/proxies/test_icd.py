"""ICD through ONNX Runtime against a definition in torch and by hand."""

from __future__ import annotations

import re

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from reference.icd_by_definition import icd_by_definition, icd_of, values_of

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
from pyhwnas.proxies import ICD, icd

RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((6, 3, 16, 16)).astype(np.float32)

SPACES = [
    spaces.MobileNetV3(resolutions=(64, 96), n_classes=10),
    spaces.NASBench101(stem_channels=8, resolution=16),
    spaces.NASBench201(resolution=16),
]
each_space = pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)


@each_space
def test_equals_the_definition_in_training_mode(space: spaces.Space) -> None:
    pytest.importorskip("torch")
    X = spaces.sample(space, 6, RNG)
    X = X[space.unit_ids(X, live=True)[:, -1] >= 0][:3]
    for x, score in zip(X, ICD(space, IMAGES)(X), strict=True):
        network = networks.build(space, x).at(IMAGES.shape[1:])
        # A value within rounding of zero may fall on either side: one bit among 1e4 or more.
        assert score == pytest.approx(icd_by_definition(network, IMAGES), rel=1e-4)
    assert score == icd(network, IMAGES)


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


def test_reference_containers_count_what_enters_modules() -> None:
    pytest.importorskip("torch")
    space = SPACES[-1]
    X = spaces.sample(space, 3, np.random.default_rng(2))
    for x, score in zip(X, ICD(space, IMAGES, reference_containers=True)(X), strict=True):
        network = networks.build(space, x)
        values = values_of(network, IMAGES, 0)
        readers = [node for node in network.graph.nodes if not str(node.op).startswith("add")]
        tensors = [values[0], *(values[node.inputs[0]] for node in readers)]
        position, value, groups = {-1: 0}, 0, set()
        for number, block in enumerate(network.blocks):
            value += len(block.unit.nodes)
            source = position[block.inputs[0]]
            position[number] = value if block.unit.nodes else source
            if re.search("_node[23]$", block.name):
                continue
            tensors += [values[source]] * (2 if len(block.unit.nodes) > 1 else 1)
            if "cell" in block.group and block.group not in groups:
                tensors.append(values[source])
            groups.add(block.group)
        assert score == pytest.approx(icd_of(tensors), rel=1e-4)
