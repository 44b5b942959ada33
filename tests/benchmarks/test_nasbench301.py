"""Stored points of the DARTS space."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks import made

from pyhwnas.benchmarks import NASBench301


def test_stored_points(tmp_path: Path) -> None:
    normal = [(0, 4), (1, 3), (0, 2), (2, 3), (2, 3), (0, 3), (2, 6), (3, 5)]
    other = [(1, 1), (0, 3), *normal[2:]]
    rows = [[[normal, normal], 93.5, 1.25], [[normal, other], 92.0, ""], [[normal, normal], 90, 2]]
    path = made.table(tmp_path / "nb301.csv.gz", ["arch", "val_accuracy", "snip"], rows)
    bench = NASBench301(path)
    assert bench.names == ("valid_error", "snip", "macs", "params")
    assert bench.objective("valid_error")(bench.X[::-1]).tolist() == [8.0, 6.5]
    assert np.isnan(bench.values("snip")).tolist() == [False, True]
    assert bench.true_front(("valid_error",)).X.tolist() == [bench.X[0].tolist()]


@pytest.mark.data
def test_published_points_of_nasbench301(data: Path) -> None:
    bench = NASBench301(data)
    assert bench.X.shape == (1218, 32)
    assert bench.space.valid(bench.X).all()
    assert (bench.row(bench.X) == np.arange(1218)).all()
    error = bench.values("valid_error")
    assert error[0] == pytest.approx(100 - 93.901068)
    assert (bench.objective("valid_error")(bench.X) == error).all()
