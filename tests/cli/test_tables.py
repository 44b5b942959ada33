"""Latency tables from the command line."""

from __future__ import annotations

import json
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from pyhwnas.cli.app import run
from pyhwnas.latency import LatencyTable

GOLDEN = Path(__file__).parents[1] / "golden" / "latency" / "nasbench201-schema1.json"


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder without tables of the user."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def again(place: Path) -> Path:
    """The golden table as if it had been measured a second time, a tenth slower."""
    table = LatencyTable.load(GOLDEN)
    entries = {
        key: replace(
            entry, ms=1.1 * entry.ms, low_ms=1.1 * entry.low_ms, high_ms=1.1 * entry.high_ms
        )
        for key, entry in table.entries.items()
    }
    replace(table, entries=entries, created="2027-01-01T00:00:00+00:00").save(place / "again.json")
    return place / "again.json"


def pyhwnas(*arguments: str | Path) -> int:
    try:
        return run(["tables", *map(str, arguments)])
    except SystemExit as error:  # how typer ends a command with another code
        return int(error.code or 0)


def test_list(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(GOLDEN, place / "mine.json")
    (place / "broken.json").write_text("{")
    assert pyhwnas("list", "--tables", place, "--json") == 0
    broken, mine = json.loads(capsys.readouterr().out)[:2]
    assert "damaged" in broken["table"]["error"]
    assert mine["table"]["units"] == 19
    assert pyhwnas("--tables", place) == 0
    assert "19 units" in capsys.readouterr().out


def test_list_of_a_folder_that_is_not_there(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pyhwnas("list", "--tables", "nowhere") == 2
    assert "expected a folder of latency tables, got nowhere" in capsys.readouterr().err


def test_show(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pyhwnas("show", GOLDEN, "--plot", "error.svg") == 0
    shown = capsys.readouterr().out
    assert "16 held-out networks" in shown
    assert "16x32x32: relu conv16k3 bn" in shown
    assert (place / "error.svg").stat().st_size > 10_000
    assert pyhwnas("show", GOLDEN, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (len(found["ms"]), found["execution"]) == (19, {})


def test_show_says_how_models_were_run(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = LatencyTable.load(GOLDEN)
    stated = {"execution": {"provider": "CPU", "spinning": "off"}}
    replace(table, protocol={**table.protocol, **stated}).save(place / "stated.json")
    assert pyhwnas("validate", "stated.json") == 0
    capsys.readouterr()
    assert pyhwnas("show", "stated.json") == 0
    shown = capsys.readouterr().out
    assert "CPU time of the calling thread, provider: CPU, spinning: off" in shown
    assert pyhwnas("show", "stated.json", "--json") == 0
    assert json.loads(capsys.readouterr().out)["execution"] == stated["execution"]


def test_validate(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pyhwnas("validate", GOLDEN) == 0
    assert "warning: the machine was too unsteady" in capsys.readouterr().out
    assert pyhwnas("validate", GOLDEN, "--admission", "--json") == 1
    assert json.loads(capsys.readouterr().out)[-1]["level"] == "admission"
    (place / "edited.json").write_text(GOLDEN.read_text().replace('"scale": 1', '"scale": 2'))
    assert pyhwnas("validate", GOLDEN, "edited.json") == 1
    out = capsys.readouterr().out
    assert f"{GOLDEN}: warning: " in out
    assert "edited.json: error: the content is not the one" in out
    assert pyhwnas("validate", "nowhere.json") == 2
    assert "nowhere.json" in capsys.readouterr().err


def test_compare(place: Path, again: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pyhwnas("compare", GOLDEN, again, "--json", "--plot", "both.png") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["same_identity"]
    assert found["unit_ratio"][1] == pytest.approx(1.1)
    assert found["networks"] > 900
    assert (place / "both.png").exists()
    assert pyhwnas("compare", GOLDEN, again) == 0
    assert "two tables of one device" in capsys.readouterr().out


def test_merge(place: Path, again: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pyhwnas("merge", GOLDEN, again, "-o", "both.json") == 0
    assert "6 process(es)" in capsys.readouterr().out
    merged = LatencyTable.load(place / "both.json")
    assert merged.accuracy is not None
    assert merged.accuracy.mape < 12
    assert pyhwnas("merge", GOLDEN, GOLDEN, "-o", "both.json") == 2
    assert "twice" in capsys.readouterr().err
    assert pyhwnas("validate", "both.json") == 0


def test_convert_there_and_back(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pyhwnas("convert", GOLDEN, "-o", "table.csv") == 0
    assert pyhwnas("convert", "table.csv", "-o", "table.json") == 2
    assert "give --space and --device" in capsys.readouterr().err
    made = ("--space", "nasbench201", "--device", "A board")
    assert pyhwnas("convert", "table.csv", *made, "-o", "table.json") == 0
    assert "nasbench201 on A board" in capsys.readouterr().out
    assert pyhwnas("validate", "table.json") == 0
    assert pyhwnas("convert", GOLDEN, "-o", "table.yaml") == 2
    assert ".json or .csv" in capsys.readouterr().err
    assert pyhwnas("convert", GOLDEN, "--device", "A board", "-o", "table.json") == 2
    assert "--device are for columns and YAML" in capsys.readouterr().err


def test_missing_units_are_interpolated_or_named(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = LatencyTable.load(GOLDEN)
    key = next(iter(table.entries))
    entries = {k: entry for k, entry in table.entries.items() if k != key}
    replace(table, entries=entries).save(place / "fewer.json")
    assert pyhwnas("validate", "fewer.json") == 1
    assert "1 of the 19 units" in capsys.readouterr().out
    assert pyhwnas("convert", "fewer.json", "--interpolate", "-o", "filled.json") == 2
    assert "at least 8 measured units" in capsys.readouterr().err
    assert pyhwnas("convert", GOLDEN, "--interpolate", "-o", "same.json") == 0
    assert LatencyTable.load(place / "same.json").fingerprint == table.fingerprint


@pytest.mark.data
def test_a_published_table_is_a_device(
    data: Path, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pyhwnas("convert", "note10", "--data", data, "-o", "note10.json") == 0
    assert "no error stated by its authors" in capsys.readouterr().out
    monkeypatch.delenv("PYHWNAS_DATA", raising=False)
    job = ("--resolutions", "160,224", "--set", "space_options.width=1.2", "--quiet")
    assert pyhwnas("validate", "note10.json", *job[:-1]) == 0
    arguments = ("search", *job, "--device", "phone=note10.json", "--optimizer", "nsga2")
    with pytest.raises(SystemExit, match="0"):
        run([*arguments, "--objectives", "macs", "--evals", "20", "--top", "0"])
    assert (place / "pyhwnas-search" / "table@phone.json").exists()
