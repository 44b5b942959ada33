"""The DARTS space against published parameter counts and a torch model of its definition."""

from __future__ import annotations

import csv
import gzip
import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from pyhwnas import networks, spaces
from pyhwnas.errors import SpaceError
from pyhwnas.networks import BatchNorm
from tests.spaces.torch_cells import torch_model
from tests.spaces.torch_counts import counts

SPACE = spaces.DARTS()
NB301 = spaces.DARTS(layers=8, channels=32)
SECOND_ORDER = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), "
    "('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), "
    "('dil_conv_3x3', 2)], normal_concat=range(2, 6), reduce=[('max_pool_3x3', 0), "
    "('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], "
    "reduce_concat=range(2, 6))"
)


def genotype_of(space: spaces.DARTS | spaces.NASNet, x: np.ndarray) -> dict[str, object]:
    return eval(space.to_str(x), {"Genotype": dict})


def test_the_paper_s_second_order_network() -> None:
    network = networks.build(SPACE, SPACE.from_str(SECOND_ORDER))
    assert networks.params(network) == 3_349_342  # 3.3 M in the paper
    assert networks.macs(network) == 528_359_040
    assert network.output_shape == (10,)


def test_counts_equal_those_of_a_torch_model_of_the_definition() -> None:
    pytest.importorskip("torch")
    space = spaces.DARTS(layers=8, channels=6, n_classes=7, resolution=16, stem_multiplier=2)
    for x in spaces.sample(space, 6, np.random.default_rng(0)):
        model = torch_model(genotype_of(space, x), channels=6, layers=8, n_classes=7, stem=2)
        network = networks.build(space, x)
        expected = counts(model, 3, 16, 16)
        assert (networks.macs(network), networks.params(network)) == expected


@pytest.mark.slow
def test_counts_of_full_networks_equal_those_of_torch_models() -> None:
    pytest.importorskip("torch")
    x = SPACE.from_str(SECOND_ORDER)
    for row in [x, *spaces.sample(SPACE, 3, np.random.default_rng(1))]:
        model = torch_model(genotype_of(SPACE, row), channels=36, layers=20)
        network = networks.build(SPACE, row)
        assert (networks.macs(network), networks.params(network)) == counts(model, 3, 32, 32)


def test_size_is_the_published_one() -> None:
    assert len(SPACE.genes) == 32
    cells = math.prod(7**2 * math.comb(2 + node, 2) for node in range(4))
    assert SPACE.n_genotypes == cells**2
    assert math.isclose(cells**2, 1.08e18, rel_tol=0.01)


def test_reduction_cells_stand_at_a_third_and_two_thirds() -> None:
    plan = SPACE.plan
    first_of = {slot.group: slot for slot in reversed(plan.slots)}
    widths = [first_of[f"cell{i}"].candidates[0].out_shape[0] for i in range(1, 21)]
    assert widths == [36] * 6 + [72] * 7 + [144] * 7


def relabelled(cell: np.ndarray) -> list[tuple[tuple[tuple[int, int], ...], ...]]:
    """All ways to number the nodes of a cell int64[node, side, (operation, input)]."""
    n = len(cell)
    ways = []
    for order in itertools.permutations(range(n)):
        number = [0, 1, *(2 + order.index(node) for node in range(n))]
        nodes = [
            tuple(sorted((number[source], operation) for operation, source in cell[node].tolist()))
            for node in order
        ]
        if all(source < 2 + i for i, edges in enumerate(nodes) for source, _ in edges):
            ways.append(tuple(nodes))
    return ways


def assert_identity_is_isomorphism(space: spaces.DARTS | spaces.NASNet, X: np.ndarray) -> None:
    """Compare all pairs, up to order of nodes, by brute force."""
    identity = space.identity(X)
    cells = X.reshape(len(X), 2, -1, 2, 2)
    least = [tuple(min(relabelled(cell)) for cell in pair) for pair in cells]
    classes = set(zip(least, identity.tolist(), strict=True))
    assert len(classes) == len(set(least)) == len(set(identity.tolist()))
    assert len(set(least)) < len(X)


def test_identity_is_isomorphism_of_cells() -> None:
    # Few operations and the first inputs, so that many cells are alike.
    rng = np.random.default_rng(3)
    X = np.zeros((1500, 32), dtype=np.int64)
    X[:, :16] = rng.integers(0, np.minimum(spaces.sizes(SPACE)[:16], [2, 4] * 8), (1500, 16))
    X[:, 17::2] = [0, 1] * 4
    X[:, :16] = SPACE.repair(X, rng)[:, :16]
    assert_identity_is_isomorphism(SPACE, SPACE.canonical(X))


def test_the_order_of_a_node_s_edges_is_not_expressed() -> None:
    x = SPACE.from_str(SECOND_ORDER)
    swapped = x.reshape(2, 4, 2, 2)[:, :, ::-1].reshape(1, -1)
    assert (SPACE.canonical(swapped)[0] == x).all()
    assert SPACE.identity(swapped) == SPACE.identity(x[None])


def test_two_equal_inputs_are_repaired() -> None:
    rng = np.random.default_rng(4)
    X = np.zeros((4000, 32), dtype=np.int64)
    assert not SPACE.valid(X).any()
    fixed = SPACE.repair(X, rng).reshape(-1, 8, 2, 2)
    assert SPACE.valid(fixed.reshape(X.shape)).all()
    for node in range(4):
        others, count = np.unique(fixed[:, node, 1, 1], return_counts=True)
        assert others.tolist() == list(range(1, 2 + node))
        assert count.min() > 4000 / (1 + node) * 0.8


@pytest.mark.parametrize(
    "change",
    [
        ("normal_concat=range(2, 6)", "normal_concat=[2, 3]"),
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3', 0)"),
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3', 6)"),
        ("('dil_conv_3x3', 2)", "('dil_conv_9x9', 2)"),
        ("reduce_concat=range(2, 6)", ""),
        ("('dil_conv_3x3', 2)", "__import__('os')"),
        ("range(2, 6)", "[2, (3, 4, 5)]"),
    ],
)
def test_what_is_no_genotype_is_refused(change: tuple[str, str]) -> None:
    with pytest.raises(SpaceError, match="darts: expected 'Genotype"):
        SPACE.from_str(SECOND_ORDER.replace(*change))


@pytest.mark.parametrize("wrong", [{"layers": 2}, {"resolution": 30}, {"channels": 0}])
def test_wrong_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SpaceError, match="darts: "):
        spaces.DARTS(**wrong)


@pytest.mark.data
def test_published_genotypes_and_parameters(data: Path) -> None:
    with gzip.open(data / "nb301_zc_naslib.csv.gz", "rt") as file:
        table = list(csv.DictReader(file))
    X = np.array([NB301.from_str(row["arch"]) for row in table])
    assert len(X) == 1225
    assert all((NB301.from_str(NB301.to_str(x)) == x).all() for x in X)
    # The published counts leave out scale and shift of normalisation within edges.
    ids = NB301.unit_ids(X)
    params = networks.unit_params(NB301.plan)
    scales = [
        sum(2 * unit.shapes[node.inputs[0]][0] for node in unit.nodes if node.op == BatchNorm())
        for unit in NB301.plan.units
    ]
    edges = np.array(["_edge" in slot.name for slot in NB301.plan.slots])
    of_slot = np.where(ids >= 0, params[ids] - edges * np.array(scales)[ids], 0)
    assert of_slot.sum(axis=1).tolist() == [round(float(row["params"]) * 1e6) for row in table]
