"""Ask and tell through CSV files, for people who evaluate networks on their own cluster."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from pyhwnas._files import read_text, write_atomically
from pyhwnas.objective_names import External
from pyhwnas.pipeline import Run
from pyhwnas.problem import Problem
from pyhwnas.search import Asked
from pyhwnas.spaces import Space

__all__ = ["ask", "tell"]

FAILED = "failed"


def ask(run: Run, n: int, path: Path) -> int:
    """Write the next rows to evaluate into a CSV file.

    Parameters
    ----------
    run : Run
    n : int
        How many rows at most.
    path : Path
        Gets the columns ``id``, ``arch`` and one for each objective that is measured elsewhere,
        empty.

    Returns
    -------
    int
        Number of rows; 0 if the optimizer has nothing left to propose.
    """
    if n < 1:
        raise ValueError(f"n: expected at least 1, got {n}")
    table = run.table() if run.job.wants_table else None
    with run.open(table) as search:
        asked = search.ask(n)
    brought = [o.name for o in search.problem.objectives if isinstance(o, External)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "arch", *brought])
    for number, x in zip(asked.ids, asked.X, strict=True):
        writer.writerow([int(number), run.space.to_str(x), *[""] * len(brought)])
    write_atomically(path, text.getvalue())
    return len(asked.ids)


def tell(run: Run, path: Path) -> tuple[int, int]:
    """Read evaluated rows from a CSV file; other objectives are computed here.

    Parameters
    ----------
    run : Run
    path : Path
        As `ask` wrote it, filled in. Rows with an empty value are passed over, rows with the value
        ``failed`` are kept as failed.

    Returns
    -------
    told, known : int
        Rows told now, and rows evaluated in all.

    Raises
    ------
    ValueError
        If a column is missing, a value is no number, or a row was not asked (names the line).
        Nothing is told then.
    """
    table = run.table() if run.job.wants_table else None
    with run.open(table) as search:
        pending = search.pending
        brought, failed = _read(path, run.space, pending, search.problem)
        rows = [i for i, number in enumerate(pending.ids.tolist()) if number in brought]
        values = np.full((len(rows), len(search.problem.objectives)), np.nan)
        for column, objective in enumerate(search.problem.objectives):
            if isinstance(objective, External):
                values[:, column] = [brought[number][objective.name] for number in brought]
                continue
            found = Problem(run.space, (objective,)).evaluate(pending.X[rows])
            values[:, column] = found.values[:, 0]
            failed |= {n: why for n, why in zip(brought, found.errors, strict=True) if why}
        search.tell(pending.ids[rows], values, failed=failed)
        return len(brought.keys() | failed), search.history.evaluations


def _read(
    path: Path, space: Space, pending: Asked, problem: Problem
) -> tuple[dict[int, dict[str, float]], dict[int, str]]:
    """Return the values of complete rows, in the order of `pending`, and the failed rows."""
    names = [o.name for o in problem.objectives if isinstance(o, External)]
    archs = {
        number: space.to_str(x) for number, x in zip(pending.ids.tolist(), pending.X, strict=True)
    }
    found: dict[int, dict[str, float]] = {}
    failed: dict[int, str] = {}
    with io.StringIO(read_text(path), newline="") as file:
        reader = csv.DictReader(file)
        missing = {"id", "arch", *names} - set(reader.fieldnames or ())
        if missing:
            raise ValueError(
                f"{path}: expected the columns that 'pyhwnas ask' writes, "
                f"missing {', '.join(sorted(missing))}"
            )
        for entry in reader:
            where = f"{path}, line {reader.line_num}"
            number = int(entry["id"]) if (entry["id"] or "").isdigit() else -1
            if archs.get(number) != entry["arch"]:
                raise ValueError(
                    f"{where}: expected a row that was asked and not told yet, got id "
                    f"{entry['id']!r} with {entry['arch']!r}; nothing was told"
                )
            if number in found or number in failed:
                raise ValueError(f"{where}: row {number} stands twice; nothing was told")
            words = [(entry[name] or "").strip() for name in names]
            if FAILED in words:
                failed[number] = "told as failed"
            elif all(words):
                found[number] = {
                    name: _number(word, f"{where}, {name}")
                    for name, word in zip(names, words, strict=True)
                }
    return {number: found[number] for number in archs if number in found}, failed


def _number(word: str, where: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = np.nan
    if np.isnan(value):
        raise ValueError(
            f"{where}: expected a number or '{FAILED}', got {word!r}; nothing was told"
        )
    return value
