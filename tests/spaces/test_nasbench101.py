"""NAS-Bench-101 against published parameter counts and hashes."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from pyhwnas import networks, spaces
from pyhwnas.errors import SpaceError
from pyhwnas.spaces.nasbench101 import EDGES, INNER, MAX_EDGES, OUT, split, widths

SPACE = spaces.NASBench101()
CELLS_OF_VERTICES = [1, 6, 84, 2441, 62010, 359082]
"""Distinct cells of 2, 3, ... 7 vertices; the first three and four sums are published tables."""


def row(edges: list[tuple[int, int]], operations: dict[int, int]) -> np.ndarray:
    genes = [int(edge in edges) for edge in EDGES] + [operations.get(v, 0) for v in INNER]
    return np.array(genes, dtype=np.int64)


def test_channels_are_split_with_the_remainder_first() -> None:
    assert split(128, 3) == [43, 43, 42]
    assert split(256, 5) == [52, 51, 51, 51, 51]
    assert widths(128) == [25, 26, 32, 42, 43, 64, 128]


def test_every_vertex_that_feeds_the_output_has_a_channel() -> None:
    assert widths(5) == [1, 2, 3, 5]
    assert spaces.NASBench101(stem_channels=5).plan.units
    with pytest.raises(SpaceError, match=r"at least 5 stem_channels, .* got 4"):
        spaces.NASBench101(stem_channels=4)


def test_unused_vertices_are_not_expressed() -> None:
    with_stray = row([(0, 1), (1, OUT), (0, 2), (3, OUT)], {1: 1, 2: 2, 3: 2})
    plain = row([(0, 1), (1, OUT)], {1: 1})
    assert (SPACE.canonical(with_stray[None])[0] == plain).all()
    assert SPACE.identity(with_stray[None]) == SPACE.identity(plain[None])


def test_isomorphic_cells_share_an_identity_and_others_do_not() -> None:
    a = row([(0, 1), (1, OUT), (0, 2), (2, OUT)], {1: 0, 2: 1})
    b = row([(0, 1), (1, OUT), (0, 3), (3, OUT)], {1: 1, 3: 0})
    c = row([(0, 1), (1, OUT), (0, 2), (2, OUT)], {1: 0, 2: 0})
    identity = SPACE.identity(np.stack([a, b, c]))
    assert identity[0] == identity[1] != identity[2]


def test_too_many_edges_or_no_path_are_not_valid() -> None:
    full = row(list(EDGES), {})
    empty = row([], {})
    assert not SPACE.valid(np.stack([full, empty])).any()
    repaired = SPACE.repair(np.stack([full, empty]), np.random.default_rng(0))
    assert SPACE.valid(repaired).all()
    assert SPACE.canonical(repaired)[0, :21].sum() <= 9


def test_input_wired_straight_to_the_output_is_one_projection() -> None:
    network = networks.build(SPACE, row([(0, OUT)], {}))
    convolutions = [node for node in network.graph.nodes if str(node.op).startswith("conv")]
    assert len(convolutions) == 1 + 9


def test_copies_are_the_ways_to_number_the_vertices() -> None:
    for x in spaces.sample(SPACE, 12, np.random.default_rng(1)):
        edges = [edge for edge, present in zip(EDGES, x, strict=False) if present]
        operations = dict(zip(INNER, x[len(EDGES) :].tolist(), strict=True))
        ways = set()
        for order in itertools.permutations(INNER):
            number = dict(zip((0, *INNER, OUT), (0, *order, OUT), strict=True))
            moved = [(number[i], number[j]) for i, j in edges]
            if all(i < j for i, j in moved):
                ways.add(tuple(row(moved, {number[v]: operations[v] for v in INNER})))
        assert SPACE.copies(x[None]) == len(ways)
        assert len(set(SPACE.identity(np.array(list(ways))).tolist())) == 1


@pytest.mark.slow
def test_identity_tells_the_published_number_of_cells_apart() -> None:
    X = (np.arange(2 ** len(EDGES))[:, None] >> np.arange(len(EDGES))) & 1
    X = np.pad(X[X.sum(axis=1) <= MAX_EDGES], ((0, 0), (0, len(INNER))))
    X = X[SPACE.valid(X) & (SPACE.canonical(X) == X).all(axis=1)]
    for vertex in INNER:
        used = X[X[:, [vertex in edge for edge in EDGES] + [False] * len(INNER)].any(axis=1)]
        others = used.repeat(2, axis=0)
        others[:, len(EDGES) + vertex - 1] = np.tile([1, 2], len(used))
        X = np.concatenate([X, others])
    assert len(X) == SPACE.n_genotypes
    identity = np.concatenate([SPACE.identity(rows) for rows in np.array_split(X, 200)])
    _, first, position, counts = np.unique(
        identity, return_index=True, return_inverse=True, return_counts=True
    )
    assert len(counts) == SPACE.n_networks == 423_624
    assert (counts[position[::97]] == SPACE.copies(X[::97])).all()
    touched = [[vertex in edge for edge in EDGES] for vertex in range(OUT + 1)]
    vertices = sum(X[first, : len(EDGES)] @ np.array(own) > 0 for own in touched)
    assert np.bincount(vertices)[2:].tolist() == CELLS_OF_VERTICES


@pytest.mark.data
def test_published_parameters_and_hashes(data: Path) -> None:
    table = np.load(data / "ecnas_nb101_4v5v_energy.npz")
    X = np.zeros((len(table["params"]), len(SPACE.genes)), dtype=np.int64)
    for x, matrix, operations, count in zip(
        X, table["adjacency"], table["ops"], table["n_vertices"], strict=True
    ):
        for i, j in zip(*np.nonzero(matrix), strict=True):
            x[EDGES.index((i, OUT if j == count - 1 else j))] = 1
        x[len(EDGES) : len(EDGES) + count - 2] = operations[1 : count - 1]
    assert SPACE.valid(X).all()
    ids = SPACE.unit_ids(X)
    params = np.where(ids >= 0, networks.unit_params(SPACE.plan)[ids], 0).sum(axis=1)
    assert (params == table["params"]).all()
    pairs = set(zip(SPACE.identity(X).tolist(), table["hash"].tolist(), strict=True))
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}) == 2532
