"""Several devices, a latency budget and a start from another run, from the command line."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from cli.place import SMALL, Command

from pyhwnas import spaces
from pyhwnas.cli.look import print_json
from pyhwnas.cli.options import job_from, milliseconds
from pyhwnas.latency import LatencyTable
from pyhwnas.objectives import Latency
from pyhwnas.search import load_history
from pyhwnas.spaces import sample

CHEAP = (*SMALL, "--objectives", "synflow_expected,latency_ms", "--evals", "30", "--top", "0")
SPACE = spaces.NASBench201(resolution=8)


@pytest.fixture
def gpu(tables: Path, tmp_path: Path) -> Path:
    """A table of this machine under another name, with large convolutions ten times as slow."""
    (path,) = tables.glob("*.json")
    table = LatencyTable.load(path)
    entries = {
        key: dataclasses.replace(entry, ms=entry.ms * (10 if "3x3" in key else 1))
        for key, entry in table.entries.items()
    }
    device = dataclasses.replace(table.device, cpu="A graphics card")
    dataclasses.replace(table, device=device, entries=entries).save(tmp_path / "gpu.json")
    return tmp_path / "gpu.json"


def test_two_devices_in_one_search(
    inside: Command, tables: Path, gpu: Path, tmp_path: Path
) -> None:
    devices = ("--tables", tables, "--device", f"gpu={gpu}")
    done = inside("search", *CHEAP, "--top", "1", *devices, "--json")
    assert done.returncode == 0, done.stderr
    (network,) = json.loads(done.stdout)["networks"]
    assert set(network["values"]) == {"synflow_expected", "latency_ms", "latency_ms@gpu"}
    assert network["predicted_ms"] == network["values"]["latency_ms"]
    assert network["measured_ms"] > 0
    folder = tmp_path / "pyhwnas-search"
    gpu.unlink()  # the run has a copy of its own
    again = inside("report", folder, "--json")
    assert json.loads(again.stdout)["networks"] == [network], again.stderr
    page = (folder / "report.html").read_text()
    assert "latency_ms@gpu is predicted from another device" in page
    assert "A graphics card" in page
    with (folder / "evaluations.csv").open() as file:
        assert any("latency_ms@gpu" in head for head in next(csv.reader(file)))


def test_a_budget_on_every_device(inside: Command, gpu: Path, tmp_path: Path) -> None:
    values = Latency(SPACE, LatencyTable.load(gpu))(sample(SPACE, 200, np.random.default_rng(0)))
    budget = float(np.nanmedian(values))
    done = inside(
        *("search", *SMALL, "--objectives", "synflow_expected", "--evals", "60", "--top", "0"),
        *("--device", f"gpu={gpu}", "--latency-budget", f"{budget!r}ms"),
    )
    assert done.returncode == 0, done.stderr
    history, _ = load_history(tmp_path / "pyhwnas-search" / "run.sqlite")
    assert history.names == ("synflow_expected", "latency_ms@gpu")
    assert (history.values[:, 1] > budget).any()
    assert (history.front().values[:, 1] <= budget).all()


@pytest.mark.data
def test_published_tables_are_devices(inside: Command, data: Path, tmp_path: Path) -> None:
    done = inside(
        *("search", "--resolutions", "160,224", "--set", "space_options.width=1.2"),
        *("--objectives", "synflow_expected"),
        *("--device", "phone=note10", "--device", "pc=i7-8700K"),
        *("--optimizer", "nsga2", "--evals", "20", "--top", "0"),
    )
    assert done.returncode == 0, done.stderr
    history, _ = load_history(tmp_path / "pyhwnas-search" / "run.sqlite")
    assert history.names == ("synflow_expected", "latency_ms@phone", "latency_ms@pc")
    assert not history.failed.any()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--device", "gpu"), ("NAME=TABLE.json", "'gpu'")),
        (("--device", "gpu=nowhere.json"), ("nowhere.json", "no such file")),
        (("--device", "g p=u.json"), ("letters", "'g p'")),
        (("--device", "phone=note10"), ("mobilenetv3",)),
        (("--objectives", "synflow_expected,latency_ms@gpu"), ("latency_ms@gpu", "--device gpu=")),
        (("--latency-budget", "20"), ("unit", "20ms")),
        (("--latency-budget", "fast"), ("unit", "'fast'")),
        (("--warm-start", "nowhere"), ("nowhere",)),
        (("--set", "devices.gpu=3"), ("devices", "path", "'gpu'", "got 3")),
    ],
)
def test_wrong_words_are_named(
    inside: Command, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    job = ("--objectives", "synflow_expected", "--optimizer", "random", "--evals", "4")
    done = inside("search", *SMALL, *job, *arguments)
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    for word in words:
        assert word in last
    assert not (tmp_path / "pyhwnas-search").exists()


def test_a_search_starts_from_another_run(inside: Command, tables: Path, tmp_path: Path) -> None:
    assert inside("search", *CHEAP, "--tables", tables, "-o", "first").returncode == 0
    command = ("search", *CHEAP, "--tables", tables, "--warm-start", "first", "-o", "second")
    done = inside(*command, "--json", "--seed", "1")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["evaluations"] == 30
    history, _ = load_history(tmp_path / "second" / "run.sqlite")
    assert (len(history), history.evaluations) == (60, 30)
    (tmp_path / "first" / "run.sqlite").unlink()
    longer = inside(*command, "--json", "--seed", "1", "--evals", "40")
    assert json.loads(longer.stdout)["evaluations"] == 40, longer.stderr


def test_the_chooser_is_told_the_first_budget(inside: Command, tables: Path) -> None:
    command = ("search", *CHEAP, "--algorithm", "auto", "--tables", tables, "--evals", "21")
    first = inside(*command)
    assert first.returncode == 0, first.stderr
    assert "auto chose MSuNAS" in first.stderr
    longer = inside(*command, "--evals", "22")
    assert longer.returncode == 0, longer.stderr


def test_machines_read_null_where_there_is_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": math.inf, "b": (math.nan, 1.5, np.float64(-np.inf)), "c": True, "d": None})
    read = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert read == {"a": None, "b": [None, 1.5, None], "c": True, "d": None}


def test_times_have_a_unit() -> None:
    job = job_from(None, objectives="macs", latency_budget="1.5 s")
    assert job.objectives == ("macs", "latency_ms")
    assert job.at_most == ("latency_ms=1500.0",)
    assert milliseconds("250us") == 0.25
    for text in ("20", "-3ms", "ms", "1e999s", "0ms", "1..2ms", "nan ms"):
        with pytest.raises(ValueError, match="with its unit"):
            milliseconds(text)
