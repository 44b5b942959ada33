"""Latency tables against sums over the layers."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from benchmarks import made

from pyhwnas import spaces
from pyhwnas.benchmarks import TableLatency
from pyhwnas.errors import BenchmarkError
from pyhwnas.testing import check_objective

SPACE = spaces.MobileNetV3(resolutions=(160, 176), width=1.2)


def latency(path: Path, space: spaces.MobileNetV3, x: np.ndarray) -> float:
    with gzip.open(path, "rt") as file:
        rows = [row for row in csv.DictReader(file)]
    resolution, stages = made.decoded(space, x)
    ms = {row["key"]: float(row["mean_ms"]) for row in rows if row["resolution"] == str(resolution)}
    geometry, total = made.blocks(resolution), 0.0
    for stage, layers in enumerate(stages):
        for layer, (kernel, expansion) in enumerate(layers):
            size, source, small, result, stride, squeeze, hswish = geometry[2 * stage + (layer > 0)]
            hidden = made.HIDDEN[source][(3, 4, 6).index(expansion)]
            total += ms[
                f"expanded_conv-input:{size}x{size}x{source}-output:{small}x{small}x{result}"
                f"-expand:{hidden}-kernel:{kernel}-stride:{stride}"
                f"-idskip:{int(source == result)}-se:{squeeze}-hs:{hswish}"
            ]
    others = [key for key in ms if not key.startswith("expanded_conv") or "expand:24-" in key]
    return total + sum(ms[key] for key in others)


def test_table_by_definition(tmp_path: Path) -> None:
    X = spaces.sample(SPACE, 30, np.random.default_rng(0))
    path = made.note10(tmp_path / "note10.csv.gz")
    objective = TableLatency(SPACE, "note10", path)
    assert np.allclose(objective(X), [latency(path, SPACE, x) for x in X], rtol=1e-12)
    assert objective.name == "note10_latency_ms"
    check_objective(objective)


def test_networks_that_the_table_lacks(tmp_path: Path) -> None:
    path = made.note10(tmp_path / "note10.csv.gz")
    for space in (
        spaces.MobileNetV3(resolutions=(160,)),
        spaces.MobileNetV3((160, 192), 1000, 1.2),
    ):
        with pytest.raises(BenchmarkError, match="choose the space's width and resolutions"):
            TableLatency(space, "note10", path)(space.smallest()[None])
    with pytest.raises(ValueError, match="note10 or i7-8700K"):
        TableLatency(SPACE, "pixel")  # type: ignore[arg-type]


@pytest.mark.data
def test_published_tables_have_every_network(data: Path) -> None:
    for device, width, resolutions in (
        ("note10", 1.2, range(160, 225, 4)),
        ("i7-8700K", 1.0, range(192, 257, 4)),
        ("i7-8700K", 1.2, (96, 100, 256)),
    ):
        space = spaces.MobileNetV3(resolutions=tuple(resolutions), width=width)
        objective = TableLatency(space, device, data)
        extremes = objective(np.stack([space.smallest(), space.largest()]))
        between = objective(spaces.sample(space, 1000, np.random.default_rng(0)))
        assert (extremes[0] < between).all()
        assert (between < extremes[1]).all()
