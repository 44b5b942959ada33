"""Searches that are killed, that share a file, and that lose their workers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from search.program import run_of
from search.toy import Mean, code, same

from pyhwnas import StoreError
from pyhwnas.search import load_history

PROGRAM = Path(__file__).with_name("program.py")
TOTAL = 150


def start(*args, **options):
    return subprocess.Popen([sys.executable, str(PROGRAM), *map(str, args)], **options)


def result_of(*args):
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *map(str, args)],
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    return json.loads(done.stdout)


def told(path):
    """How many rows a running search has stored; reading does not disturb it."""
    with contextlib.suppress(StoreError):
        return len(load_history(path)[0])
    return 0


@pytest.mark.parametrize("name", ["random", "rb_ifa"])
def test_a_run_that_is_killed_again_and_again_ends_as_if_it_never_was(tmp_path, name):
    path = tmp_path / "run.sqlite"
    rng = np.random.default_rng(len(name))
    kills = 0
    for moment in np.sort(rng.choice(np.arange(1, TOTAL - 20), 4, replace=False)):
        child = start("run", name, path, TOTAL)
        while told(path) < moment and child.poll() is None:
            time.sleep(0.002)  # the child has better use for this core
        os.kill(child.pid, signal.SIGKILL)
        kills += child.wait() == -signal.SIGKILL
        assert told(path) >= moment
    assert kills >= 2  # else nothing was tested
    with run_of(name, path) as search:
        history = search.run(TOTAL)
    assert same(history, run_of(name, None).run(TOTAL))


def test_one_file_one_search_many_readers(tmp_path):
    path = tmp_path / "run.sqlite"
    child = start("hold", path, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        assert child.stdout.readline().strip() == b"ready"
        with pytest.raises(StoreError, match="in use by another process"):
            run_of("random", path)
        history, meta = load_history(path)
        assert len(history) == 10
        assert meta["pending"] == 4
        child.kill()  # the lock goes with it
    with run_of("random", path) as search:
        assert len(search.run(20)) == 20


def test_worker_processes_find_the_same_rows(tmp_path):
    assert result_of("pool", tmp_path / "run.sqlite", -1) == {"done": 81}
    history, _ = load_history(tmp_path / "run.sqlite")
    np.testing.assert_array_equal(history.values[:, 0], Mean()(history.X))


def test_a_worker_that_dies_costs_the_rows_in_flight(tmp_path):
    path = tmp_path / "run.sqlite"
    result = result_of("pool", path, 5)
    assert 5 in result["failed"]
    assert 1 <= len(result["failed"]) <= 2  # as many as there are workers
    assert "executor is broken" in result["message"]
    assert "call run again with a new executor" in result["message"]
    assert sum("a worker process died" in e for e in result["errors"]) == len(result["failed"])
    # The same call goes on with the others.
    assert result_of("pool", path, 5) == {"done": 81}
    history, _ = load_history(path)
    assert {code(x) for x in history.X[history.failed]} == set(result["failed"])
