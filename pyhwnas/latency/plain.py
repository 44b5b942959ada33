"""Tables as text: one line for each unit, and a hash that tells when a file was edited."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["digest", "render"]


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
