"""Where a bench's numbers come from, and where they go."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def save(name: str, numbers: dict[str, Any], folder: Path = RESULTS) -> None:
    """Write a bench's numbers with the machine and the versions they were taken on.

    Those of another machine are left: beside them lies a folder for this one.
    """
    versions = {}
    for package in ("pyhwnas", "numpy", "onnxruntime", "torch", "evox"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    machine = _machine()
    path = folder / f"{name}.json"
    if path.exists() and json.loads(path.read_text(encoding="utf-8")).get("machine") != machine:
        path = folder / re.sub(r"[^a-z0-9]+", "-", machine.lower()).strip("-") / path.name
    record = {"machine": machine, "python": platform.python_version(), "versions": versions}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record | numbers, indent=1) + "\n", encoding="utf-8")
    print(f"-> {path}")


def _machine() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
