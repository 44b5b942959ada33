"""Files: read, found, converted, and what is said when they are not what they should be."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks import made

from pyhwnas.benchmarks import NASBench201, Table, convert, find
from pyhwnas.benchmarks.sources import HWNASBENCH, NB201, SOURCES
from pyhwnas.benchmarks.tables import MANIFEST
from pyhwnas.errors import BenchmarkError


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    np.savez(tmp_path / "mine.npz", number=[1.5, np.nan], text=["ä", "bc"], whole=[[1, 2]])
    return tmp_path / "mine.npz"


def test_columns_of_npz_and_csv(npz: Path) -> None:
    table = Table(npz)
    assert list(table) == ["number", "text", "whole"]
    assert not table["number"].flags.writeable
    with pytest.raises(KeyError):
        table["nothing"]
    path = made.table(npz.parent / "t.csv.gz", ["key", "ms"], [["a,b", 1.5], ["c", ""]])
    assert Table(path)["key"].tolist() == ["a,b", "c"]
    assert np.array_equal(Table(path)["ms"], [1.5, np.nan], equal_nan=True)


def test_conversion_keeps_every_value(npz: Path, tmp_path: Path) -> None:
    converted = convert(npz, tmp_path / "out")
    assert converted.path == tmp_path / "out" / "mine"
    assert converted.sha256 == Table(npz).sha256
    for name, column in Table(npz).items():
        assert np.array_equal(converted[name], column, equal_nan=column.dtype.kind == "f"), name
    assert isinstance(converted["number"], np.memmap)
    about = json.loads((converted.path / MANIFEST).read_text())
    assert about["source"]["file"] == "mine.npz"
    assert about["columns"]["whole"]["shape"] == [1, 2]
    assert convert(npz, tmp_path / "out") == converted, "the same file again changes nothing"
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["mine"]


def test_conversion_never_overwrites(npz: Path, tmp_path: Path) -> None:
    convert(npz, tmp_path / "out")
    np.savez(npz, number=[2.5])
    with pytest.raises(BenchmarkError, match="something else is there"):
        convert(npz, tmp_path / "out")
    assert Table(tmp_path / "out" / "mine")["number"][0] == 1.5


def test_failed_conversions_leave_nothing(tmp_path: Path) -> None:
    np.savez(tmp_path / "odd.npz", **{"fine": [1.0], "a/b": [1.0]})
    with pytest.raises(BenchmarkError, match="'a/b'"):
        convert(tmp_path / "odd.npz", tmp_path / "out")
    assert not any((tmp_path / "out").iterdir())
    (tmp_path / "plain.txt").write_text("1")
    for name, word in (("gone.npz", "got none"), ("plain.txt", "an .npz or .csv.gz file")):
        with pytest.raises(BenchmarkError, match=word):
            convert(tmp_path / name, tmp_path / "out")


def test_damage_is_told(npz: Path, tmp_path: Path) -> None:
    folder = convert(npz, tmp_path / "out").path
    column = np.load(folder / "number.npy")
    np.save(folder / "number.npy", column + 1)
    with pytest.raises(BenchmarkError, match="expected values with SHA-256"):
        Table(folder)["number"]
    (folder / "text.npy").unlink()
    with pytest.raises(BenchmarkError, match="convert its source again"):
        Table(folder)["text"]
    for content in ("{", '{"schema": 99}', '{"schema": 1}', "{}"):
        (folder / MANIFEST).write_text(content)
        with pytest.raises(BenchmarkError, match="convert its source again"):
            list(Table(folder))
    for name in ("broken.npz", "broken.csv.gz"):
        (tmp_path / name).write_bytes(b"broken")
        with pytest.raises(BenchmarkError, match="not a"):
            list(Table(tmp_path / name))
    made.table(tmp_path / "ragged.csv.gz", ["a", "b"], [["1"]])
    with pytest.raises(BenchmarkError, match="2 values in each line"):
        list(Table(tmp_path / "ragged.csv.gz"))


def test_missing_and_wrong_files_say_where_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert NB201.sha256 is not None
    told = re.escape(NB201.sha256) + ".*" + re.escape(NB201.origin)
    with pytest.raises(BenchmarkError, match=told):
        find(NB201, tmp_path)
    made.nb201(tmp_path / NB201.file)
    with pytest.raises(BenchmarkError, match=told):
        find(NB201, tmp_path)
    with pytest.raises(BenchmarkError, match=told):
        convert(tmp_path / NB201.file, tmp_path / "out")
    assert "cifar10_snip" in find(NB201, tmp_path / NB201.file), "a user's own file, by its path"
    monkeypatch.delenv("PYHWNAS_DATA", raising=False)
    with pytest.raises(BenchmarkError, match="PYHWNAS_DATA"):
        find(NB201)
    monkeypatch.setenv("PYHWNAS_DATA", str(tmp_path))
    with pytest.raises(BenchmarkError, match=told):
        NASBench201().values("cifar10_test_error")


def test_a_file_is_found_in_a_folder_and_its_conversion_comes_first(npz: Path) -> None:
    source = replace(NB201, file="mine.npz", sha256=Table(npz).sha256)
    assert find(source, npz.parent).path == npz
    convert(npz, npz.parent)
    assert find(source, npz.parent).path == npz.parent / "mine"
    assert find(source, npz.parent / "mine").path == npz.parent / "mine"


def test_a_pickle_has_to_be_converted(tmp_path: Path) -> None:
    made.hwnasbench(tmp_path / HWNASBENCH.file, n=3)
    with pytest.raises(BenchmarkError, match="pyhwnas benchmarks --convert"):
        find(HWNASBENCH, tmp_path)


def test_sources_are_distinct() -> None:
    assert len({source.stem for source in SOURCES}) == len(SOURCES)


@pytest.mark.data
def test_published_files_are_those(data: Path, tmp_path: Path) -> None:
    there = [source for source in SOURCES if (data / source.file).exists()]
    assert len(there) == len(SOURCES) - 1, "all but HW-NAS-Bench's pickle"
    for source in there:
        table = convert(data / source.file, tmp_path)
        assert table.sha256 == source.sha256
        assert list(table) == list(find(source, data))
