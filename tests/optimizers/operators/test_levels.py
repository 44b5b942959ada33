"""Crossover and mutation of stages and blocks."""

from __future__ import annotations

import numpy as np
import pytest

from pyhwnas import spaces
from pyhwnas.optimizers.operators.levels import Levels, level_crossover, level_mutation
from pyhwnas.spaces import sample

HIERARCHICAL = spaces.Hierarchical(resolutions=(24, 32), n_classes=10)
FLAT = spaces.Hierarchical(resolutions=(24, 32), n_classes=10, flat=True)
SPACES = {
    "hierarchical": HIERARCHICAL,
    "flat": FLAT,
    "mobilenetv3": spaces.MobileNetV3(resolutions=(32, 64, 96)),
    "fbnet": spaces.FBNet(),
    "darts": spaces.DARTS(),
    "nasbench101": spaces.NASBench101(),
    "nasbench201": spaces.NASBench201(),
    "natssize": spaces.NATSSize(),
}
each_space = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def columns(space, name):
    return [i for i, gene in enumerate(space.genes) if name in gene.name]


def depths(X):
    return X[:, columns(HIERARCHICAL, "depth")] + 1


def blocks(X):
    """Genes of all blocks, int64[n, 5, 4, 4]."""
    inner = [i for i, gene in enumerate(HIERARCHICAL.genes) if len(gene.group) == 2]
    return X[:, inner].reshape(len(X), 5, 4, 4)


@each_space
def test_results_are_valid_and_canonical_and_inputs_stay(space, rng):
    A, B = sample(space, 200, rng), sample(space, 200, rng)
    before = A.copy(), B.copy()
    for X in (level_crossover(space, A, B, rng), level_mutation(space, A, rng, share=0.8)):
        assert X.shape == A.shape
        assert X.dtype == np.int64
        assert (space.valid(X) & (space.canonical(X) == X).all(axis=1)).all()
        assert (X != A).any(axis=1).mean() > 0.3
    np.testing.assert_array_equal(A, before[0])
    np.testing.assert_array_equal(B, before[1])
    for empty in (level_crossover(space, A[:0], B[:0], rng), level_mutation(space, A[:0], rng)):
        assert empty.shape == (0, A.shape[1])


@each_space
def test_a_child_of_equal_parents_is_like_them(space, rng):
    A = sample(space, 100, rng)
    assert (level_crossover(space, A, A, rng) == A).all()


def test_levels_are_those_of_the_groups():
    levels = Levels(HIERARCHICAL)
    assert len(levels.stages) == 6  # the resolution is one
    assert len(levels.blocks) == 20
    assert {len(columns) for columns in levels.blocks} == {4}
    assert levels.before[:6] == [-1, 0, 1, 2, -1, 4]
    names = {HIERARCHICAL.genes[c].name.partition(".")[2] for c in levels.above}
    assert names == {"", "depth", "width", "stride"}
    mobile = Levels(SPACES["mobilenetv3"])
    assert (len(mobile.stages), len(mobile.blocks), len(mobile.above)) == (6, 20, 6)
    assert Levels(FLAT).stages == Levels(FLAT).blocks == []


def test_expressed_blocks_are_those_within_the_depth(rng):
    X = sample(HIERARCHICAL, 300, rng)
    there = Levels(HIERARCHICAL).expressed(X).reshape(300, 5, 4)
    assert (there == (np.arange(4) < depths(X)[:, :, None])).all()
    # A block whose genes are all 0 is one, too.
    X[:, 1:] = np.where(np.isin(range(1, 96), columns(HIERARCHICAL, "depth")), 3, 0)
    assert Levels(HIERARCHICAL).expressed(X).all()


def test_stages_come_whole_from_a_parent(rng):
    A, B = sample(HIERARCHICAL, 400, rng), sample(HIERARCHICAL, 400, rng)
    strides = columns(HIERARCHICAL, "stride")
    C = level_crossover(HIERARCHICAL, A, B, rng, shares=(1, 0, 0))
    for X in (A, B, C):
        X[:, strides] = 0  # these may have been repaired
    stages = [[0], *np.arange(1, 96).reshape(5, 19).tolist()]
    other = np.stack([(C[:, s] != A[:, s]).any(axis=1) for s in stages], axis=1)
    of_b = np.stack([(C[:, s] == B[:, s]).all(axis=1) for s in stages], axis=1)
    assert (other.sum(axis=1) <= 1).all()
    assert of_b[other].all()
    assert (other.mean(axis=0) > 0.05).all()


