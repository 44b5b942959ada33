"""Tables of published numbers in files: columns that are read when they are asked for."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyhwnas.benchmarks.sources import Source
from pyhwnas.errors import BenchmarkError

__all__ = [
    "ENVIRONMENT",
    "MANIFEST",
    "SCHEMA",
    "Array",
    "ColumnError",
    "PathLike",
    "Table",
    "data_folder",
    "digest",
    "file_digest",
    "find",
]

ENVIRONMENT = "PYHWNAS_DATA"
MANIFEST = "manifest.json"
SCHEMA = 1

Array = npt.NDArray[Any]
PathLike: TypeAlias = "str | os.PathLike[str]"


class ColumnError(BenchmarkError, KeyError):
    """A column that a table does not have."""

    __str__ = Exception.__str__  # a KeyError would put the sentence in quotes


@dataclass(frozen=True)
class Table(Mapping[str, Array]):
    """Named columns in a file or in a converted folder, read one at a time.

    Parameters
    ----------
    path : Path
        An ``.npz`` or ``.csv.gz`` file, or a folder that `convert` wrote: its columns are mapped
        into memory.
    source : Source, optional
        What it should be, for messages.

    Notes
    -----
    Columns are read-only. Those of a converted folder are compared with the checksums in its
    manifest when they are first read.
    """

    path: Path
    source: Source | None = field(default=None, compare=False)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What `convert` wrote about a folder; empty for a file."""
        if not self.path.is_dir():
            return {}
        try:
            manifest: dict[str, Any] = json.loads((self.path / MANIFEST).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise BenchmarkError(
                f"{self.path}: expected a folder with a {MANIFEST} ({error}); "
                "convert its source again"
            ) from error
        if manifest.get("schema") != SCHEMA or not {"source", "columns"} <= manifest.keys():
            raise BenchmarkError(
                f"{self.path}: expected a {MANIFEST} of schema {SCHEMA}, got "
                f"{manifest.get('schema')}; convert its source again"
            )
        return manifest

    @cached_property
    def sha256(self) -> str:
        """Checksum of the file, or of what the folder was converted from."""
        return str(self.manifest["source"]["sha256"]) if self.manifest else file_digest(self.path)

    @property
    def file(self) -> str:
        """Name of the file, or of what the folder was converted from."""
        return str(self.manifest["source"]["file"]) if self.manifest else self.path.name

    @cached_property
    def _names(self) -> tuple[str, ...]:
        if self.path.is_dir():
            return tuple(self.manifest["columns"])
        if self.path.suffix == ".npz":
            with self._npz() as file:
                return tuple(file.files)
        return tuple(self._csv)

    def __getitem__(self, name: str) -> Array:
        if name not in self._names:
            there = f"it has {', '.join(self._names)}"
            hint = f"; {self.source.expected}" if self.source else ""
            raise ColumnError(f"{self.path}: has no column {name!r}, {there}{hint}")
        if self.path.is_dir():
            return self._mapped(name)
        if self.path.suffix == ".npz":
            with self._npz() as file:
                column: Array = file[name]
        else:
            column = self._csv[name]
        column.setflags(write=False)
        return column

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @contextmanager
    def _npz(self) -> Iterator[Any]:
        try:
            with np.load(self.path, allow_pickle=False) as file:
                yield file
        except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise BenchmarkError(f"{self.path}: not an .npz file ({error})") from error

    @cached_property
    def _csv(self) -> dict[str, Array]:
        try:
            with gzip.open(self.path, "rt", encoding="utf-8", newline="") as file:
                rows = list(csv.reader(file))
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise BenchmarkError(f"{self.path}: not a gzipped CSV file ({error})") from error
        head, *body = rows or [[]]
        if any(len(row) != len(head) for row in body):
            raise BenchmarkError(f"{self.path}: expected {len(head)} values in each line")
        return {name: _parsed([row[i] for row in body]) for i, name in enumerate(head)}

    def _mapped(self, name: str) -> Array:
        about = self.manifest["columns"][name]
        path = self.path / about["file"]
        try:
            column: Array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise BenchmarkError(
                f"{path}: cannot be read ({error}); convert its source again"
            ) from error
        found = digest(column)
        if found != about["sha256"]:
            raise BenchmarkError(
                f"{path}: expected values with SHA-256 {about['sha256']}, got {found}; "
                "convert its source again"
            )
        # Text is stored as UTF-8, a quarter of numpy's own.
        return np.char.decode(column, "utf-8") if column.dtype.kind == "S" else column


def _parsed(words: list[str]) -> Array:
    """Numbers where all words are numbers or empty (NaN), else text."""
    try:
        return np.array([float(word) if word else np.nan for word in words])
    except ValueError:
        return np.array(words, dtype=np.str_)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(column: Array) -> str:
    """Return the SHA-256 of an array's values."""
    return hashlib.sha256(np.ascontiguousarray(column).data).hexdigest()


def data_folder() -> Path:
    """Return the folder that the environment variable PYHWNAS_DATA names.

    Raises
    ------
    BenchmarkError
        If it is not set.
    """
    folder = os.environ.get(ENVIRONMENT)
    if not folder:
        raise BenchmarkError(
            f"benchmark files: expected a path, or {ENVIRONMENT} to name the folder they are in, "
            "got neither"
        )
    return Path(folder)


def find(source: Source, path: PathLike | None = None) -> Table:
    """Open a source's file.

    Parameters
    ----------
    source : Source
    path : path, optional
        The file itself, which may be a user's own with the same columns; what `convert` made of
        it; or the folder in which either lies under its usual name. `PYHWNAS_DATA` if left out.

    Returns
    -------
    Table

    Raises
    ------
    BenchmarkError
        If there is no such file, or one of that name has another checksum: with where to get it.
    """
    place = data_folder() if path is None else Path(path)
    if place.is_file() or (place / MANIFEST).is_file():
        return Table(_readable(place), source)
    for candidate in (place / source.stem, place / source.file):
        if (candidate / MANIFEST).is_file() or candidate.is_file():
            table = Table(_readable(candidate), source)
            if table.file == source.file and source.sha256 not in (None, table.sha256):
                raise BenchmarkError(
                    f"{candidate}: {source.expected}, got one with {table.sha256}; to read "
                    "another version, give the path of the file itself"
                )
            return table
    raise BenchmarkError(f"{place}: {source.expected}, got no such file")


def _readable(path: Path) -> Path:
    if path.is_dir() or path.name.endswith((".npz", ".csv.gz")):
        return path
    raise BenchmarkError(
        f"{path}: expected an .npz or .csv.gz file or a converted folder; "
        f"run: pyhwnas benchmarks --convert {path}"
    )
