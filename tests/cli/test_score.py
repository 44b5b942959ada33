"""`pyhwnas score` and `pyhwnas correlate` as a person uses them."""

from __future__ import annotations

import csv
import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from benchmarks import made
from cli.place import Command, environment

from pyhwnas import proxies, scores, spaces

SPACE = spaces.NASBench201()
SMALL = ("score", "--space", "nasbench201", "--proxies", "synflow_expected,macs", "--quiet")
SLOW = """
import time
from pyhwnas import objectives

def make(space):
    return objectives.PerNetwork(space, wait, name="slow", sense="max", unit="s")

def wait(network):
    time.sleep(0.01)
    if "none~0" in network.arch:
        raise RuntimeError("out of luck")
    return len(network.arch) / 3
"""


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    for word in words:
        assert word in last, last


def test_all_of_a_space(pyhwnas: Command, tmp_path: Path) -> None:
    done = pyhwnas(*SMALL, "--all", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "15625 networks in scores.csv, 0 failed\n"
    table = scores.read_scores(tmp_path / "scores.csv")
    assert (table.names, table.units) == (("synflow_expected", "macs"), ("ln", ""))
    X = np.stack([SPACE.from_str(arch) for arch in table.archs])
    assert np.array_equal(table.values[:, 0], proxies.SynflowExpected(SPACE)(X))
    assert len(np.unique(X, axis=0)) == 15625


def test_a_sample_and_a_list_of_it(inside: Command, tmp_path: Path) -> None:
    done = inside(*SMALL, "--sample", "50", "--seed", "3", "-o", "out/sample.csv", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["done"], summary["failed"], summary["path"]) == (50, 0, "out/sample.csv")
    archs = scores.read_scores(tmp_path / "out" / "sample.csv").archs
    (tmp_path / "archs.txt").write_text("\n".join(archs))
    again = inside(*SMALL, "--archs", "archs.txt", "-o", "list.csv")
    assert again.returncode == 0, again.stderr
    sampled = (tmp_path / "out" / "sample.csv").read_bytes()
    assert (tmp_path / "list.csv").read_bytes() == sampled


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_goes_on_and_leaves_the_same_file(
    inside: Command, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    job = ["score", "--space", "nasbench201", "--proxies", "slow.py:make,macs", "--sample", "120"]
    first = subprocess.Popen(
        [sys.executable, "-m", "pyhwnas", *job, "-o", "killed.csv"],
        cwd=tmp_path,
        env=environment(tmp_path / "home"),
        stderr=subprocess.PIPE,
        text=True,
    )
    partial = tmp_path / "killed.csv.partial"
    while count(partial) < 16:
        assert first.poll() is None
        time.sleep(0.01)
    first.send_signal(number)
    _, said = first.communicate(timeout=60)
    assert first.returncode == (-9 if number == signal.SIGKILL else 128 + number)
    assert "Traceback" not in said
    assert 16 <= count(partial) < 120
    refused(inside(*job, "-o", "killed.csv"), "killed.csv.partial", "--resume")
    for out in ("killed.csv", "whole.csv"):
        done = inside(*job, "-o", out, "--resume")
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "killed.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert not partial.exists()
    with (tmp_path / "whole.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    failed = [row for row in rows if row["error"]]
    assert 0 < len(failed) < 120
    assert all(row["slow [s]"] == "nan" and float(row["macs"]) > 0 for row in failed)
    assert len(rows) == 120


def count(path: Path) -> int:
    """Rows in a partial file, also while it is being made."""
    try:
        with sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True) as db:
            found: int = db.execute("SELECT count(*) FROM rows").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    return found


FAILING = """
from pyhwnas import objectives

def broken(space):
    return objectives.PerNetwork(space, fail, name="broken", sense="min")

def fail(network):
    raise RuntimeError("no luck today")
"""


def test_failures_are_counted_and_shown(inside: Command, tmp_path: Path) -> None:
    (tmp_path / "failing_columns.py").write_text(FAILING)
    done = inside(
        "score",
        "--space",
        "nasbench201",
        "--proxies",
        "failing_columns.py:broken,params",
        "--sample",
        "5",
    )
    assert done.returncode == 0, done.stderr
    assert "5 networks in scores.csv, 5 failed" in done.stdout
    assert "the last failure: RuntimeError: no luck today" in done.stdout
    table = scores.read_scores(tmp_path / "scores.csv")
    assert np.isnan(table.values[:, 0]).all()
    assert (table.values[:, 1] > 0).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("one of --all, --sample N and --archs FILE",)),
        (("--all", "--sample", "3"), ("one of --all",)),
        (("--all", "--space", "fbnet"), ("9.85e+20", "--sample")),
        (("--all", "--space", "nasbench202"), ("'nasbench202'", "nasbench201")),
        (("--sample", "0"), ("at least 1",)),
        (("--sample", "3", "--seed", "-1"), ("seed", "-1")),
        (("--sample", "15626"), ("15625 networks", "--all")),
        (("--sample", "3", "-o", "scores.xls"), ("scores.xls", ".csv or .parquet")),
        (("--sample", "3", "-o", "archs.txt/below.csv"), ("archs.txt", "--out")),
        (("--sample", "3", "--proxies", "snap"), ("'snap'", "synflow_expected", "icd", "macs")),
        (("--sample", "3", "--proxies", "macs,macs"), ("distinct", "macs, macs")),
        (("--sample", "3", "--proxies", "error:min"), ("error", "measured elsewhere")),
        (
            # no table comes with the package for so many threads
            ("--sample", "3", "--proxies", "latency_ms", "--threads", "3"),
            ("latency_ms", "pyhwnas profile"),
        ),
        (("--sample", "3", "--proxies", "icd", "--images", "nowhere"), ("folder", "nowhere")),
        (("--sample", "3", "--proxies", "nowhere.py:make"), ("nowhere.py",)),
        (("--archs", "nowhere.txt"), ("nowhere.txt",)),
        (("--archs", "archs.txt"), ("archs.txt", "line 2", "line 3")),
        (("--sample", "3", "--workers", "0"), ("workers", "at least 1", "0")),
    ],
)
def test_bad_input_is_one_sentence(
    inside: Command, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    (tmp_path / "archs.txt").write_text("0,1,2,3,4,0\n0,1,2,3,4,5\n|none~0|\n")
    refused(inside(*SMALL, *arguments), *words)
    assert {path.name for path in tmp_path.iterdir()} <= {"archs.txt", "home"}


def test_correlations(inside: Command, tmp_path: Path) -> None:
    made.nb201(tmp_path / "mine.npz")
    assert inside(*SMALL, "--sample", "60").returncode == 0
    job = ("correlate", "scores.csv", "--benchmark", "nasbench201", "--data", "mine.npz")
    done = inside(*job, "-o", "page.svg", "--resamples", "20")
    assert done.returncode == 0, done.stderr
    for word in ("synflow_expected", "params (baseline)", "macs (baseline)", "top 10 %"):
        assert word in done.stdout
    assert (tmp_path / "page.svg").read_text().count("Spearman") == 3
    again = inside(*job, "--json", "--top", "50")
    assert again.returncode == 0, again.stderr
    found = json.loads(again.stdout)
    assert (found["networks"], found["top_percent"]) == (60, 50)
    assert [column["baseline"] for column in found["columns"]] == [False, True, True]
    assert (tmp_path / "correlations.png").exists()
    (tmp_path / "other.csv").write_text("arch,mine\nnothing,1\n")
    for arguments, words in (
        (("nowhere.csv",), ("nowhere.csv", "cannot be read")),
        (("other.csv",), ("at least 3", "got 0 of 1")),
        (("page.svg",), (".csv or .parquet",)),
        (("scores.csv", "--dataset", "mnist"), ("dataset", "'mnist'")),
        (("scores.csv", "--error", "synflow"), ("error", "'synflow'")),
        (("scores.csv", "--dataset", "in16"), ("in16_test_acc_ep200",)),
        (("scores.csv", "--top", "0"), ("top", "above 0")),
        (("scores.csv", "-o", "page.pdf"), ("page.pdf", ".png or .svg")),
    ):
        file, *options = arguments
        refused(inside("correlate", file, *job[2:], *options), *words)
