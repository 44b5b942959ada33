"""Files as their authors published them become the tables that benchmarks read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks import made

from pyhwnas import spaces
from pyhwnas.benchmarks import NASBench201, PredictedError, Table, TableLatency, convert, find
from pyhwnas.benchmarks.originals import read_i7
from pyhwnas.benchmarks.sources import OFA_NOTE10
from pyhwnas.errors import BenchmarkError


def test_once_for_all_latencies(tmp_path: Path) -> None:
    table = Table(made.note10(tmp_path / "note10.csv.gz"))
    folder = tmp_path / "latency_table@note10"
    folder.mkdir()
    for resolution in (160, 176):
        text = (
            "".join(
                f"{key}:\n  count: {count:.0f}\n  mean: {ms!r}\n  std: {std!r}\n"
                for r, key, ms, std, count in zip(*table.values(), strict=True)
                if r == resolution
            )
            .replace("np.float64(", "")
            .replace(")", "")
        )
        (folder / f"{resolution}_lookup_table.yaml").write_text(text)
    converted = convert(folder, tmp_path)
    assert converted.path == tmp_path / "lut_ofa_mbv3_note10"
    assert find(OFA_NOTE10, tmp_path).path == converted.path
    for name, column in table.items():
        assert (converted[name] == column).all(), name
    space = spaces.MobileNetV3(resolutions=(160, 176), width=1.2)
    X = spaces.sample(space, 10, np.random.default_rng(0))
    expected = TableLatency(space, "note10", table.path)
    found = TableLatency(space, "note10", tmp_path)
    assert (found(X) == expected(X)).all()
    assert found.describe() == expected.describe()
    assert convert(folder, tmp_path).path == converted.path


def test_msunas_latencies(tmp_path: Path) -> None:
    path = tmp_path / "i7-8700K_lut.yaml"
    path.write_text("a-input:1x1x3:\n  mean: 0.5\n  var: 1.5e-07\nb:\n  mean: 2\n  var: 0.0\n")
    columns = read_i7(path)
    assert columns["key"].tolist() == ["a-input:1x1x3", "b"]
    assert columns["mean_ms"].tolist() == [0.5, 2.0]
    assert convert(path, tmp_path).path.name == "lut_ofa_mbv3_i7-8700K"
    for wrong in ("", "a:\n  mean: 1\n", "a: [1, 2]\n", "a:\n  mean: one\n  var: 1\n"):
        path.write_text(wrong)
        with pytest.raises(BenchmarkError, match="expected"):
            read_i7(path)


def test_torch_files(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    weights = dict(np.load(made.predictor(tmp_path / "predictor.npz")))
    state = {name: torch.from_numpy(value) for name, value in weights.items()}
    torch.save(state, tmp_path / "acc_predictor.pth")
    convert(tmp_path / "acc_predictor.pth", tmp_path)
    space = spaces.MobileNetV3(resolutions=(160, 176), width=1.2)
    X = spaces.sample(space, 5, np.random.default_rng(0))
    expected = PredictedError(space, tmp_path / "predictor.npz")
    assert (PredictedError(space, tmp_path)(X) == expected(X)).all()
    (tmp_path / "latency").mkdir()
    ms = np.random.default_rng(0).random(made.N).astype(np.float32)
    torch.save(ms.tolist(), tmp_path / "latency" / "raspi4.pt")
    convert(tmp_path / "latency", tmp_path)
    nb201 = NASBench201(tmp_path)
    assert nb201.names == ("raspi4_latency_ms", "macs", "params")
    assert (nb201.values("raspi4_latency_ms") == ms).all()
    (tmp_path / "broken.pth").write_bytes(b"broken")
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(BenchmarkError, match="not a PyTorch file"):
        convert(tmp_path / "broken.pth", tmp_path / "elsewhere")


def test_folders_of_nothing_known(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BenchmarkError, match="pyhwnas benchmarks"):
        convert(tmp_path / "empty", tmp_path / "out")
