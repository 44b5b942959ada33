"""Latency tables as plain columns: unit, milliseconds and their interval, in a CSV file."""

from __future__ import annotations

import csv
import io
import math
import os
from pathlib import Path

from pyhwnas._files import write_atomically
from pyhwnas.errors import LatencyTableError, SpaceError
from pyhwnas.latency.device import Fingerprint
from pyhwnas.latency.tables.entry import Entry
from pyhwnas.latency.tables.table import NO_ERROR, UNKNOWN, LatencyTable
from pyhwnas.networks import Unit, plan_of
from pyhwnas.spaces import Space

__all__ = ["foreign_table", "named_device", "read_csv", "write_csv"]

COLUMNS = ("unit", "ms", "low_ms", "high_ms")


def write_csv(table: LatencyTable, path: str | os.PathLike[str]) -> None:
    """Write a table's units one a line: unit, ms, low_ms, high_ms, each times the scale.

    Sums of these numbers are the table's predictions of networks.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for key, entry in table.entries.items():
        values = (entry.ms, entry.low_ms, entry.high_ms)
        writer.writerow([key, *("" if v is None else repr(table.scale * v) for v in values)])
    write_atomically(Path(path), text.getvalue())


def read_csv(path: str | os.PathLike[str], space: Space, device: Fingerprint) -> LatencyTable:
    """Read a table of measurements that were made elsewhere.

    Parameters
    ----------
    path : path-like
        Columns unit and ms, and low_ms and high_ms where an interval is known; other columns are
        left alone.
    space : Space
        Whose units these are.
    device : Fingerprint
        What is known of the device.

    Returns
    -------
    LatencyTable
        With scale 1 and without a stated error.

    Raises
    ------
    LatencyTableError
        If a line is not a unit's key and its milliseconds, which it names, or there is none.
    FileNotFoundError
        If there is no such file.
    """
    try:
        entries = _entries(Path(path))
    except (UnicodeDecodeError, csv.Error) as error:
        raise LatencyTableError(
            f"{path}: expected columns with commas between them in UTF-8, got other text ({error})"
        ) from None
    if not entries:
        raise LatencyTableError(f"{path}: expected a unit in each line, got no line but the head")
    return foreign_table(space, device, entries, source=Path(path).name, licence="not stated")


def named_device(cpu: str, architecture: str = UNKNOWN) -> Fingerprint:
    """Make the fingerprint of a device of which only the name is known.

    Examples
    --------
    >>> named_device("Jetson Nano").backend
    'unknown'
    """
    return Fingerprint(
        cpu=cpu,
        architecture=architecture,
        instruction_sets=(),
        backend=UNKNOWN,
        backend_version=UNKNOWN,
        threads=0,
        precision=UNKNOWN,
        batch=0,
    )


def foreign_table(
    space: Space, device: Fingerprint, entries: dict[str, Entry], *, source: str, licence: str
) -> LatencyTable:
    """Make a table of what others measured: scale 1, and everything that they do not state None."""
    return LatencyTable(
        space=space.name,
        plan=plan_of(space).fingerprint,
        device=device,
        entries=entries,
        scale=1.0,
        accuracy=None,
        protocol={"source": source, "licence": licence, "error": NO_ERROR},
        anchor_ms=(),
        reference_ms=None,
        contention=None,
        disturbed=None,
        failed={},
        created="",
        seconds=None,
        versions={},
    )


def _entries(path: Path) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    # Spreadsheets mark UTF-8 by a sign before the first column.
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not {"unit", "ms"} <= set(reader.fieldnames or ()):
            raise LatencyTableError(
                f"{path}: expected columns {', '.join(COLUMNS)}, got "
                f"{', '.join(reader.fieldnames or ()) or 'none'}"
            )
        for row in reader:
            key, entry = _entry(row, f"{path}, line {reader.line_num}")
            if key in entries:
                raise LatencyTableError(
                    f"{path}, line {reader.line_num}: unit {key!r} stands there twice"
                )
            entries[key] = entry
    return entries


def _entry(row: dict[str, str | None], where: str) -> tuple[str, Entry]:
    try:
        key = Unit.parse(row["unit"] or "").key
    except SpaceError as error:
        raise LatencyTableError(f"{where}: {error}") from None
    values = []
    for column in COLUMNS[1:]:
        text = (row.get(column) or "").strip()
        try:
            value = float(text) if text or column == "ms" else None
        except ValueError:
            value = math.nan
        if value is not None and not 0 <= value < math.inf:
            raise LatencyTableError(
                f"{where}: expected {column} in milliseconds, 0 or more, got {text!r}"
            )
        values.append(value)
    ms, low, high = values
    assert ms is not None
    if not (ms if low is None else low) <= ms <= (ms if high is None else high):
        raise LatencyTableError(
            f"{where}: expected low_ms <= ms <= high_ms, got {low}, {ms}, {high}"
        )
    return key, Entry(ms=ms, low_ms=low, high_ms=high, quality="published")
