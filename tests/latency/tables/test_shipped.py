"""Tables that travel with the package keep the rules that they were taken in by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyhwnas.job import Job
from pyhwnas.latency import LatencyTable, admission, validate
from pyhwnas.spaces import sample

FOLDER = Path(__file__).parents[3] / "latency_tables"
TABLES = sorted(FOLDER.glob("*/*.json"))
assert TABLES, "the package has no tables"


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_a_shipped_table(path):
    table = LatencyTable.load(path)
    space = Job(space=table.space).make_space()
    assert space.plan is not None
    assert table.plan == space.plan.fingerprint
    assert [str(f) for f in validate(path, space) if f.level == "error"] == []
    assert admission(table) == []
    device = table.device
    name = f"{table.space}-{device.backend}-{device.precision}-t{device.threads}.json"
    assert path.name == name


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_predictions_of_a_shipped_table(path):
    table = LatencyTable.load(path)
    space = Job(space=table.space).make_space()
    X = sample(space, 20, np.random.default_rng(0))
    low, high = table.interval(space, X)
    ms = table.predict(space, X)
    there = np.isfinite(ms)
    assert there.any()
    assert (low[there] <= ms[there]).all()
    assert (ms[there] <= high[there]).all()
    assert (ms[there] > 0).all()
