"""What bad input gets: one sentence on standard error, exit code 2, nothing lost."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli.place import SMALL, Command, environment

from pyhwnas.latency import LatencyTable

CHEAP = (*SMALL, "--objectives", "synflow_expected,macs", "--evals", "20", "--top", "0")


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    for word in words:
        assert word in last, last


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--space", "nasbench202"), ("nasbench202", "expected one of", "nasbench201")),
        (("--space", "nowhere.py:Space"), ("nowhere.py", "expected")),
        (("--objectives", "synflow_expected,mac"), ("'mac'", "expected", "macs")),
        (("--optimizer", "nsga9"), ("nsga9", "rb-ifa")),
        (("--weights", "a,b"), ("numbers", "a,b")),
        (("--at-most", "latency"), ("latency_ms=20",)),
        (("--set", "evalz=3"), ("evalz", "evals")),
        (("--set", "evals='many'"), ("evals", "whole number")),
        (("--set", "optimizer_options.popsize=3"), ("popsize", "population")),
        (("--set", "optimizer_options.weights='a'"), ("optimizer rb-ifa", "'a'")),
        (("--set", "optimizer_options.population='a'"), ("population: expected a whole number",)),
        (("--classes", "0"), ("linear0", "at least 1")),
        (("--objectives", "macs,params"), ("performance", "macs, params", "nsga2")),
        (("--config", "binary.toml"), ("binary.toml", "UTF-8")),
        (("--set", "space_options.colour=3"), ("colour", "resolution")),
        (("--images", "nowhere"), ("folder", "nowhere")),
        (("--config", "nowhere.toml"), ("nowhere.toml",)),
        (("--backend", "tensorcore"), ("tensorcore", "onnxruntime")),
    ],
)
def test_wrong_words_are_named(
    inside: Command, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    extra = () if "--space" in arguments else SMALL
    refused(inside("search", *extra, *arguments, "--evals", "4"), *words)
    assert not (tmp_path / "pyhwnas-search" / "run.sqlite").exists()


def test_unknown_options_are_refused(pyhwnas: Command) -> None:
    done = pyhwnas("search", "--speed", "11")
    assert done.returncode == 2
    assert "--speed" in done.stderr


def other_device(tables: Path, folder: Path) -> LatencyTable:
    (path,) = tables.glob("*.json")
    table = LatencyTable.load(path)
    device = dataclasses.replace(table.device, cpu="A phone", threads=4)
    other = dataclasses.replace(table, device=device)
    other.save(folder / "other.json")
    return other


def test_table_of_another_device(inside: Command, tables: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pyhwnas-search"
    other_device(tables, tmp_path)
    job = (*CHEAP, "--tables", str(tables), "--objectives", "synflow_expected,latency_ms")
    done = inside("search", *job)
    assert done.returncode == 0, done.stderr
    (tmp_path / "other.json").replace(folder / "table.json")
    refused(inside("search", *job), "A phone", "threads", "--any-device")


def test_any_device_marks_the_report(inside: Command, tables: Path, tmp_path: Path) -> None:
    other_device(tables, tmp_path)
    job = (*CHEAP, "--tables", str(tmp_path), "--objectives", "synflow_expected,latency_ms")
    done = inside("search", *job, "--any-device")
    assert done.returncode == 0, done.stderr
    assert "another device" in done.stderr
    assert "A phone" in (tmp_path / "pyhwnas-search" / "report.html").read_text()


def test_damaged_table_is_passed_over_or_named(
    inside: Command, tables: Path, tmp_path: Path
) -> None:
    (path,) = tables.glob("*.json")
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    (mixed / "a-broken.json").write_text(path.read_text()[:500])
    (mixed / "good.json").write_text(path.read_text())
    job = (*CHEAP, "--objectives", "synflow_expected,latency_ms", "--tables", str(mixed))
    done = inside("search", *job)
    assert done.returncode == 0, done.stderr
    assert "a-broken.json" in done.stderr
    own = tmp_path / "pyhwnas-search" / "table.json"
    entries = json.loads(own.read_text())
    entries["scale"] = 2 * entries["scale"]
    own.write_text(json.dumps(entries))
    refused(inside("search", *job), "table.json", "SHA-256")


def test_folder_of_another_run_is_not_overwritten(inside: Command, tmp_path: Path) -> None:
    assert inside("search", *CHEAP).returncode == 0
    before = (tmp_path / "pyhwnas-search" / "run.sqlite").read_bytes()
    refused(inside("search", *CHEAP, "--seed", "1"), "seed: stored 0, now 1", "--out")
    refused(inside("search", *CHEAP, "--optimizer", "random"), "optimizer", "--out")
    assert (tmp_path / "pyhwnas-search" / "run.sqlite").read_bytes() == before


def test_damaged_run_file_is_named_and_kept(inside: Command, tmp_path: Path) -> None:
    assert inside("search", *CHEAP).returncode == 0
    path = tmp_path / "pyhwnas-search" / "run.sqlite"
    path.write_bytes(b"this is no database, whatever its name says" * 50)
    before = path.read_bytes()
    refused(inside("search", *CHEAP), "run.sqlite")
    assert path.read_bytes() == before


def test_output_that_cannot_be_written(inside: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    refused(inside("search", *CHEAP, "-o", "file/below"), "file/below", "--out")


@pytest.mark.parametrize("command", ["report", "export", "verify"])
def test_folder_without_a_run(inside: Command, tmp_path: Path, command: str) -> None:
    refused(inside(command, tmp_path), "config.toml", "pyhwnas search")


OBJECTIVES = """
import math
import pyhwnas.objectives as objectives

