"""Scores against published accuracies."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from benchmarks import made

from pyhwnas import benchmarks, scores
from pyhwnas.benchmarks import ECNAS, NASBench201

pytest.importorskip("scipy.stats")
pytest.importorskip("matplotlib.figure")

SPACE = NASBench201().space


@pytest.fixture(scope="module")
def nb201(tmp_path_factory: pytest.TempPathFactory) -> NASBench201:
    return NASBench201(made.nb201(tmp_path_factory.mktemp("nb201") / "nb201.npz"))


def table(archs: list[str], **columns: np.ndarray) -> scores.ScoreTable:
    values = np.stack([np.asarray(c, dtype=np.float64) for c in columns.values()], axis=1)
    units = ("",) * len(columns)
    return scores.ScoreTable(tuple(archs), tuple(columns), units, values, ("",) * len(archs))


def some(nb201: NASBench201, n: int = 400) -> tuple[list[str], np.ndarray]:
    """Networks and their accuracies."""
    rows = np.random.default_rng(1).permutation(len(nb201.X))[:n]
    accuracy = 100 - nb201.values("cifar10_test_error")[rows]
    return [SPACE.to_str(x) for x in nb201.X[rows]], accuracy


def test_known_columns(nb201: NASBench201) -> None:
    archs, accuracy = some(nb201)
    noise = np.random.default_rng(0).random(len(archs))
    found = scores.correlations(
        table(archs, same=accuracy, opposite=-accuracy, noise=noise),
        nb201,
        "cifar10_test_error",
        resamples=50,
    )
    same, opposite, random, params, macs = found.columns
    assert (same.spearman, same.kendall, same.overlap) == pytest.approx((1, 1, 1))
    assert (opposite.spearman, opposite.kendall, opposite.overlap) == pytest.approx((-1, -1, 0))
    assert abs(random.spearman) < 0.15
    assert random.low < random.spearman < random.high
    assert [c.baseline for c in found.columns] == [False, False, False, True, True]
    assert (params.name, macs.name) == ("params", "macs")
    assert np.array_equal(found.accuracy, accuracy)
    assert (found.unknown, found.repeated, found.unmeasured) == (0, 0, 0)
    assert json.loads(json.dumps(found.to_json()))["columns"][0]["spearman"] == pytest.approx(1)


def test_rows_are_joined_by_network(nb201: NASBench201) -> None:
    archs, accuracy = some(nb201)
    order = np.random.default_rng(2).permutation(len(archs))
    mixed = [archs[i] for i in order] + archs[:3] + ["no network", "", "|none~0|"]
    values = np.concatenate([accuracy[order], [-1.0] * 6])
    found = scores.correlations(table(mixed, same=values), nb201, "cifar10_test_error", resamples=5)
    assert (found.unknown, found.repeated, found.unmeasured) == (3, 3, 0)
    assert found.columns[0].spearman == pytest.approx(1)
    assert np.array_equal(found.accuracy, accuracy[order])


def test_missing_scores_are_worst_and_counted(nb201: NASBench201) -> None:
    archs, accuracy = some(nb201)
    gone = accuracy < np.quantile(accuracy, 0.3)
    missing = np.where(gone, np.where(np.arange(len(archs)) % 2, np.nan, -np.inf), accuracy)
    none = np.full(len(archs), np.nan)
    found = scores.correlations(
        table(archs, missing=missing, none=none), nb201, "cifar10_test_error", resamples=20
    )
    first, second = found.columns[:2]
    assert first.invalid == gone.sum()
    assert 0.9 < first.spearman < 1
    assert first.overlap == pytest.approx(1)
    assert second.invalid == len(archs)
    assert np.isnan([second.spearman, second.kendall, second.low, second.high]).all()
    assert second.overlap == pytest.approx(0.1)
    assert found.to_json()["columns"][1]["spearman"] is None


def test_networks_without_a_published_value(nb201: NASBench201) -> None:
    archs, accuracy = some(nb201)
    found = scores.correlations(
        table(archs, same=accuracy), nb201, "cifar10_valid_error_seed2", resamples=5
    )
    seeds = nb201.values("cifar10_valid_error_seed2")[nb201.row(_genes(archs))]
    assert found.unmeasured == np.isnan(seeds).sum() > 0
    assert len(found.accuracy) == len(archs) - found.unmeasured


def _genes(archs: list[str]) -> np.ndarray:
    return np.stack([SPACE.from_str(arch) for arch in archs])


def test_baselines_take_the_place_of_columns_of_their_names(nb201: NASBench201) -> None:
    archs, accuracy = some(nb201)
    found = scores.correlations(
        table(archs, macs=accuracy, mine=accuracy), nb201, "cifar10_test_error", resamples=5
    )
    assert [c.name for c in found.columns] == ["mine", "params", "macs"]
    assert np.array_equal(found.scores[:, 2], nb201.values("macs")[nb201.row(_genes(archs))])


def test_isomorphic_cells_are_one_network(tmp_path: Path) -> None:
    ecnas = ECNAS(made.ecnas(tmp_path / "ecnas_nb101_4v5v_energy.npz"))
    archs = [benchmarks.SmallCells().to_str(x) for x in ecnas.X]
    accuracy = 100 - ecnas.values("test_error_ep4")
    found = scores.correlations(
        table([*archs, *archs], mine=[*accuracy, *-accuracy]), ecnas, "test_error_ep4", resamples=5
    )
    assert found.repeated == len(archs) == 3
    assert found.columns[0].spearman == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "nb202"}, "benchmark: expected one of nasbench201, ecnas, nasbench301"),
        ({"name": "nasbench201", "dataset": "mnist"}, "dataset: expected cifar10, cifar100, in16"),
        ({"name": "ecnas", "dataset": "cifar10"}, "ecnas has one data set"),
        ({"name": "nasbench301", "error": "synflow"}, "error: expected one of valid_error, got"),
    ],
)
def test_unknown_names(arguments: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        scores.published(**arguments)  # type: ignore[arg-type]


def test_too_little_to_say(nb201: NASBench201) -> None:
    archs, accuracy = some(nb201, 5)
    mine = table(archs, same=accuracy)
    for top in (0.0, -1.0, 101.0, np.nan):
        with pytest.raises(ValueError, match="top: expected a percentage above 0"):
            scores.correlations(mine, nb201, "cifar10_test_error", top=top)
    with pytest.raises(ValueError, match="resamples: expected at least 1, got 0"):
        scores.correlations(mine, nb201, "cifar10_test_error", resamples=0)
    with pytest.raises(ValueError, match=r"at least 3 of the file.*got 2 of 2"):
        scores.correlations(table(archs[:2], same=accuracy[:2]), nb201, "cifar10_test_error")


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_plots(nb201: NASBench201, tmp_path: Path, suffix: str) -> None:
    archs, accuracy = some(nb201)
    columns = {f"column{i}": accuracy * 10**i for i in range(5)} | {"none": accuracy * np.nan}
    found = scores.correlations(table(archs, **columns), nb201, "cifar10_test_error", resamples=2)
    path = tmp_path / f"page{suffix}"
    scores.draw(found, path)
    assert path.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml")
    with pytest.raises(ValueError, match=r"page.gif: expected a name that ends in .png or .svg"):
        scores.draw(found, tmp_path / "page.gif")


@pytest.mark.data
@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        ("cifar10", {"synflow": (0.769, 0.571), "naswot": (0.793, 0.608)}),
        ("cifar100", {"synflow": (0.761, 0.564), "naswot": (0.808, 0.624)}),
        ("in16", {"synflow": (0.747, 0.556), "naswot": (0.780, 0.598)}),
    ],
)
def test_published_scores(
    data: Path, dataset: str, expected: dict[str, tuple[float, float]]
) -> None:
    nb201, error = scores.published("nasbench201", dataset=dataset, path=data)
    archs = [nb201.space.to_str(x) for x in nb201.X]
    columns = {name: nb201.values(f"{dataset}_{name}") for name in expected}
    found = scores.correlations(table(archs, **columns), nb201, error, resamples=2)
    baseline = {"cifar10": (0.753, 0.578), "cifar100": (0.728, 0.553), "in16": (0.692, 0.520)}
    for column in found.columns[:3]:
        values = (expected | {"params": baseline[dataset]})[column.name]
        assert (column.spearman, column.kendall) == pytest.approx(values, abs=1e-3)
