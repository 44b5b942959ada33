"""The NASNet-style space against a torch model of its definition."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from pyhwnas import networks, spaces
from pyhwnas.errors import SpaceError
from pyhwnas.networks import unit_macs, unit_params
from tests.spaces.test_darts import assert_identity_is_isomorphism, genotype_of
from tests.spaces.torch_cells import torch_model
from tests.spaces.torch_counts import counts

SPACE = spaces.NASNet(layers=6, channels=4, n_classes=5, resolution=16)
FIVE = spaces.NASNet(n_nodes=5, operations=spaces.cells.OPERATIONS, layers=3, channels=4)


@pytest.mark.parametrize("space", [SPACE, FIVE], ids=["six nodes", "all operations"])
def test_counts_equal_those_of_a_torch_model_of_the_definition(space: spaces.NASNet) -> None:
    pytest.importorskip("torch")
    of_unit = [np.append(count(space.plan), 0) for count in (unit_macs, unit_params)]
    for x in spaces.sample(space, 6, np.random.default_rng(0)):
        model = torch_model(
            genotype_of(space, x),
            channels=4,
            layers=space.layers,
            n_classes=space.n_classes,
        )
        # The model has projections of inputs that its cells may never read.
        ids = space.unit_ids(x[None])[0]
        expected = counts(model, 3, space.resolution, space.resolution)
        assert tuple(table[ids].sum() for table in of_unit) == expected


def test_inputs_that_no_node_reads_are_dead() -> None:
    x = np.zeros(48, dtype=np.int64)
    written, live = (SPACE.unit_ids(x[None], live=live)[0] for live in (False, True))
    dead = [slot.name for slot, a, b in zip(SPACE.plan.slots, written, live, strict=True) if a != b]
    # Each cell reads the one before the last alone: every other one is not needed.
    assert {"cell6_input1", "cell5_input0", "cell5_output"} <= set(dead)
    assert "cell4_output" not in dead


def test_nodes_that_nothing_reads_are_the_output() -> None:
    # A chain: every node reads the one before it, twice.
    row = [value for node in range(6) for value in (2, 1 + node if node else 0) * 2] * 2
    x = SPACE.canonical(np.array([row]))[0]
    assert SPACE.to_str(x).count("_concat=[7]") == 2
    network = networks.build(SPACE, x)
    assert network.blocks[-1].unit.inputs[0] == (16, 4, 4)
    # A fan: every node reads the inputs alone.
    x = SPACE.canonical(np.array([[2, 0, 2, 1] * 12]))[0]
    assert SPACE.to_str(x).count("_concat=[2, 3, 4, 5, 6, 7]") == 2
    assert networks.build(SPACE, x).blocks[-1].unit.inputs[0] == (6 * 16, 4, 4)


def test_one_value_may_be_read_twice() -> None:
    x = SPACE.canonical(np.array([[2, 0, 3, 0] + [0, 0, 0, 1] * 5] * 2).reshape(1, -1))[0]
    names = [block.name for block in networks.build(SPACE, x).blocks]
    assert {"cell1_edge0_2", "cell1_edge0_2_again"} <= set(names)
    assert SPACE.valid(x[None]).all()


def test_size_and_options() -> None:
    assert len(SPACE.genes) == 48
    written = math.prod(gene.n for gene in spaces.NASNet().genes)
    assert math.isclose(written, (4**6 * math.factorial(7)) ** 4, rel_tol=1e-12)
    assert math.isclose(written, 1.8e29, rel_tol=0.02)
    tiny = spaces.NASNet(n_nodes=1, operations=("skip_connect", "max_pool_3x3"), layers=3)
    everything = np.array(list(np.ndindex(*spaces.sizes(tiny))))
    assert tiny.n_genotypes == len(np.unique(tiny.canonical(everything), axis=0)) == 100


def test_identity_is_isomorphism_of_cells() -> None:
    # One operation and few inputs, so that many cells are alike and full of symmetries.
    rng = np.random.default_rng(5)
    space = spaces.NASNet(n_nodes=5, operations=("skip_connect",), layers=3)
    X = np.zeros((400, len(space.genes)), dtype=np.int64)
    X[:, :20] = rng.integers(0, spaces.sizes(space)[:20], (400, 20))
    assert_identity_is_isomorphism(space, space.canonical(X))


@pytest.mark.slow
def test_identity_is_isomorphism_of_cells_of_six_symmetric_nodes() -> None:
    space = spaces.NASNet(operations=("skip_connect",), layers=3)
    pairs = list(itertools.combinations_with_replacement(range(2, 5), 2))
    wirings = [[0, 1, 0, 1, 0, 1, *a, *b, *c] for a in pairs for b in pairs for c in pairs]
    X = np.zeros((len(wirings), len(space.genes)), dtype=np.int64)
    X[:, 1:24:2] = wirings
    assert_identity_is_isomorphism(space, space.canonical(X))


@pytest.mark.parametrize(
    "wrong", [{"operations": ()}, {"operations": ("none",)}, {"n_nodes": 0}, {"layers": 1}]
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SpaceError, match="nasnet: expected"):
        spaces.NASNet(**wrong)  # type: ignore[arg-type]
