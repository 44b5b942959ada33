"""HW-NAS-Bench's pickle: read as plain numbers, never run."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from benchmarks import made

from pyhwnas import spaces
from pyhwnas.benchmarks import FBNetCost, NASBench201, convert
from pyhwnas.benchmarks.hwnasbench import read_pickle
from pyhwnas.errors import BenchmarkError
from pyhwnas.testing import check_objective

FILE = "HW-NAS-Bench-v1_0.pickle"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hw")
    convert(made.hwnasbench(folder / FILE), folder)
    return folder


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol(tmp_path: Path, protocol: int) -> None:
    columns = read_pickle(made.hwnasbench(tmp_path / "a.pickle", n=3, protocol=protocol))
    assert columns["cifar10_edgegpu_energy"].shape == (3,)
    assert columns["fbnet_ImageNet_fpga_latency"].shape == (22, 9)


def test_cells_by_index(folder: Path) -> None:
    nb201 = NASBench201(folder)
    assert "in16_edgetpu_latency_ms" in nb201.names
    with (folder / FILE).open("rb") as file:
        content = pickle.load(file)  # our own
    energy = nb201.objective("cifar10_edgegpu_energy_mj")
    assert energy.unit == "mJ"
    expected = content["nasbench201"]["cifar10"]["edgegpu_energy"]
    assert (energy(nb201.X[[4, 2]]) == [expected[4], expected[2]]).all()
    check_objective(energy)


@pytest.mark.parametrize(("setting", "space"), [
    ("cifar100", spaces.FBNet()),
    ("ImageNet", spaces.FBNet(n_classes=1000, resolution=224)),
])  # fmt: skip
def test_networks_cost_what_their_operations_cost(
    folder: Path, setting: str, space: spaces.FBNet
) -> None:
    with (folder / FILE).open("rb") as file:
        operations = pickle.load(file)["fbnet"]["eyeriss_energy"]
    fixed, layers = made.SETTINGS[setting]
    cost = FBNetCost(space, "eyeriss_energy", folder)
    X = spaces.sample(space, 20, np.random.default_rng(0))
    expected = [
        sum(operations[key] for key in fixed)
        + sum(operations[keys[choice]] for keys, choice in zip(layers, x, strict=True))
        for x in X
    ]
    assert np.allclose(cost(X), expected, rtol=1e-12)
    assert (cost.name, cost.unit) == ("eyeriss_energy_mj", "mJ")
    check_objective(cost)


class Harmful:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_nothing_is_run(tmp_path: Path) -> None:
    trap, path = tmp_path / "trap", tmp_path / FILE
    for protocol in range(6):
        path.write_bytes(pickle.dumps({"nasbench201": Harmful(trap)}, protocol=protocol))
        with pytest.raises(BenchmarkError, match=r"refers to (posix|nt)\.mkdir"):
            convert(path, tmp_path / "out")
        assert not trap.exists()
    objects = np.array([Harmful(trap)], dtype=object)
    path.write_bytes(pickle.dumps(objects))
    with pytest.raises(BenchmarkError, match="refers to"):
        read_pickle(path)
    assert not trap.exists()


@pytest.mark.parametrize("content", [
    b"", b"junk", pickle.dumps([1, 2]), pickle.dumps({"nasbench201": {"cifar10": 1}}),
    pickle.dumps({"nasbench201": {d: {} for d in ("cifar10", "cifar100", "ImageNet16-120")}}),
])  # fmt: skip
def test_other_files_are_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(BenchmarkError, match=r"not a pickle|structure of HW-NAS-Bench"):
        read_pickle(tmp_path / FILE)
