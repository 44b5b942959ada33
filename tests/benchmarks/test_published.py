"""Tables of others, as tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks import made

from pyhwnas import spaces
from pyhwnas.benchmarks import (
    PUBLISHED_TABLES,
    FBNetCost,
    FBNetMeasured,
    Table,
    TableLatency,
    published_table,
    yaml_table,
)
from pyhwnas.devices import PUBLISHED
from pyhwnas.errors import BenchmarkError, LatencyTableError
from pyhwnas.latency import LatencyTable, named_device
from pyhwnas.objectives import Latency
from pyhwnas.testing import check_objective

SPACE = spaces.MobileNetV3(resolutions=(160, 256), width=1.2)


def sampled(space: spaces.Space, n: int = 200) -> np.ndarray:
    return spaces.sample(space, n, np.random.default_rng(0))


def test_sums_are_the_authors(tmp_path: Path) -> None:
    path = made.note10(tmp_path / "note10.csv.gz", resolutions=(160, 256))
    table = published_table("note10", SPACE, path)
    X = sampled(SPACE)
    assert np.allclose(table.predict(SPACE, X), TableLatency(SPACE, "note10", path)(X), rtol=1e-12)
    check_objective(Latency(SPACE, table))


def test_nothing_is_made_up(tmp_path: Path) -> None:
    path = made.note10(tmp_path / "note10.csv.gz", resolutions=(160, 256))
    table = published_table("note10", SPACE, path)
    table.save(tmp_path / "table.json")
    table = LatencyTable.load(tmp_path / "table.json")
    assert table.accuracy is None
    assert "no error stated by its authors" in table.summary()
    assert "once-for-all" in table.protocol["source"]
    assert table.name == "mobilenetv3 on Samsung Note10"
    assert {entry.quality for entry in table.entries.values()} == {"published"}
    with pytest.raises(LatencyTableError, match="no interval"):
        table.interval(SPACE, sampled(SPACE))


def test_units_that_are_not_there(tmp_path: Path) -> None:
    path = made.note10(tmp_path / "note10.csv.gz")
    with pytest.raises(BenchmarkError, match="choose the space's width and resolutions"):
        published_table("note10", spaces.MobileNetV3(resolutions=(160,)), path)
    with pytest.raises(ValueError, match="of space mobilenetv3, got nasbench201"):
        published_table("note10", spaces.NASBench201(), path)
    with pytest.raises(ValueError, match="of space fbnet, got mobilenetv3"):
        published_table("fbnet-fpga", SPACE)
    with pytest.raises(ValueError, match="expected one of note10"):
        published_table("iphone")
    assert PUBLISHED == PUBLISHED_TABLES


def test_yaml_of_a_user(tmp_path: Path) -> None:
    published = made.note10(tmp_path / "note10.csv.gz", resolutions=(160, 256))
    columns = Table(published)
    for resolution in (160, 256):
        entries = zip(columns["resolution"], columns["key"], columns["mean_ms"], strict=True)
        text = "".join(
            f"{key}:\n  count: 9\n  mean: {float(ms)!r}\n  std: 0.1\n"
            for r, key, ms in entries
            if r == resolution
        )
        folder = tmp_path / "luts"
        folder.mkdir(exist_ok=True)
        (folder / f"{resolution}_lookup_table.yaml").write_text(text)
    phone = named_device("A phone")
    table = yaml_table(folder, SPACE, phone)
    X = sampled(SPACE)
    expected = published_table("note10", SPACE, published).predict(SPACE, X)
    assert (table.predict(SPACE, X) == expected).all()
    assert table.protocol["source"] == "luts"
    with pytest.raises(ValueError, match="of space mobilenetv3, got fbnet"):
        yaml_table(folder, spaces.FBNet(), phone)
    (tmp_path / "mine.yaml").write_text("a:\n  mean: 1.0\n")
    with pytest.raises(BenchmarkError, match=r"mine\.yaml: has no entry 'first_conv"):
        yaml_table(tmp_path / "mine.yaml", SPACE, phone)
    (tmp_path / "mine.yaml").write_text("a:\n  median: 1.0\n")
    with pytest.raises(BenchmarkError, match="expected entries with mean"):
        yaml_table(tmp_path / "mine.yaml", SPACE, phone)


def fbnet_file(path: Path, costs: np.ndarray) -> Path:
    """Costs as HW-NAS-Bench's own file has them after conversion: skips cost something too."""
    name = "fbnet_cifar100_raspi4_latency"
    np.savez(path, **{name: costs, f"{name}_fixed": np.array([3.0])})
    return path


def test_fbnets_are_exact(tmp_path: Path) -> None:
    space = spaces.FBNet()
    costs = np.tile(1 + np.random.default_rng(0).random(9), (22, 1))
    costs[:, -1] = 0.5
    path = fbnet_file(tmp_path / "lut.npz", costs)
    table = published_table("fbnet-raspi4", path=path)
    X = sampled(space)
    expected = FBNetCost(space, "raspi4_latency", path)(X)
    assert np.allclose(table.predict(space, X), expected, rtol=1e-12)
    assert table.covers(space)
    qualities = [entry.quality for entry in table.entries.values()]
    assert qualities.count("part of a sum") == 2  # stem and head
    assert "HW-NAS-Bench" in table.protocol["source"]


def test_costs_that_are_no_sums_of_units(tmp_path: Path) -> None:
    costs = 1 + np.random.default_rng(0).random((22, 9))  # equal layers, unequal costs
    path = fbnet_file(tmp_path / "lut.npz", costs)
    with pytest.raises(BenchmarkError, match="no sums of units"):
        published_table("fbnet-raspi4", path=path)


@pytest.mark.data
def test_published_fbnets(data: Path) -> None:
    measured = FBNetMeasured(data)
    for device in ("raspi4", "pixel3", "eyeriss", "fpga"):
        table = published_table(f"fbnet-{device}", path=data)
        assert "least squares" in table.protocol["source"]
        ratio = table.predict(measured.space, measured.X) / measured.values(f"{device}_latency_ms")
        assert np.abs(ratio - 1).max() < 1e-6


@pytest.mark.data
def test_published_mobilenets(data: Path) -> None:
    for name, space, off in (
        ("note10", spaces.MobileNetV3(tuple(range(160, 225, 4)), width=1.2), 3e-3),
        ("i7-8700K", spaces.MobileNetV3(tuple(range(192, 257, 4))), 1e-12),
        ("i7-8700K", spaces.MobileNetV3((96, 100, 256), width=1.2), 1e-12),
    ):
        table, X = published_table(name, space, data), sampled(space, 2000)
        assert table.covers(space)
        ratio = table.predict(space, X) / TableLatency(space, name, data)(X)  # type: ignore[arg-type]
        assert np.abs(ratio - 1).max() < off
    with pytest.raises(BenchmarkError, match="has no entry"):
        published_table("note10", spaces.MobileNetV3((256,), width=1.2), data)
