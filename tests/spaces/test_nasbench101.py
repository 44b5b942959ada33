"""NAS-Bench-101 against published parameter counts and hashes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyhwnas import networks, spaces
from pyhwnas.spaces.nasbench101 import EDGES, INNER, OUT, split, widths

SPACE = spaces.NASBench101()


def row(edges: list[tuple[int, int]], operations: dict[int, int]) -> np.ndarray:
    genes = [int(edge in edges) for edge in EDGES] + [operations.get(v, 0) for v in INNER]
    return np.array(genes, dtype=np.int64)


def test_channels_are_split_with_the_remainder_first() -> None:
    assert split(128, 3) == [43, 43, 42]
    assert split(256, 5) == [52, 51, 51, 51, 51]
    assert widths(128) == [25, 26, 32, 42, 43, 64, 128]


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
