"""Ask and tell through files."""

from __future__ import annotations

import csv
from pathlib import Path

from cli.place import SMALL, Command

JOB = (*SMALL, "--objectives", "error:min,macs", "--run", "mine")


def fill(path: Path, values: list[str]) -> list[dict[str, str]]:
    with path.open() as file:
        entries = list(csv.DictReader(file))
    for entry, value in zip(entries, values, strict=False):
        entry["error"] = value
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["id", "arch", "error"])
        writer.writeheader()
        writer.writerows(entries)
    return entries


def test_rows_go_out_and_come_back(inside: Command, tmp_path: Path) -> None:
    todo = tmp_path / "todo.csv"
    asked = inside("ask", *JOB, "--n", "6", "-o", todo)
    assert asked.returncode == 0, asked.stderr
    first = todo.read_text()
    assert inside("ask", "--run", "mine", "--n", "6", "-o", todo).returncode == 0
    assert todo.read_text() == first, "rows are asked again until they are told"
    entries = fill(todo, ["7.5", "8", "failed", "", "6.25", "9"])
    assert len({entry["arch"] for entry in entries}) == 6
    told = inside("tell", todo, "--run", "mine")
    assert told.returncode == 0, told.stderr
    assert "5 networks told, 5 evaluated in all" in told.stdout
    report = inside("report", "mine")
    assert report.returncode == 0, report.stderr
    table = (tmp_path / "mine" / "evaluations.csv").read_text()
    assert "6.25" in table
    again = tmp_path / "again.csv"
    assert inside("ask", "--run", "mine", "--n", "3", "-o", again).returncode == 0
    assert entries[3]["arch"] in again.read_text()


def test_wrong_files_tell_nothing(inside: Command, tmp_path: Path) -> None:
    todo = tmp_path / "todo.csv"
    assert inside("ask", *JOB, "--n", "3", "-o", todo).returncode == 0
    for content, word in (
        (todo.read_text().replace("id,arch", "number,arch"), "id"),
        (todo.read_text().replace("none", "skip_connect", 1) + "99,nowhere,3\n", "asked"),
    ):
        wrong = tmp_path / "wrong.csv"
        wrong.write_text(content)
        done = inside("tell", wrong, "--run", "mine")
        assert done.returncode == 2, done.stdout
        assert word in done.stderr
    fill(todo, ["good", "1", "2"])
    done = inside("tell", todo, "--run", "mine")
    assert done.returncode == 2
    assert "'good'" in done.stderr
    todo.write_bytes(b"\xff" + todo.read_bytes())
    assert "expected text in UTF-8" in inside("tell", todo, "--run", "mine").stderr
    todo.write_bytes(todo.read_bytes()[1:])
    fill(todo, ["1", "1", "2"])
    todo.write_text(todo.read_text(), encoding="utf-8-sig")  # as spreadsheets write it
    assert "3 networks told, 3 evaluated in all" in inside("tell", todo, "--run", "mine").stdout


def test_searching_needs_somebody_to_measure(inside: Command) -> None:
    done = inside("search", *SMALL, "--objectives", "error:min,macs", "--max-failures", "2")
    assert done.returncode == 2
    assert "pyhwnas ask" in done.stderr
