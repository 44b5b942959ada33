"""Whether a latency table can be believed: its file, its numbers, its plan, its error."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from pyhwnas._optional import require
from pyhwnas.errors import LatencyTableError, SpaceError
from pyhwnas.latency.tables.find import schema_file
from pyhwnas.latency.tables.plain import digest, parse
from pyhwnas.latency.tables.table import LatencyTable
from pyhwnas.networks import Unit, macs
from pyhwnas.networks.counts import elements_moved
from pyhwnas.spaces import Space

__all__ = ["Finding", "Level", "admission", "validate"]

Level: TypeAlias = Literal["error", "warning", "admission"]

MIXED = 100.0
"""How much faster or slower than the middle one a unit may be for its work; in seven tables of
CPUs, phones and an FPGA units were at most 13 times slower and 4 times faster."""

ELEMENT = 8
"""Multiply-accumulates that take as long as an element read or written."""

SHOWN = 5
"""Findings of one kind that are listed one by one."""

MOST = 10.0
"""Percent that a shipped table may be off on held-out networks."""

LONGEST = 120
"""Characters of a finding about the file's form; it may quote a value of any length."""


class Finding(NamedTuple):
    """One sentence about a table.

    Parameters
    ----------
    level : {"error", "warning", "admission"}
        What makes it unusable, what speaks against it, or what keeps it from being shipped.
    text : str
    """

    level: Level
    text: str


def validate(path: Path, space: Space | None = None) -> list[Finding]:
    """Examine a table's file.

    Parameters
    ----------
    path : Path
    space : Space, optional
        What the table is meant for: are all units there?

    Returns
    -------
    list of Finding
        Errors, then warnings; empty if there is nothing to say. `admission` has its own rules.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    try:
        data = parse(path)
    except LatencyTableError as error:
        return [Finding("error", str(error))]
    schema = json.loads(schema_file().read_text(encoding="utf-8"))
    found = [Finding("error", text) for text in _some(_violations(data, schema))]
    content = {name: value for name, value in data.items() if name not in ("schema", "sha256")}
    if data.get("sha256") != digest(content):
        found.append(
            Finding(
                "error",
                "the content is not the one that its SHA-256 stands for: the file was edited or "
                "damaged; restore it or measure again",
            )
        )
    if found:
        return found
    table = LatencyTable.load(path)
    return sorted(
        (*_entries(table), *_speed(table), *_context(table), *_coverage(table, space)),
        key=lambda finding: finding.level != "error",
    )


def admission(table: LatencyTable) -> list[Finding]:
    """Apply the rules for tables that come with the package (``latency_tables/README.md``)."""
    rules = []
    processes = len(table.anchor_ms)
    if processes < 3:
        rules.append(f"expected at least 3 processes, got {processes}")
    a = table.accuracy
    if a is None or len(a.held_out) < 8:
        rules.append(f"expected at least 8 held-out networks, got {len(a.held_out) if a else 0}")
    if table.noisy:
        rules.append("expected a steady machine, got one that its own summary calls unsteady")
    if a is not None and a.mape > MOST:
        rules.append(f"expected a mean error of at most {MOST:g} %, got {a.mape:.1f} %")
    if "time" in table.protocol.get("stop", ()):
        rules.append("expected rounds until all had settled, got an end by the time cap")
    if any(entry.interpolated for entry in table.entries.values()):
        rules.append("expected measured units alone, got interpolated ones")
    return [Finding("admission", rule) for rule in rules]


def _entries(table: LatencyTable) -> Iterator[Finding]:
    if not table.entries:
        yield Finding("error", "there are no units in the table")
    wrong, outside = [], []
    for key, entry in table.entries.items():
        try:
            if Unit.parse(key).key != key:
                wrong.append(f"unit {key!r} is not written as pyhwnas writes it")
        except SpaceError as error:
            wrong.append(str(error))
        low = entry.ms if entry.low_ms is None else entry.low_ms
        high = entry.ms if entry.high_ms is None else entry.high_ms
        if not low <= entry.ms <= high:
            outside.append(
                f"unit {key!r}: expected low_ms <= ms <= high_ms, got {low:g}, {entry.ms:g}, "
                f"{high:g}"
            )
    yield from (Finding("error", text) for text in _some(iter([*wrong, *outside])))
    measured = [entry for entry in table.entries.values() if entry.processes > 1]
    zero = sum(entry.low_ms == entry.high_ms and entry.ms > 0 for entry in measured)
    if zero:
        yield Finding(
            "warning",
            f"{zero} unit(s) have an interval of no length, which several processes never give",
        )
    poor = sum(entry.quality != "ok" for entry in measured)
    if poor > len(measured) / 2:
        yield Finding("warning", f"{poor} of {len(measured)} units have a quality other than ok")


def _speed(table: LatencyTable) -> Iterator[Finding]:
    """Compare units by the work that they are: among milliseconds, seconds stand out.

    A whole table in another unit of time does not: devices differ by more than a factor of 1000.
    """
    rates = []
    for key, entry in table.entries.items():
        with contextlib.suppress(SpaceError):
            if entry.ms > 0:
                rates.append(_work(Unit.parse(key)) / entry.ms)
    middle = float(np.median(rates)) if rates else 0.0
    odd = sum(not middle / MIXED <= rate <= middle * MIXED for rate in rates)
    if odd:
        yield Finding(
            "warning",
            f"{odd} unit(s) are more than {MIXED:g} times faster or slower for their work than the "
            "middle one: are units of time mixed?",
        )


def _work(unit: Unit) -> int:
    """Count multiply-accumulates, and elements that operations read and write."""
    return macs(unit) + ELEMENT * elements_moved(unit)


def _context(table: LatencyTable) -> Iterator[Finding]:
    if table.noisy:
        yield Finding("warning", "the machine was too unsteady to rely on these numbers")
    if table.accuracy is None:
        why = table.protocol.get("error", "it was not checked on networks")
        yield Finding("warning", f"how far sums of units are off is not known: {why}")
    if table.failed:
        yield Finding("warning", f"{len(table.failed)} unit(s) could not be timed")


def _coverage(table: LatencyTable, space: Space | None) -> Iterator[Finding]:
    if space is None or space.plan is None:
        return
    if lacks := table.missing(space):
        same = space.plan.fingerprint == table.plan
        timed = sum(bool(unit.nodes) for unit in space.plan.units)
        options = "" if same else " (it was measured for other options of the space)"
        yield Finding(
            "error" if same else "warning",
            f"{len(lacks)} of the {timed} units of space {space.name} are not in "
            f"the table, such as {lacks[0]!r}{options}; measure them with: pyhwnas profile --space "
            f"{space.name}",
        )


def _violations(data: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """Say where a file departs from the schema, one sentence each."""
    jsonschema = require("jsonschema", extra="search")
    for found in jsonschema.Draft202012Validator(schema).iter_errors(data):
        error = jsonschema.exceptions.best_match([found])
        at = ".".join(map(str, error.absolute_path)) or "the file"
        text = error.message if len(error.message) <= LONGEST else f"{error.message[:LONGEST]}..."
        yield f"{at}: {text}"


def _some(texts: Iterator[str]) -> Iterator[str]:
    """Pass the first few on, and say how many more there are."""
    everything = list(texts)
    yield from everything[:SHOWN]
    if more := len(everything) - SHOWN:
        if more > 0:
            yield f"and {more} more of this kind"
