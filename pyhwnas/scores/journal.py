"""Rows that have been scored so far, in a file that a kill at any moment leaves readable."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pyhwnas._describe import Json, differences
from pyhwnas._sqlite import connect, explained, finish, lock
from pyhwnas.errors import StoreError
from pyhwnas.history import Floats, Ints
from pyhwnas.problem import Problem

__all__ = ["CHUNK", "Journal", "Rows", "Scored"]

CHUNK = 2**16
"""Rows that are read back at a time."""

TABLES = (
    "CREATE TABLE meta (about TEXT NOT NULL)",
    "CREATE TABLE rows (id INTEGER PRIMARY KEY, arch TEXT, genes BLOB, scores BLOB, error TEXT)",
)


class Rows(NamedTuple):
    """Some networks with their scores, and why some have none.

    Parameters
    ----------
    archs : sequence of str
        As the space writes them.
    X : ndarray of int64, shape (n, n_genes)
    values : ndarray of float64, shape (n, m)
    errors : sequence of str
        Empty where all is well.
    """

    archs: Sequence[str]
    X: Ints
    values: Floats
    errors: Sequence[str]


class Scored(NamedTuple):
    """How far scoring is.

    Parameters
    ----------
    done : int
        Networks with a row.
    failed : int
        Those without one of their scores.
    error : str
        What went wrong with the last one of these.
    """

    done: int
    failed: int
    error: str = ""


class Journal:
    """An SQLite file with a row for each network that has been scored.

    Parameters
    ----------
    path : Path
        Made if it does not exist; a later process goes on with it.
    problem : Problem
        What the rows are scored by.

    Raises
    ------
    StoreError
        If the file is another problem's or damaged, or another process writes it.
    """

    def __init__(self, path: Path, problem: Problem) -> None:
        self.path = path
        self._problem = problem
        self._closing = ExitStack()
        try:
            # What JSON makes of a tuple is a list.
            about = json.loads(json.dumps(problem.describe()))
        except TypeError as error:
            raise ValueError(str(error)) from error
        with explained(path):
            self._closing.callback(lock(path))
            try:
                self._db = connect(path.absolute().as_uri())
                self._closing.callback(finish, self._db)
                self._open(about)
            except BaseException:
                self.close()
                raise

    def _open(self, about: Json) -> None:
        execute = self._db.execute
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = NORMAL")
        if not execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            execute("BEGIN")
            for table in TABLES:
                execute(table)
            execute("INSERT INTO meta VALUES (?)", (json.dumps(about),))
            execute("COMMIT")
        stored = json.loads(execute("SELECT about FROM meta").fetchone()[0])
        if other := differences(stored, about):
            raise StoreError(
                f"{self.path} holds other scores ({'; '.join(other)}); repeat its own command to "
                "continue it, write to another file, or delete it"
            )
        wrong = "FROM rows WHERE error != ''"
        self._count: int = execute("SELECT count(*) FROM rows").fetchone()[0]
        self._failed: int = execute(f"SELECT count(*) {wrong}").fetchone()[0]
        last = execute(f"SELECT error {wrong} ORDER BY id DESC LIMIT 1").fetchone()
        self._error: str = last[0] if last else ""

    def __len__(self) -> int:
        """Count the rows."""
        return self._count

    def append(self, rows: Rows) -> None:
        """Add rows, all or none."""
        numbered = zip(count(self._count), *rows, strict=False)
        with explained(self.path):
            self._db.execute("BEGIN")
            self._db.executemany(
                "INSERT INTO rows VALUES (?, ?, ?, ?, ?)",
                (
                    (number, arch, x.tobytes(), values.tobytes(), error)
                    for number, arch, x, values, error in numbered
                ),
            )
            self._db.execute("COMMIT")
        self._count += len(rows.X)
        for error in filter(None, rows.errors):
            self._failed += 1
            self._error = error

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[Rows]:
        """Read rows back, at most `CHUNK` at a time."""
        stop = len(self) if stop is None else stop
        genes, scores = len(self._problem.space.genes), len(self._problem.objectives)
        for begin in range(start, stop, CHUNK):
            found = self._db.execute(
                "SELECT arch, genes, scores, error FROM rows WHERE id >= ? AND id < ? ORDER BY id",
                (begin, min(begin + CHUNK, stop)),
            ).fetchall()
            if not found:
                return
            archs, X, values, errors = zip(*found, strict=True)
            yield Rows(
                archs,
                np.frombuffer(b"".join(X), dtype=np.int64).reshape(-1, genes),
                np.frombuffer(b"".join(values), dtype=np.float64).reshape(-1, scores),
                errors,
            )

    def check(self, start: int, X: Ints) -> None:
        """Refuse rows that are not the ones from `start` on."""
        for chunk in self.chunks(start, start + len(X)):
            if not np.array_equal(chunk.X, X[: len(chunk.X)]):
                raise StoreError(
                    f"{self.path} holds scores of other networks; repeat its own command to "
                    "continue it, write to another file, or delete it"
                )
            X = X[len(chunk.X) :]

    def scored(self) -> Scored:
        """Count rows and failures."""
        return Scored(len(self), self._failed, self._error)

    def close(self) -> None:
        """Give the file back."""
        self._closing.close()

    def remove(self) -> None:
        """Delete the file."""
        self._db.close()
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        self._closing.close()
