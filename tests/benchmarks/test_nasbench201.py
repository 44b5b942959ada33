"""NAS-Bench-201 as a benchmark: published optima and fronts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pyhwnas import benchmarks, moo
from pyhwnas.testing import check_objective

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def nb201(data: Path) -> benchmarks.NASBench201:
    return benchmarks.NASBench201(data)


def test_best_networks(nb201: benchmarks.NASBench201) -> None:
    for dataset, row, accuracy in (
        ("cifar10", 6111, 94.3733),
        ("cifar100", 9930, 73.5133),
        ("in16", 857, 47.3111),
    ):
        error = nb201.values(f"{dataset}_test_error")
        assert error.argmin() == row
        assert 100 - error.min() == pytest.approx(accuracy, abs=5e-5)


def test_front_of_error_and_macs(nb201: benchmarks.NASBench201) -> None:
    front = nb201.true_front(("cifar10_test_error", "macs"))
    values = np.unique(front.values, axis=0)
    assert len(values) == 14
    assert (np.diff(front.values[:, 0]) >= 0).all()
    scaled = values / (100, 1e6)
    volume = moo.hypervolume(scaled, (0.9001, 220.1201)) / (0.9001 * 220.1201)
    assert volume == pytest.approx(0.895803, abs=1e-6)


@pytest.mark.parametrize(
    ("scores", "volume", "accuracy"),
    [
        (("cifar10_synflow",), 0.8842, 94.363),
        (("cifar10_naswot",), 0.8774, 92.867),
        (("cifar10_synflow", "cifar10_naswot"), 0.8933, 94.363),
    ],
)
def test_fronts_of_scores_and_macs(
    nb201: benchmarks.NASBench201, scores: tuple[str, ...], volume: float, accuracy: float
) -> None:
    front = nb201.true_front(("macs", *scores))
    error = nb201.values("cifar10_test_error")[nb201.row(front.X)]
    F = np.stack([error / 100, front.values[:, 0] / 1e6], axis=1)
    ref_point = (0.9001, 220.1201)
    assert moo.hypervolume(F, ref_point) / np.prod(ref_point) == pytest.approx(volume, abs=5e-5)
    assert 100 - error.min() == pytest.approx(accuracy, abs=5e-4)


def test_latencies_of_hwnasbench(nb201: benchmarks.NASBench201, data: Path) -> None:
    published = json.loads((data / "hwnasbench_published_examples.json").read_text())
    examples = [entry for entry in published if entry["dataset"] == "cifar10"]
    assert [entry["index"] for entry in examples] == [0, 1, 2]
    for device, first in (
        ("raspi4", 10.48198),
        ("pixel3", 3.60585),
        ("eyeriss", 3.64562),
        ("fpga", 2.57296),
    ):
        latency = nb201.objective("latency_ms", device=device)(nb201.X[:3])
        assert latency[0] == pytest.approx(first, abs=5e-6)
        assert latency == pytest.approx([e[f"{device}_latency"] for e in examples], abs=1e-5)


def test_contract(nb201: benchmarks.NASBench201) -> None:
    check_objective(nb201.objective("cifar10_test_error"))
    check_objective(nb201.objective("cifar10_snip"), n=64)
