"""Run files: whose they are, what is wrong with them, and what stays readable."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from search.toy import Mean, Toy, same

from pyhwnas import Problem, Search, StoreError, objectives
from pyhwnas.optimizers import RBIFA, Random
from pyhwnas.problem import AtMost
from pyhwnas.search import load_history
from pyhwnas.store import Store

SPACE = Toy()
PROBLEM = Problem(SPACE, (Mean(), objectives.Macs(SPACE)))
GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a run.sqlite"
    with Search(PROBLEM, Random(step=5), store=path, seed=1) as search:
        search.run(12)
    return path


def test_a_finished_run_is_one_file(path):
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    history, meta = load_history(path)
    assert same(history, Search(PROBLEM, Random(step=5), seed=1).run(12))
    assert history.names == ("quality", "macs")
    assert history.senses == ("max", "min")
    assert history.units == ("%", "")
    assert meta["pending"] == 3
    assert meta["exhausted"] is False
    assert meta["describe"]["optimizer"]["step"] == 5
    assert meta["versions"].keys() == {"pyhwnas", "numpy", "python"}
    np.testing.assert_array_equal(history.ref_point, np.array(meta["ref_point"]) * [-1, 1])
    assert len(history.front()) > 0
    with pytest.raises(ValueError, match="without its problem"):
        history.lookup(history.X)


def test_a_run_is_continued(path):
    with Search(PROBLEM, Random(step=5), store=path, seed=1) as search:
        assert len(search.history) == 12
        assert same(search.run(30), Search(PROBLEM, Random(step=5), seed=1).run(30))


def test_a_search_that_is_not_closed_may_be_opened_again(tmp_path):
    path = tmp_path / "run.sqlite"
    search = Search(PROBLEM, Random(), store=path)
    search.run(5)
    search = Search(PROBLEM, Random(), store=path)
    assert len(search.run(10)) == 10
    search.close()
    with pytest.raises(StoreError, match="closed"):
        search.run(11)


def test_two_searches_in_one_process_do_not_mix(tmp_path):
    path = tmp_path / "run.sqlite"
    one = Search(PROBLEM, Random(), store=path)
    other = Search(PROBLEM, Random(), store=path)
    one.run(5)
    with pytest.raises(StoreError, match="changed by another search"):
        other.run(5)


@pytest.mark.parametrize(
    ("problem", "optimizer", "seed", "lines"),
    [
        (PROBLEM, Random(step=5), 2, ["seed: stored 1, now 2"]),
        (PROBLEM, Random(step=6), 1, ["optimizer.step: stored 5, now 6"]),
        (PROBLEM, RBIFA(("quality",), ("macs",)), 1, ["optimizer: stored pyhwnas.", "RBIFA"]),
        (
            replace(PROBLEM, objectives=(Mean(seed=3), objectives.Macs(SPACE))),
            Random(step=5),
            7,
            ["problem.objectives[0].seed: stored 0, now 3", "seed: stored 1, now 7"],
        ),
        (
            replace(PROBLEM, constraints=(AtMost("macs", 9),)),
            Random(step=5),
            1,
            ["problem.constraints: stored [], now ["],
        ),
    ],
)
def test_another_run_is_not_overwritten(path, problem, optimizer, seed, lines):
    before = path.read_bytes()
    with pytest.raises(StoreError, match="belongs to another run") as caught:
        Search(problem, optimizer, store=path, seed=seed)
    for line in [*lines, "choose another path"]:
        assert line in str(caught.value)
    with Search(PROBLEM, Random(step=5), store=path, seed=1) as search:  # the lock is free again
        assert len(search.history) == 12
    assert len(path.read_bytes()) == len(before)


def test_a_newer_schema_is_refused(path):
    with sqlite3.connect(path) as db:
        db.execute("UPDATE meta SET value = '2' WHERE name = 'schema'")
    db.close()
    for use in (lambda: Store(path), lambda: load_history(path)):
        with pytest.raises(StoreError, match=r"has schema 2, .* reads 1; upgrade"):
            use()


def test_files_that_are_no_runs(tmp_path, path):
    text = tmp_path / "notes.txt"
    text.write_text("a shopping list " * 100)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE x (y)")
    db.close()
    for file in (text, other):
        before = file.read_bytes()
        for use in (
            lambda f=file: Search(PROBLEM, Random(), store=f),
            lambda f=file: load_history(f),
        ):
            with pytest.raises(StoreError, match="is no run of pyhwnas"):
                use()
        assert file.read_bytes() == before
    with pytest.raises(StoreError, match="cannot be opened"):
        load_history(tmp_path / "nothing here.sqlite")
    assert not (tmp_path / "nothing here.sqlite").exists()
    for folder in (tmp_path, tmp_path / "no such" / "run.sqlite"):
        with pytest.raises(StoreError, match=r"cannot be opened|no run"):
            Search(PROBLEM, Random(), store=folder)


@pytest.mark.parametrize("where", [150, 4096 + 200, 3 * 4096 + 10])
def test_a_damaged_file_is_an_error_of_the_file(path, where):
    data = bytearray(path.read_bytes())
    data[where : where + 4000] = b"\xff" * len(data[where : where + 4000])
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"is damaged|is no run"):
        load_history(path)
    with pytest.raises(StoreError, match=r"is damaged|is no run"):
        Search(PROBLEM, Random(step=5), store=path, seed=1)


def test_a_truncated_file_is_an_error_of_the_file(path):
    path.write_bytes(path.read_bytes()[:6000])
    with pytest.raises(StoreError, match=r"is damaged|is no run"):
        Search(PROBLEM, Random(step=5), store=path, seed=1)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_folder_that_may_not_be_written_to(path):
    path.parent.chmod(0o500)
    try:
        assert len(load_history(path)[0]) == 12
        with pytest.raises(StoreError, match="may write to"):
            Search(PROBLEM, Random(step=5), store=path, seed=1)
    finally:
        path.parent.chmod(0o700)


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = (
        shutil.which("mount")
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder],
            capture_output=True,
            check=False,
        ).returncode
    )
    if not mounted:
        pytest.skip("mounting a small disk is not permitted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_loses_nothing_that_was_told(small_disk):
    path = small_disk / "run.sqlite"
    search = Search(PROBLEM, Random(step=5), store=path, seed=1)
    search.run(12)
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space"):
        ballast.write_bytes(b"x" * 8 * 10**6)
    with pytest.raises(StoreError, match="the disk is full"):
        search.run(81)
    told = len(search.history)
    assert 12 <= told < 81
    assert len(load_history(path)[0]) == told
    ballast.unlink()
    assert same(search.run(70), Search(PROBLEM, Random(step=5), seed=1).run(70))
    search.close()


def test_a_file_that_does_not_say_whether_it_is_exhausted(tmp_path):
    path = tmp_path / "run.sqlite"
    with Search(PROBLEM, Random(), store=path) as search:
        search.run(100)
    with sqlite3.connect(path) as db:
        assert db.execute("DELETE FROM meta WHERE name = 'exhausted'").rowcount == 1
    db.close()
    with Search(PROBLEM, Random(), store=path) as search:
        assert len(search.run(100)) == 81
    assert load_history(path)[1]["exhausted"] is True


def test_values_come_back_bit_for_bit(tmp_path):
    path = tmp_path / "run.sqlite"
    values = np.array([[1 / 3, 5e-324], [-0.0, np.inf], [-np.inf, 1e300], [np.nan, 0.1 + 0.2]])
    with Search(PROBLEM, Random(step=4), store=path) as search:
        search.tell(search.ask().ids, values)
    history, _ = load_history(path)
    assert history.values[:3].tobytes() == values[:3].tobytes()
    assert np.isnan(history.values[3, 0])
    assert history.failed.tolist() == [False, False, False, True]


def test_schema_1_stays_readable(tmp_path):
    """Written by tests/golden/write_run_schema1.py; never written again."""
    path = shutil.copy(GOLDEN / "run_schema1.db", tmp_path)
    history, meta = load_history(path)
    assert meta["schema"] == 1
    assert meta["exhausted"] is False
    assert meta["pending"] == 2
    assert meta["describe"]["seed"] == 3
    assert meta["ref_point"] == [-4.0, 404.0]
    assert history.names == ("accuracy", "latency_ms")
    assert history.X.tolist() == [[0, 1], [2, 0], [1, 1], [0, 0]]
    assert history.values[:3].tolist() == [[1.5, 100.0], [6.25, 400.0], [np.inf, 0.1 + 0.2]]
    assert history.failed.tolist() == [False, False, False, True]
    assert history.errors[3] == "the board hung up"
    assert history.violation.tolist() == [0.0, 3.0, 0.0, np.inf]
    assert history.batch.tolist() == [0, 0, 1, 1]
    assert len(history.batches) == 2
    aux = history.batches[1].aux
    assert aux["swarm"].dtype == np.int64
    assert aux["swarm"].tolist() == [0, 0, 1, 1]
    assert aux["best"] == [[0, 1], None]
    assert history.front().X.tolist() == [[1, 1]]
