"""Runs: they continue, do not depend on processes, and belong to what they were made for."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from compare import contest
from search.toy import same

from pyhwnas.compare import Comparison, read_curves, run_all
from pyhwnas.compare.runs import store_of
from pyhwnas.errors import StoreError
from pyhwnas.search import load_history

HERE = Path(contest.__file__)
COMPARISON = Comparison(
    problem=f"{HERE}:problem",
    optimizers=("random", "nsga=pyhwnas.optimizers:NSGA2"),
    seeds=3,
    evals=30,
)


def histories(folder: Path, comparison: Comparison = COMPARISON):
    return {
        (label, seed): load_history(store_of(folder, label, seed))[0]
        for label in comparison.labels
        for seed in range(comparison.seeds)
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs")
    run_all(COMPARISON, path)
    return path


def test_every_run_has_its_evaluations_and_its_seed(folder):
    told = histories(folder)
    assert {len(history) for history in told.values()} == {30}
    first = {key: history.X[5:].tobytes() for key, history in told.items()}
    assert len(set(first.values())) == 6
    assert Comparison.from_toml((folder / "compare.toml").read_text()) == COMPARISON


def test_processes_make_no_difference(folder, tmp_path):
    ended = []
    run_all(COMPARISON, tmp_path, jobs=2, on_done=ended.append)
    assert sorted((done.label, done.seed) for done in ended) == sorted(histories(folder))
    for key, history in histories(tmp_path).items():
        assert same(history, histories(folder)[key])


def test_more_evaluations_and_seeds_go_on_from_there(folder, tmp_path):
    run_all(dataclasses.replace(COMPARISON, seeds=1, evals=11), tmp_path)
    before = json.loads(store_of(tmp_path, "nsga", 0).with_suffix(".json").read_text())
    run_all(COMPARISON, tmp_path)
    for key, history in histories(tmp_path).items():
        assert same(history, histories(folder)[key])
    after = json.loads(store_of(tmp_path, "nsga", 0).with_suffix(".json").read_text())
    assert after["cpu_seconds"] > before["cpu_seconds"]
    run_all(COMPARISON, tmp_path)  # nothing is left to do
    assert json.loads(store_of(tmp_path, "nsga", 0).with_suffix(".json").read_text()) == after


def test_the_time_of_an_interrupted_run_counts(tmp_path, monkeypatch):
    (tmp_path / "hurried.py").write_text(
        "from pyhwnas import Problem, objectives, spaces\n"
        "seen = []\n"
        "def count(network):\n"
        "    seen.append(network)\n"
        "    if len(seen) == 5:\n"
        "        raise KeyboardInterrupt\n"
        "    return len(network.graph.nodes)\n"
        "def problem():\n"
        "    space = spaces.NATSSize()\n"
        "    return Problem(space, [objectives.PerNetwork(space, count, name='n', sense='min')])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    hurried = Comparison(problem="hurried:problem", optimizers=("random",), seeds=1, evals=8)
    path = store_of(tmp_path, "random", 0)
    with pytest.raises(KeyboardInterrupt):
        run_all(hurried, tmp_path)
    before = json.loads(path.with_suffix(".json").read_text())["cpu_seconds"]
    run_all(hurried, tmp_path)
    assert 0 < before < json.loads(path.with_suffix(".json").read_text())["cpu_seconds"]
    assert len(load_history(path)[0]) == 8


def test_another_optimizer_under_a_label_is_refused(folder):
    other = dataclasses.replace(COMPARISON, options={"nsga": {"population": 4}})
    with pytest.raises(StoreError, match=r"optimizer\.population: stored 10, now 4"):
        run_all(other, folder)
    with pytest.raises(StoreError, match="ref_point"):
        run_all(dataclasses.replace(COMPARISON, problem=f"{HERE}:unbounded"), folder)


def test_mistakes_are_found_before_anything_runs(tmp_path):
    with pytest.raises(ValueError, match="name at least one"):
        run_all(Comparison(problem=COMPARISON.problem), tmp_path)
    with pytest.raises(ValueError, match="jobs: expected at least 1"):
        run_all(COMPARISON, tmp_path, jobs=0)
    with pytest.raises(ValueError, match="unknown option"):
        run_all(dataclasses.replace(COMPARISON, options={"nsga": {"size": 1}}), tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_exhausted_space_ends_a_run_early(tmp_path):
    comparison = dataclasses.replace(COMPARISON, problem=f"{HERE}:tiny", seeds=2)
    run_all(comparison, tmp_path)
    curves = read_curves(comparison, tmp_path)
    assert curves.volume["nsga"].shape == (2, 30)
    assert (np.diff(curves.volume["random"], axis=1)[:, 3:] == 0).all()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_comparison_continues(folder, tmp_path):
    program = f"""
import sys
sys.path[:0] = {sys.path!r}
if __name__ == "__main__":
    from compare.test_runs import COMPARISON
    from pyhwnas.compare import run_all
    run_all(COMPARISON, {str(tmp_path)!r}, jobs=2)
"""
    script = tmp_path / "killed.py"
    script.write_text(program)
    process = subprocess.Popen([sys.executable, str(script)], start_new_session=True)
    deadline = time.monotonic() + 60
    while not list(tmp_path.rglob("*.sqlite")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    while True:
        try:
            run_all(COMPARISON, tmp_path)
            break
        except StoreError:  # the workers let go of their files a moment later
            assert time.monotonic() < deadline
    for key, history in histories(tmp_path).items():
        assert same(history, histories(folder)[key])
