"""Runs that are interrupted, and what is kept of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from latency.tables.synthetic import made

from pyhwnas.cli.progress import Plain
from pyhwnas.errors import StoreError
from pyhwnas.job import Job
from pyhwnas.pipeline import Advance, Run

JOB = Job(
    space="latency.toy:Toy",
    objectives=("macs", "params"),
    optimizer="random",
    optimizer_options={"step": 4},
    evals=16,
    top=0,
)


class Impatient(Plain):
    """Somebody who ends a search while it goes on."""

    @contextmanager
    def stage(self, name: str) -> Iterator[Advance]:
        """Open a stage."""

        def advance(done: int, total: int | None, note: str) -> None:
            if done >= 8:
                raise KeyboardInterrupt

        yield advance


def test_the_time_of_an_interrupted_search_counts(tmp_path: Path) -> None:
    def seconds() -> float:
        found = json.loads((tmp_path / "provenance.json").read_text())["seconds"]
        return float(found.get("search", 0.0))

    with pytest.raises(KeyboardInterrupt):
        Run.start(JOB, tmp_path, Impatient()).all()
    before = seconds()
    assert before > 0
    pytest.importorskip("jinja2")
    assert Run.start(JOB, tmp_path, Plain()).all().history.evaluations == 16
    assert seconds() > before


def test_what_is_known_of_a_run_is_not_lost_in_a_traceback(tmp_path: Path) -> None:
    Run.start(JOB, tmp_path, Plain())
    for text in ("{", "3"):
        (tmp_path / "provenance.json").write_text(text)
        with pytest.raises(StoreError, match=r"provenance\.json: expected .*; remove it"):
            Run.start(JOB, tmp_path, Plain())


def test_tables_that_another_job_left_are_not_taken(tmp_path: Path) -> None:
    table, folder = made(), tmp_path / "run"
    jobs = []
    for number in (1, 2):
        source = tmp_path / f"{number}.json"
        replace(table, device=replace(table.device, cpu=f"device {number}")).save(source)
        objectives = (*JOB.objectives, "latency_ms@gpu")
        jobs.append(replace(JOB, objectives=objectives, devices={"gpu": str(source)}))
    Run.start(jobs[0], folder, Plain())  # and interrupted before anything is evaluated
    with pytest.raises(StoreError, match=r"another search \(devices: stored .*1\.json.*2\.json"):
        Run.start(jobs[1], folder, Plain())
    Run.start(jobs[0], folder, Plain())
