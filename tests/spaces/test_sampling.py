"""Random rows are uniform over what they say they are: counts against expected ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from pyhwnas import spaces
from pyhwnas.errors import SpaceError
from pyhwnas.testing import check_space
from tests.spaces.test_nasbench101 import CELLS_OF_VERTICES, EDGES


def assert_as_expected(counts: npt.ArrayLike, weights: npt.ArrayLike) -> None:
    """Apply the chi-square test, five standard deviations wide."""
    seen, weight = np.asarray(counts, dtype=float), np.asarray(weights, dtype=float)
    expected = seen.sum() * weight / weight.sum()
    freedom = len(seen) - 1
    statistic = ((seen - expected) ** 2 / expected).sum()
    assert statistic < freedom + 5 * np.sqrt(2 * freedom)


@pytest.mark.parametrize(
    "space",
    [spaces.NASBench201(), spaces.FBNet(), spaces.NATSSize(), spaces.MobileNetV3()],
    ids=lambda space: space.name,
)
def test_genes_are_uniform(space: spaces.Space) -> None:
    X = spaces.sample(space, 4000, np.random.default_rng(0))
    for column, gene in enumerate(space.genes):
        if "kernel" not in gene.name and "expansion" not in gene.name:  # not always expressed
            assert_as_expected(np.bincount(X[:, column], minlength=gene.n), np.ones(gene.n))


def test_stages_are_as_likely_as_they_have_networks() -> None:
    space = spaces.MobileNetV3(resolutions=(192, 224))
    X = spaces.sample(space, 1000, np.random.default_rng(1), over="networks")
    assert X.shape == (1000, 46)
    for stage in range(5):
        assert_as_expected(np.bincount(X[:, 9 * stage], minlength=3), [81, 729, 6561])
    deep = X[X[:, 0] == 2]
    for column in range(1, 9):
        assert_as_expected(np.bincount(deep[:, column], minlength=3), np.ones(3))
    assert_as_expected(np.bincount(X[:, -1], minlength=2), np.ones(2))


def test_isomorphism_classes_are_uniform() -> None:
    space = spaces.NASBench201()
    X = spaces.sample(space, 40_000, np.random.default_rng(2), over="networks")
    _, counts = np.unique(space.identity(X), return_counts=True)
    assert space.n_networks == 6466
    assert_as_expected(np.pad(counts, (0, space.n_networks - len(counts))), np.ones(6466))
    # Of one class each row is as likely.
    everything = space.all()
    (largest,) = everything[[space.copies(everything).argmax()]]
    rows = everything[space.identity(everything) == space.identity(largest[None])]
    assert len(rows) == space.copies(largest[None])[0]


def test_cells_are_as_likely_as_there_are_of_their_size() -> None:
    space = spaces.NASBench101()
    X = spaces.sample(space, 200, np.random.default_rng(3), over="networks")
    assert space.valid(X).all()
    touched = np.array([[vertex in edge for edge in EDGES] for vertex in range(7)])
    vertices = (X[:, : len(EDGES)] @ touched.T > 0).sum(axis=1)
    largest = CELLS_OF_VERTICES[-1]
    assert_as_expected(
        [(vertices == 7).sum(), (vertices < 7).sum()], [largest, sum(CELLS_OF_VERTICES) - largest]
    )


@dataclass(frozen=True)
class Stack(spaces.PlainSpace):
    """Up to three layers, of which the last may be left out, on either of two equal branches."""

    name = "stack"
    genes = (spaces.Gene("depth", 2), *(spaces.Gene(f"layer{i}", 3) for i in range(3)))
    n_genotypes = 9 + 27
    n_networks = 6 + 18

    def canonical(self, X: spaces.base.IntMatrix) -> spaces.base.IntMatrix:
        X = spaces.as_genotypes(self, X).copy()
        X[X[:, 0] == 0, 3] = 0
        return X

    def identity(self, X: spaces.base.IntMatrix) -> npt.NDArray[np.int64]:
        X = self.canonical(X)
        X[:, 1:3].sort(axis=1)
        return spaces.row_hash(X)

    def copies(self, X: spaces.base.IntMatrix) -> npt.NDArray[np.int64]:
        return 1 + (X[:, 1] != X[:, 2])


def test_a_space_of_one_s_own_is_drawn_by_its_counts() -> None:
    space = Stack()
    check_space(space)
    X = spaces.sample(space, 6000, np.random.default_rng(4), over="networks")
    assert (space.canonical(X) == X).all()
    _, counts = np.unique(space.identity(X), return_counts=True)
    assert_as_expected(counts, np.ones(24))
    _, counts = np.unique(X, axis=0, return_counts=True)
    assert len(counts) == 36
    assert spaces.sample(space, 0, np.random.default_rng(5), over="networks").shape == (0, 4)


@dataclass(frozen=True)
class Needle(spaces.PlainSpace):
    """One row of 10^9 is valid."""

    name = "needle"
    genes = tuple(spaces.Gene(f"gene{i}", 1000) for i in range(3))

    def valid(self, X: spaces.base.IntMatrix) -> npt.NDArray[np.bool_]:
        return ~X.any(axis=1)


def test_what_cannot_be_drawn_uniformly_is_said() -> None:
    rng = np.random.default_rng(6)
    assert spaces.DARTS().n_networks is None
    with pytest.raises(SpaceError, match="darts has genotypes that share an identity"):
        spaces.sample(spaces.DARTS(), 1, rng, over="networks")
    assert Needle().n_genotypes is None
    with pytest.raises(SpaceError, match="takes too long; draw over genes"):
        spaces.sample(Needle(), 1, rng, over="networks")
    with pytest.raises(ValueError, match="over: expected 'genes' or 'networks', got 'rows'"):
        spaces.sample(Needle(), 1, rng, over="rows")  # type: ignore[arg-type]
