"""Tables as text: one line for each unit, and a hash that tells when a file was edited."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from pyhwnas.errors import LatencyTableError
from pyhwnas.latency.device import Fingerprint
from pyhwnas.latency.tables.calibrate import Accuracy, EnergyAccuracy, NetworkEnergy, NetworkError
from pyhwnas.latency.tables.entry import Entry

__all__ = ["SCHEMA", "content_of", "digest", "fields_of", "parse", "read", "render"]

PROCESSES = ("process_ms", "process_mj")
SCHEMA = 2
"""Version of the format. 1 knew measured tables alone, without the values of single processes."""


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 over JSON values, whatever the order of their keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def render(data: Mapping[str, Any]) -> str:
    """JSON with one line for each unit, so that two tables can be compared line by line."""
    lines = []
    for key, value in data.items():
        text = json.dumps(value)
        if isinstance(value, dict) and any(isinstance(v, dict) for v in value.values()):
            rows = (f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
            text = "{\n" + ",\n".join(rows) + "\n }"
        lines.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def parse(path: Path) -> dict[str, Any]:
    """Read a file's JSON and the version of its format, whatever else is in it.

    Raises
    ------
    LatencyTableError
        If it is no JSON, has a number that is none (NaN, Infinity, 1e999), is no latency table or
        one of a schema that is not known.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise LatencyTableError(
            f"{path}: expected a latency table in JSON, got a damaged file ({error}); "
            "restore it or measure again with: pyhwnas profile"
        ) from None
    if not isinstance(data, dict) or type(data.get("schema")) is not int:
        raise LatencyTableError(
            f"{path}: expected a latency table of schema {SCHEMA}, got other JSON; "
            "make a table with: pyhwnas profile"
        )
    schema = data["schema"]
    if not 1 <= schema <= SCHEMA:
        remedy = "upgrade pyhwnas" if schema > SCHEMA else "measure again with: pyhwnas profile"
        raise LatencyTableError(
            f"{path}: expected a latency table of schema 1 to {SCHEMA}, got {schema}; {remedy}"
        )
    return data


def read(path: Path) -> dict[str, Any]:
    """Read the content of a table's file, and make sure that it is as it was written.

    Raises
    ------
    LatencyTableError
        As `parse`, or if the file was edited.
    FileNotFoundError
        If there is no such file.
    """
    data = parse(path)
    content = {name: value for name, value in data.items() if name not in ("schema", "sha256")}
    if data.get("sha256") != digest(content):
        raise LatencyTableError(
            f"{path}: expected the content with SHA-256 {data.get('sha256')}, got another: the "
            "file was edited or damaged; restore it or measure again with: pyhwnas profile"
        )
    return content


def fields_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """Make the fields of a table of the content of its file.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError
        If it is not the content of a table.
    """
    fields = dict(content)
    fields["device"] = Fingerprint.from_json(content["device"])
    fields["entries"] = {
        key: Entry(**entry | {name: tuple(entry.get(name, ())) for name in PROCESSES})
        for key, entry in content["entries"].items()
    }
    fields["anchor_ms"] = tuple(content["anchor_ms"])
    if content["accuracy"] is not None:
        fields["accuracy"] = Accuracy(**_with_networks(content["accuracy"], NetworkError))
    if "energy" in content:
        fields["energy"] = EnergyAccuracy(**_with_networks(content["energy"], NetworkEnergy))
    return fields


def content_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Make JSON values of a table's fields: the inverse of `fields_of`.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.
    """
    content = dict(fields)
    if content["energy"] is None:
        del content["energy"]
    # What is not known of a unit is left out, which also keeps the hash of older files.
    content["entries"] = {
        key: {name: value for name, value in asdict(entry).items() if value not in (None, ())}
        for key, entry in content["entries"].items()
    }
    # What JSON makes of it, so that a table has one fingerprint before and after saving.
    text = json.dumps(content, allow_nan=False, default=_plain)
    made: dict[str, Any] = json.loads(text)
    return made


def _plain(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else asdict(value)


def _with_networks(
    accuracy: Mapping[str, Any], kind: type[NetworkError] | type[NetworkEnergy]
) -> dict[str, Any]:
    networks = {
        name: tuple(kind(**network) for network in accuracy[name])
        for name in ("probes", "held_out")
    }
    return {**accuracy, **networks}


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(text)


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")
