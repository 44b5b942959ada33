"""The log of a run: one SQLite file that a kill at any moment leaves readable.

Tables: ``meta`` (names and JSON values), ``batches`` (what was proposed, with the optimizer's
state; number -1 are rows known before, with where they are from), ``rows`` (distinct rows;
pending, done or failed). Write-ahead logging lets others read while a search writes; closing folds
the log back, so that a finished run is a single file.
"""

from __future__ import annotations

import json
import os
import sqlite3
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pyhwnas._describe import Json, decode, encode
from pyhwnas._sqlite import connect, explained, finish, lock
from pyhwnas.errors import StoreError
from pyhwnas.history import Batch

__all__ = ["KNOWN_BEFORE", "SCHEMA_VERSION", "Row", "Store"]

SCHEMA_VERSION = 1
KNOWN_BEFORE = -1
"""Number of the batch of rows that are known before the first one is proposed."""

APPLICATION_ID = 0x68774E53  # "hwNS" in the file's header

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE batches (id INTEGER PRIMARY KEY, x TEXT NOT NULL, aux TEXT NOT NULL);
CREATE TABLE rows (
  id INTEGER PRIMARY KEY,
  batch INTEGER NOT NULL REFERENCES batches (id),
  "key" INTEGER NOT NULL UNIQUE,
  genotype TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'failed')),
  told INTEGER UNIQUE,
  "values" TEXT,
  violation REAL,
  seconds REAL,
  error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX pending ON rows (id) WHERE status = 'pending';
"""


class Row(NamedTuple):
    """A distinct row; `told` is its place in the order of evaluation, None while pending."""

    id: int
    batch: int
    key: int
    genotype: list[int]
    told: int | None = None
    values: tuple[float, ...] = ()
    violation: float = 0.0
    seconds: float = float("nan")
    error: str = ""


class Store:
    """A run file, or a store in memory.

    Parameters
    ----------
    path : path-like or None
        Made if it does not exist; None keeps everything in memory.
    read_only : bool
        Open an existing file to look at, which is possible while a search writes to it.

    Raises
    ------
    StoreError
        If the file is no run, damaged, in use, or cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str] | None, *, read_only: bool = False) -> None:
        self.path = None if path is None else Path(path)
        self._closing = ExitStack()
        with explained(self.path):
            address = ":memory:" if self.path is None else self.path.absolute().as_uri()
            if self.path is not None and not read_only:
                self._closing.callback(lock(self.path))
            try:
                self._db = connect(f"{address}?mode=ro" if read_only else address)
                # Also when nobody closes, at the latest when the interpreter ends.
                self._closing.callback(weakref.finalize(self, finish, self._db))
                self._open(read_only)
            except BaseException:
                self.close()
                raise

    def _open(self, read_only: bool) -> None:
        """Check that the file is a run before anything in it is changed."""
        execute = self._db.execute
        new = not execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        ours = execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        if not ours and (read_only or not new):
            raise StoreError(f"{self.path} is no run of pyhwnas; choose another path")
        schema = SCHEMA_VERSION if new else self.meta().get("schema")
        if schema != SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} has schema {schema}, this version of pyhwnas reads {SCHEMA_VERSION}; "
                "upgrade pyhwnas to the version that wrote it"
            )
        if not read_only:
            execute("PRAGMA journal_mode = WAL")
            # No sync per commit: a kill loses nothing, a power cut the last few rows.
            execute("PRAGMA synchronous = NORMAL")
        if new:
            with self._transaction():
                for statement in TABLES.split(";"):
                    execute(statement)
                execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._write_meta("schema", SCHEMA_VERSION)

    def meta(self) -> dict[str, Any]:
        """Return what is stored about the run as a whole."""
        with explained(self.path):
            return {k: json.loads(v) for k, v in self._db.execute("SELECT name, value FROM meta")}

    def set_meta(self, **values: Json) -> None:
        """Store facts about the run."""
        with self._transaction():
            for name, value in values.items():
                self._write_meta(name, value)

    def read(self) -> tuple[dict[str, Any], list[Batch], list[Row]]:
        """Return meta, batches, and rows: those told in this order, then those pending by id."""
        with self._transaction("DEFERRED"):  # all three as they are at one moment
            found = self._db.execute("SELECT x, aux FROM batches WHERE id >= 0 ORDER BY id")
            batches = [Batch(np.array(json.loads(x)), decode(aux)) for x, aux in found]
            rows = [
                Row(i, batch, key, json.loads(x), told, _values(v), violation or 0.0,
                    np.nan if seconds is None else seconds, error)
                for i, batch, key, x, told, v, violation, seconds, error in self._db.execute(
                    'SELECT id, batch, "key", genotype, told, "values", violation, seconds, error '
                    "FROM rows ORDER BY told IS NULL, told, id"
                )
            ]  # fmt: skip
            return self.meta(), batches, rows

    def add_batch(self, number: int, batch: Batch, rows: Sequence[Row]) -> None:
        """Store a batch and the rows that are new in it, as pending."""
        with self._transaction():
            self._add(number, batch, rows)

    def tell(self, rows: Sequence[Row], **meta: Json) -> None:
        """Store results, all or none, and facts about the run that follow from them."""
        with self._transaction():
            self._finish(rows, meta)

    def inherit(self, batch: Batch, rows: Sequence[Row], **meta: Json) -> None:
        """Store rows that are known before the first batch, and facts that come with them."""
        with self._transaction():
            self._add(KNOWN_BEFORE, batch, rows)
            self._finish(rows, meta)

    def _add(self, number: int, batch: Batch, rows: Sequence[Row]) -> None:
        record = (number, json.dumps(batch.X.tolist()), encode(batch.aux))
        self._db.execute("INSERT INTO batches VALUES (?, ?, ?)", record)
        self._db.executemany(
            'INSERT INTO rows (id, batch, "key", genotype) VALUES (?, ?, ?, ?)',
            [(row.id, row.batch, row.key, json.dumps(row.genotype)) for row in rows],
        )

    def _finish(self, rows: Sequence[Row], meta: Mapping[str, Json]) -> None:
        for row in rows:
            values = [None if np.isnan(value) else value for value in row.values]
            status = "failed" if row.error else "done"
            done = self._db.execute(
                'UPDATE rows SET status = ?, told = ?, "values" = ?, violation = ?, '
                "seconds = ?, error = ? WHERE id = ? AND status = 'pending'",
                (status, row.told, json.dumps(values), row.violation, row.seconds, row.error,
                 row.id),
            )  # fmt: skip
            if done.rowcount != 1:
                raise sqlite3.IntegrityError(f"row {row.id} is not pending")
        for name, value in meta.items():
            self._write_meta(name, value)

    def close(self) -> None:
        """Leave a single file behind that others may open; further use is an error."""
        self._closing.close()

    def _write_meta(self, name: str, value: Json) -> None:
        self._db.execute("REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))

    @contextmanager
    def _transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        with explained(self.path):
            self._db.execute(f"BEGIN {kind}")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


def _values(text: str | None) -> tuple[float, ...]:
    stored = json.loads(text) if text else ()
    return tuple(np.nan if value is None else float(value) for value in stored)
