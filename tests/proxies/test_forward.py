"""Rows as a tree: what is shared changes no bit, and a failure is its rows' alone."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from pyhwnas import spaces
from pyhwnas.errors import EvaluationError
from pyhwnas.networks import INPUT, Activation, Conv, Crop, Plan, Slot, chain
from pyhwnas.proxies import ICD, NASWOT
from pyhwnas.proxies.codes import SignCodes
from pyhwnas.proxies.forward import Forward
from pyhwnas.proxies.naswot import rectifier_counts

SPACE = spaces.NASBench201(resolution=8)
IMAGES = np.random.default_rng(0).standard_normal((5, 3, 8, 8)).astype(np.float32)


class Cropping(spaces.PlainSpace):
    """Its second candidate takes away more than small images have."""

    name = "cropping"
    genes = (spaces.Gene("stem", 2), spaces.Gene("cut", 2))

    @cached_property
    def plan(self) -> Plan:
        stems = tuple(chain((3, 8, 8), Conv(4, kernel), Activation("relu")) for kernel in (1, 3))
        cuts = (chain((4, 8, 8), Activation("relu")), chain((4, 8, 8), Crop(6)))
        return Plan((Slot("stem", (INPUT,), stems), Slot("cut", (0,), cuts)))

    def choices(self, X: np.ndarray) -> np.ndarray:
        return X


def test_neighbours_order_and_threads_change_no_bit() -> None:
    X = spaces.sample(SPACE, 8, np.random.default_rng(1))
    X = np.concatenate([X, X[:2], X[:1] * 0])
    for score in (ICD, NASWOT):
        together = score(SPACE, IMAGES)(X)
        alone = [score(SPACE, IMAGES)(x[None])[0] for x in X[:2]]
        np.testing.assert_array_equal(together[:2], alone)
        np.testing.assert_array_equal(score(SPACE, IMAGES, threads=3)(X[::-1])[::-1], together)


def test_units_are_let_go_beyond_their_bytes() -> None:
    X = spaces.sample(SPACE, 4, np.random.default_rng(2))
    ids = SPACE.unit_ids(X[X.any(axis=1)], live=True)
    ids = ids[ids[:, -1] >= 0]
    found = []
    for most in (1 << 29, 3_000_000, 1):
        forward = Forward(SPACE.plan, IMAGES, seed=0, counts=rectifier_counts, unit_bytes=most)
        found.append(forward.run(ids, SignCodes(5), SignCodes.naswot).scores)
        assert forward.probes.n_bytes <= max(most, 1_000_000)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_rows_that_differ_in_resolution_alone_run_once() -> None:
    space = spaces.MobileNetV3(resolutions=(32, 64), n_classes=10)
    X = spaces.sample(space, 1, np.random.default_rng(3)).repeat(2, axis=0)
    column = [gene.name for gene in space.genes].index("resolution")
    X[:, column] = 0, 1
    forward = Forward(space.plan, IMAGES, seed=0, counts=rectifier_counts)
    ids = space.unit_ids(X, live=True)
    assert (ids[0] != ids[1]).any()
    first = forward.run(ids[:1], SignCodes(5), SignCodes.naswot).only()
    n_bytes = forward.probes.n_bytes
    assert forward.run(ids[1:], SignCodes(5), SignCodes.naswot).only() == first
    assert forward.probes.n_bytes == n_bytes


def test_a_row_that_fails_leaves_the_others_alone() -> None:
    space = Cropping()
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [0, 0]])
    assert np.isfinite(ICD(space, IMAGES)(X)).all()
    for threads in (1, 3):
        small = ICD(space, IMAGES[:, :, :4, :4], threads=threads)
        with pytest.raises(EvaluationError, match="objective icd failed on 2 of 5 rows") as caught:
            small(X)
        assert np.isnan(caught.value.values).tolist() == [False, True, False, True, False]
        assert sorted(caught.value.errors) == [1, 3]
        assert "SpaceError" in caught.value.errors[1]
        assert caught.value.values[0] == small(X[:1])[0]


def test_threads_are_a_positive_number() -> None:
    with pytest.raises(ValueError, match="threads: expected at least 1, got 0"):
        NASWOT(SPACE, IMAGES, threads=0)