def test_blocks_that_both_parents_have_come_whole_from_one(rng):
    A, B = sample(HIERARCHICAL, 400, rng), sample(HIERARCHICAL, 400, rng)
    C = level_crossover(HIERARCHICAL, A, B, rng, shares=(0, 1, 0))
    other = (blocks(C) != blocks(A)).any(axis=3)
    assert (other.sum(axis=(1, 2)) == (C != A).any(axis=1)).all()
    assert (blocks(C)[other] == blocks(B)[other]).all()
    both = np.arange(4) < np.minimum(depths(A), depths(B))[:, :, None]
    assert not other[~both].any()
    assert other.sum() > 350


def test_what_no_parent_has_is_a_copy_of_the_block_before(rng):
    deep, shallow = sample(HIERARCHICAL, 400, rng), sample(HIERARCHICAL, 400, rng)
    deep[:, columns(HIERARCHICAL, "depth")] = 3
    shallow[:, columns(HIERARCHICAL, "depth")] = 0
    first = HIERARCHICAL.canonical(deep), HIERARCHICAL.canonical(shallow)
    C = level_crossover(HIERARCHICAL, *first, rng, shares=(0, 0, 1))
    there = np.arange(4) < depths(C)[:, :, None]
    own = (blocks(C) == blocks(first[0])).all(axis=3)
    copied = np.zeros_like(own)
    copied[:, :, 1:] = (blocks(C)[:, :, 1:] == blocks(C)[:, :, :-1]).all(axis=3)
    mixed = np.zeros_like(own)
    mixed[:, :, 0] = True  # both have it; or a cut is within the block
    wrong = there & ~own & ~copied & ~mixed
    assert wrong.sum() <= 0.01 * there.sum()
    assert (there & copied & ~own).sum() > 50


def test_a_greater_depth_repeats_the_last_block(rng):
    X = sample(HIERARCHICAL, 3000, rng)
    Y = level_mutation(HIERARCHICAL, X, rng, probability=0.0, share=1.0)
    grown = (depths(Y) > depths(X))[:, :, None]
    new = grown & (np.arange(4) >= depths(X)[:, :, None]) & (np.arange(4) < depths(Y)[:, :, None])
    last = np.take_along_axis(blocks(X), depths(X)[:, :, None, None] - 1, axis=2)
    assert new.sum() > 100
    assert (blocks(Y)[new] == np.broadcast_to(last, blocks(X).shape)[new]).all()
    # The blocks that were there already have not changed.
    old = grown & (np.arange(4) < depths(X)[:, :, None])
    assert (blocks(Y)[old] == blocks(X)[old]).all()


def test_a_block_spreads_over_its_neighbours(rng):
    X = sample(HIERARCHICAL, 2000, rng)
    Y = level_mutation(HIERARCHICAL, X, rng, probability=0.0, share=1.0)
    inner = (blocks(Y) != blocks(X)).any(axis=3) & (depths(X) == depths(Y))[:, :, None]
    changed = inner.any(axis=(1, 2))
    assert changed.mean() > 0.25
    assert (inner[changed].any(axis=2).sum(axis=1) == 1).all()  # in one stage
    assert (inner.sum(axis=2) <= 2).all()
    left = np.zeros_like(inner)
    left[:, :, 1:] = (blocks(Y)[:, :, 1:] == blocks(X)[:, :, :-1]).all(axis=3)
    right = np.zeros_like(inner)
    right[:, :, :-1] = (blocks(Y)[:, :, :-1] == blocks(X)[:, :, 1:]).all(axis=3)
    assert (left | right)[inner].all()


def test_without_groups_there_are_cuts_and_single_genes(rng):
    A, B = np.zeros((300, 96 - 5), dtype=np.int64), sample(FLAT, 300, rng)
    A[:] = FLAT.repair(A, rng)[:1]
    C = level_crossover(FLAT, A, B, rng)
    assert (C != A).any()
    Y = level_mutation(FLAT, B, rng, probability=0.0, share=1.0)
    assert (Y == B).all()