def broken(space):
    return objectives.PerNetwork(space, fail, name="broken", sense="min")

def fail(network):
    raise RuntimeError("no luck today")

def sometimes(space):
    return objectives.PerNetwork(space, odd, name="sometimes", sense="min")

def odd(network):
    return math.nan if len(network.blocks) % 2 else float(len(network.blocks))
"""


def test_failing_evaluations_are_kept_and_stop_the_run(inside: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OBJECTIVES)
    job = (*SMALL, "--objectives", "macs,mine.py:broken", "--optimizer", "random", "--evals", "20")
    refused(inside("search", *job, "--max-failures", "5"), "6", "no luck today", "max")
    evaluations = inside("report", "pyhwnas-search", "--json")
    assert json.loads(evaluations.stdout)["failed"] == 6
    assert "no luck today" in (tmp_path / "pyhwnas-search" / "evaluations.csv").read_text()


def test_missing_numbers_are_failures_not_values(inside: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OBJECTIVES)
    job = (*SMALL, "--objectives", "macs,mine.py:sometimes", "--optimizer", "random")
    done = inside("search", *job, "--evals", "20", "--top", "0", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert 0 < summary["failed"] < 20
    assert summary["evaluations"] == 20


def test_two_processes_on_one_run(inside: Command, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import time, pyhwnas.objectives as o\n"
        "def make(space): return o.PerNetwork(space, wait, name='slow', sense='min')\n"
        "def wait(network): time.sleep(0.5); return float(len(network.blocks))\n"
    )
    job = (*SMALL, "--objectives", "macs,slow.py:make", "--evals", "200", "--top", "1")
    first = subprocess.Popen(
        [sys.executable, "-m", "pyhwnas", "search", *job],
        cwd=tmp_path,
        env=environment(tmp_path / "home"),
        stderr=subprocess.DEVNULL,
    )
    try:
        while not (tmp_path / "pyhwnas-search" / "run.sqlite").exists():
            assert first.poll() is None
        refused(inside("search", *job), "pyhwnas-search", "another process")
        assert inside("report", "pyhwnas-search").returncode == 0
    finally:
        first.kill()
        first.wait()
