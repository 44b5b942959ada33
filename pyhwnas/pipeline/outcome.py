"""What a run leaves behind."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pyhwnas.history import History
from pyhwnas.latency import LatencyTable
from pyhwnas.report import Choice

__all__ = ["Outcome"]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a run leaves behind.

    Parameters
    ----------
    folder : Path
        Holds ``report.html`` and everything else.
    history : History
        All evaluated networks.
    choices : tuple of Choice
        Exported networks with predicted and measured latency.
    table : LatencyTable or None
        What latency was predicted from.
    seconds : mapping of str to float
        By phase.
    """

    folder: Path
    history: History
    choices: tuple[Choice, ...]
    table: LatencyTable | None
    seconds: Mapping[str, float]

    @property
    def mean_error(self) -> float | None:
        """Mean |predicted - measured| / measured over the exported networks, as a fraction."""
        errors = [abs(c.error) for c in self.choices if c.error is not None]
        return float(np.mean(errors)) if errors else None

    @property
    def remeasure_floor(self) -> float | None:
        """How far a second measurement of the same networks was off, as a fraction."""
        return next((c.remeasure_floor for c in self.choices), None)

    def to_json(self) -> dict[str, Any]:
        """Summarise for machines."""
        chosen = [
            {f.name: getattr(choice, f.name) for f in dataclasses.fields(choice)}
            for choice in self.choices
        ]
        for entry in chosen:
            del entry["network"]
            entry |= {"values": dict(entry["values"]), "files": list(entry["files"])}
        known = self.history.ref_point is not None
        return {
            "folder": str(self.folder),
            "report": str(self.folder / "report.html"),
            "evaluations": self.history.evaluations,
            "failed": int(self.history.failed.sum()),
            "front": len(self.history.front()),
            "hypervolume": self.history.hypervolume() if known else None,
            "seconds": dict(self.seconds),
            "mean_error": self.mean_error,
            "remeasure_floor": self.remeasure_floor,
            "networks": chosen,
        }
