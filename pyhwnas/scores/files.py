"""Scores as a file: CSV through the standard library, Parquet through pyarrow.

Both hold the same columns: ``arch``, each gene, each score, ``error``. A column's unit stands in
brackets behind its name in CSV, ``latency_ms [ms]``, and in the metadata of its field in Parquet;
genes have the unit ``gene``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from pyhwnas._files import replacing
from pyhwnas._optional import require
from pyhwnas.history import Floats
from pyhwnas.problem import Problem
from pyhwnas.scores.journal import Rows

__all__ = ["ScoreTable", "check_suffix", "read_scores", "write_scores"]

ARCH, ERROR, GENE = "arch", "error", "gene"
SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """Scores of networks, as read from a file.

    Parameters
    ----------
    archs : tuple of str
        Each network in the notation of its space.
    names : tuple of str
        Of the scores.
    units : tuple of str
        Of the scores, empty where there is none.
    values : ndarray of float64, shape (n, m)
        NaN where a network has no score.
    errors : tuple of str
        What went wrong with each network; empty where all is well.
    """

    archs: tuple[str, ...]
    names: tuple[str, ...]
    units: tuple[str, ...]
    values: Floats
    errors: tuple[str, ...]

    def __post_init__(self) -> None:
        self.values.setflags(write=False)


def check_suffix(path: Path) -> None:
    """Refuse a file name that is neither CSV nor Parquet, and Parquet where pyarrow is missing."""
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path}: expected a name that ends in .csv or .parquet")
    if path.suffix == ".parquet":
        require("pyarrow.parquet", extra="parquet")


def write_scores(path: Path, problem: Problem, chunks: Iterable[Rows]) -> None:
    """Write rows into a CSV or Parquet file, by its name.

    Parameters
    ----------
    path : Path
        Ends in ``.csv`` or ``.parquet``; never seen half-written.
    problem : Problem
        What the rows were scored by.
    chunks : iterable of Rows
        A row group of Parquet each.
    """
    check_suffix(path)
    with replacing(path) as file:
        if path.suffix == ".csv":
            _write_csv(file, problem, chunks)
        else:
            _write_parquet(file, problem, chunks)


def _columns(problem: Problem) -> list[tuple[str, str]]:
    """List the numeric columns with their units."""
    genes = [(gene.name, GENE) for gene in problem.space.genes]
    return [*genes, *zip(problem.names, problem.units, strict=True)]


def _write_csv(file: BinaryIO, problem: Problem, chunks: Iterable[Rows]) -> None:
    head = [f"{name} [{unit}]" if unit else name for name, unit in _columns(problem)]
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([ARCH, *head, ERROR])
    for archs, X, values, errors in chunks:
        rows = zip(archs, X.tolist(), values.tolist(), errors, strict=True)
        writer.writerows([arch, *genes, *scores, error] for arch, genes, scores, error in rows)
    text.flush()
    text.detach()


def _write_parquet(file: BinaryIO, problem: Problem, chunks: Iterable[Rows]) -> None:
    arrow: Any = require("pyarrow", extra="parquet")
    parquet: Any = require("pyarrow.parquet", extra="parquet")
    senses = dict(zip(problem.names, problem.senses, strict=True))
    fields = [arrow.field(ARCH, arrow.string())]
    for name, unit in _columns(problem):
        kind = arrow.int64() if unit == GENE else arrow.float64()
        about = {"unit": unit} | ({"sense": senses[name]} if name in senses else {})
        fields.append(arrow.field(name, kind, metadata=about))
    schema = arrow.schema([*fields, arrow.field(ERROR, arrow.string())])
    with parquet.ParquetWriter(file, schema) as writer:
        for archs, X, values, errors in chunks:
            columns = [archs, *X.T, *values.T, list(errors)]
            arrays = [arrow.array(c, type=f.type) for c, f in zip(columns, schema, strict=True)]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))


def read_scores(path: str | Path) -> ScoreTable:
    """Read scores from a CSV or Parquet file: of `score`, or your own.

    Parameters
    ----------
    path : path
        A table with a column ``arch`` and columns of numbers. Genes are passed over.

    Returns
    -------
    ScoreTable

    Raises
    ------
    ValueError
        If the file is no such table (names column and line).
    """
    path = Path(path)
    check_suffix(path)
    return _read_csv(path) if path.suffix == ".csv" else _read_parquet(path)


def _read_csv(path: Path) -> ScoreTable:
    archs, values, errors = [], [], []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            head = next(reader, [])
            _check_head(path, head)
            arch, wanted = head.index(ARCH), _scores_of(head)
            error = head.index(ERROR) if ERROR in head else None
            for row in reader:
                where = f"{path}, line {reader.line_num}"
                if len(row) != len(head):
                    raise ValueError(f"{where}: expected {len(head)} values, got {len(row)}")
                archs.append(row[arch])
                values.append([_number(row[column], where, head[column]) for column in wanted])
                errors.append("" if error is None else row[error])
    except (UnicodeDecodeError, csv.Error) as found:
        raise ValueError(f"{path}: expected a table in CSV, got other bytes ({found})") from found
    names, units = zip(*(_split(head[column]) for column in wanted), strict=True)
    matrix = np.array(values, dtype=np.float64).reshape(-1, len(names))
    return ScoreTable(tuple(archs), names, units, matrix, tuple(errors))


def _check_head(path: Path, head: Sequence[str]) -> None:
    if head.count(ARCH) != 1 or not _scores_of(head):
        raise ValueError(
            f"{path}: expected a column '{ARCH}' and columns of scores, got "
            f"{', '.join(head) or 'nothing'}"
        )
    names = [_split(head[column])[0] for column in _scores_of(head)]
    if len(set(names)) != len(names):
        raise ValueError(f"{path}: expected distinct columns, got {', '.join(names)}")


def _scores_of(head: Sequence[str]) -> list[int]:
    """Find the columns that are neither name, gene nor error."""
    return [
        column
        for column, text in enumerate(head)
        if text not in (ARCH, ERROR) and _split(text)[1] != GENE
    ]


def _split(text: str) -> tuple[str, str]:
    name, bracket, unit = text.rpartition(" [")
    return (name, unit.removesuffix("]")) if bracket and unit.endswith("]") else (text, "")


def _number(word: str, where: str, column: str) -> float:
    try:
        return float(word) if word.strip() else float("nan")
    except ValueError:
        raise ValueError(
            f"{where}: column {column!r} is to hold numbers, got {word!r}; correct it or take the "
            "column out"
        ) from None


def _read_parquet(path: Path) -> ScoreTable:
    arrow: Any = require("pyarrow", extra="parquet")
    parquet: Any = require("pyarrow.parquet", extra="parquet")
    try:
        schema = parquet.read_schema(path)
        all_units = [(field.metadata or {}).get(b"unit", b"").decode() for field in schema]
        head = [f"{f.name} [{u}]" if u else f.name for f, u in zip(schema, all_units, strict=True)]
        _check_head(path, head)
        wanted = _scores_of(head)
        names = tuple(schema.names[column] for column in wanted)
        table = parquet.read_table(path)
        values = [table[name].cast(arrow.float64()).to_numpy() for name in names]
    except arrow.ArrowException as error:
        raise ValueError(f"{path}: expected a table of scores in Parquet ({error})") from error
    archs = tuple(map(str, table[ARCH].to_pylist()))
    errors = table[ERROR].to_pylist() if ERROR in schema.names else [""] * len(archs)
    units = tuple(all_units[column] for column in wanted)
    matrix = np.stack(values, axis=1).astype(np.float64)
    return ScoreTable(archs, names, units, matrix, tuple(error or "" for error in errors))
