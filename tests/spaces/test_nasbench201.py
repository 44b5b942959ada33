"""NAS-Bench-201 against its published tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyhwnas import networks
from pyhwnas.spaces import NASBench201

SPACE = NASBench201()


def gather(costs: np.ndarray, ids: np.ndarray) -> np.ndarray:
    return np.where(ids >= 0, costs[ids], 0).sum(axis=1)


def test_published_ranges_of_macs_and_params() -> None:
    ids = SPACE.unit_ids(SPACE.all())
    macs = gather(networks.unit_macs(SPACE.plan), ids)
    params = gather(networks.unit_params(SPACE.plan), ids)
    assert (macs.min(), macs.max()) == (7_783_040, 220_119_680)
    assert (params.min(), params.max()) == (73_306, 1_531_546)
    assert len(np.unique(macs)) == 28


def test_dead_convolutions_and_missing_paths() -> None:
    X = SPACE.all()
    written, live = SPACE.unit_ids(X), SPACE.unit_ids(X, live=True)
    macs = networks.unit_macs(SPACE.plan)
    edges = [i for i, slot in enumerate(SPACE.plan.slots) if "_edge" in slot.name]
    dead = (written != live) & (written >= 0) & (macs[written] > 0)
    assert dead[:, edges].any(axis=1).sum() == 4250
    assert (live[:, -1] == networks.ABSENT).sum() == 341
    assert (live[live[:, -1] == networks.ABSENT] == networks.ABSENT).all()


def test_isomorphic_cells_share_an_identity() -> None:
    X = SPACE.all()
    assert len(np.unique(SPACE.identity(X))) == 6466
    assert len(np.unique(X, axis=0)) == len(SPACE.canonical(X)) == 15_625


def test_index_and_row_are_inverse() -> None:
    assert (SPACE.index(SPACE.all()) == np.arange(15_625)).all()
    assert (SPACE.at_index(6111) == SPACE.all()[6111]).all()


@pytest.mark.data
def test_published_order_strings_and_costs(data: Path) -> None:
    table = np.load(data / "nb201.npz")
    X = SPACE.all()
    assert (table["ops"] == X).all()
    assert [SPACE.to_str(x) for x in X] == list(table["arch_str"])
    for dataset, space in (
        ("cifar10", SPACE),
        ("cifar100", NASBench201(n_classes=100)),
        ("in16", NASBench201(n_classes=120, resolution=16)),
    ):
        ids = space.unit_ids(X)
        params = gather(networks.unit_params(space.plan), ids)
        assert (params == table[f"{dataset}_params"]).all()
        macs = gather(networks.unit_macs(space.plan), ids)
        # The table rounds its constant term to 10 MACs and counts the classifier's bias.
        official = table[f"{dataset}_flops_official_M"] * 1e6
        assert np.abs(macs - official).max() < 200
        assert np.ptp(macs - official) < 1e-3
