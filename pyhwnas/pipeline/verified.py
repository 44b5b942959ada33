"""Whole networks as they were measured last, kept in the folder of a run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pyhwnas._files import write_atomically
from pyhwnas.errors import StoreError

__all__ = ["Verified"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Measured latencies of exported networks.

    Parameters
    ----------
    ms : mapping of str to float
        Milliseconds by architecture.
    floor : float or None
        How far a second measurement of the same networks was off, as a fraction.
    at_table_speed : bool
        Whether times were taken to the machine's speed when it was profiled.
    """

    ms: Mapping[str, float] = field(default_factory=dict)
    floor: float | None = None
    at_table_speed: bool = False

    def save(self, path: Path) -> None:
        """Write the readings."""
        write_atomically(path, json.dumps(dataclasses.asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> Verified:
        """Read the readings back; none where there is no file."""
        if not path.exists():
            return cls()
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise StoreError(
                f"{path}: expected measured latencies, got something else ({error}); "
                "remove it and run: pyhwnas verify"
            ) from error
