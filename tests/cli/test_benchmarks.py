"""Benchmark files: listed and converted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from cli.place import Command

from pyhwnas.benchmarks import SOURCES, Table


def test_listed_with_where_to_get_them(inside: Command, tmp_path: Path) -> None:
    done = inside("benchmarks", "--data", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)
    assert [row["file"] for row in listed] == [source.file for source in SOURCES]
    assert not any(row["path"] for row in listed)
    shown = inside("benchmarks", "--data", tmp_path)
    assert "HayeonLee/HELP" in shown.stdout


def test_converted(inside: Command, tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", error=[1.5])
    done = inside("benchmarks", "--convert", "mine.npz", "--data", "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(Path("out", "mine"))
    assert Table(tmp_path / "out" / "mine")["error"].tolist() == [1.5]
    wrong = inside("benchmarks", "--convert", "nb201.npz", "--data", "out")
    assert wrong.returncode == 2
    assert "SHA-256" in wrong.stderr
