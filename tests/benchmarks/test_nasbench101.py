"""Cells of up to five vertices: a space, and means of their runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks import made

from pyhwnas import spaces
from pyhwnas.benchmarks import ECNAS, SmallCells
from pyhwnas.errors import SpaceError
from pyhwnas.testing import check_objective, check_space

SMALL = SmallCells()


def test_small_cells_are_a_space() -> None:
    check_space(SMALL)
    whole = spaces.NASBench101()
    X = spaces.sample(SMALL, 50, np.random.default_rng(0))
    assert (SMALL.identity(X) == whole.identity(SMALL.embed(X))).all()
    wide = spaces.sample(whole, 100, np.random.default_rng(0))
    wide = next(x for x in wide if x[-2:].any())
    with pytest.raises(SpaceError, match="vertices 0 to 3 and 6"):
        SMALL.from_str(whole.to_str(wide))


def test_runs_of_a_cell_are_averaged(tmp_path: Path) -> None:
    bench = ECNAS(made.ecnas(tmp_path / "cells.npz"))
    assert [SMALL.to_str(x).partition(":")[0].count("1") for x in bench.X] == [2, 1, 5]
    assert np.allclose(bench.values("test_error_ep4"), [40, 48, 30])
    assert bench.values("energy_kwh_ep4").tolist() == [2.0, 1.5, 3.0]
    moved = np.zeros((1, 13), dtype=np.int64)
    moved[0, [1, 8]] = 1  # input -> third vertex -> output
    moved[0, 11] = 1
    assert bench.row(moved).tolist() == [0], "isomorphic cells are one"
    assert np.isnan(bench.objective("energy_kwh_ep4")(np.eye(13, dtype=np.int64)[:1])).all()
    assert bench.problem(("energy_kwh_ep4",)).dedupe == "identity"
    front = bench.true_front(("energy_kwh_ep4", "test_error_ep4"))
    assert front.values.tolist() == [[1.5, 48.0], [2.0, 40.0], [3.0, pytest.approx(30.0)]]


@pytest.mark.data
def test_all_cells_of_five_vertices(data: Path) -> None:
    bench, table = ECNAS(data), np.load(data / "ecnas_nb101_4v5v_energy.npz")
    assert len(bench.X) == len(np.unique(SMALL.identity(bench.X))) == 2532
    published = dict(zip(table["hash"].tolist(), table["params"].tolist(), strict=True))
    assert bench.values("params").tolist() == [published[key] for key in sorted(published)]
    assert not np.isnan(bench.values("total_energy_kwh")).any()
    check_objective(bench.objective("test_error_ep4"))
    check_objective(bench.objective("gpu_energy_j"))
