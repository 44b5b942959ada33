"""Where a run's numbers come from: command, versions, seconds, device."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyhwnas._files import write_atomically
from pyhwnas.errors import StoreError
from pyhwnas.latency import LatencyTable

__all__ = ["device_facts", "device_name", "record", "timed", "versions"]

FILE = "provenance.json"
INTERRUPTIBLE = ("profile", "search")


def record(
    folder: Path, seconds: Mapping[str, float], *, command: str = "", versions: str = ""
) -> dict[str, Any]:
    """Keep what is known of a run in its folder, and return all of it.

    The first command and versions stay. Seconds of profile and search add up over interruptions,
    other phases are done whole.
    """
    path = folder / FILE
    known: dict[str, Any] = {"command": "", "versions": "", "seconds": {}}
    if path.exists():
        try:
            known |= json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, TypeError) as error:
            raise StoreError(
                f"{path}: expected the command and seconds of a run, got something else "
                f"({error}); remove it and try again"
            ) from error
    known["command"] = known["command"] or command
    known["versions"] = known["versions"] or versions
    for phase, value in seconds.items():
        before = known["seconds"].get(phase, 0.0) if phase in INTERRUPTIBLE else 0.0
        known["seconds"][phase] = before + value
    write_atomically(path, json.dumps(known, indent=1) + "\n")
    return known


@contextmanager
def timed(folder: Path, phase: str) -> Iterator[None]:
    """Record how long a phase takes, also where it is interrupted."""
    start = time.monotonic()
    try:
        yield
    finally:
        record(folder, {phase: time.monotonic() - start})


def device_name(table: LatencyTable | None) -> str:
    """Name what networks run on."""
    return table.device.cpu if table is not None else platform.processor() or platform.machine()


def device_facts(table: LatencyTable | None) -> dict[str, str]:
    """List what a table knows of its device, as label and text."""
    if table is None:
        return {}
    shown = {}
    for name, value in dataclasses.asdict(table.device).items():
        text = " ".join(value) if isinstance(value, list | tuple) else str(value)
        if value is not None:
            shown[name.replace("_", " ")] = text
    return shown


def versions() -> str:
    """List the versions that decide a run's numbers."""
    names = ("pyhwnas", "numpy", "onnx", "onnxruntime")
    listed = [f"Python {platform.python_version()}"]
    for name in names:
        try:
            listed.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(listed)
