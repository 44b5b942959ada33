"""Whole networks as they were measured last, kept in the folder of a run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pyhwnas._files import write_atomically
from pyhwnas.errors import StoreError
from pyhwnas.latency import LatencyTable, Measurement
from pyhwnas.networks import Network, build
from pyhwnas.spaces import Space

__all__ = ["Verified", "speed_then", "tied_networks"]

TIES = 8
"""Networks of a table that are measured again; their factor is then known to about 1 %."""


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
    factor : float or None
        What `speed_then` found, which `ms` are multiplied by; None where nothing was tied.
    """

    ms: Mapping[str, float] = field(default_factory=dict)
    floor: float | None = None
    at_table_speed: bool = False
    factor: float | None = None

    @property
    def moved(self) -> bool:
        """Whether the factor is further from one than twice what a second measurement was off."""
        if self.factor is None or self.floor is None:
            return False
        return abs(self.factor - 1) > 2 * self.floor

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


def tied_networks(table: LatencyTable, space: Space) -> dict[str, Network]:
    """Build networks that were measured with a table, by architecture, to be measured again.

    None where the table is one of other options of the space, which may not have them.
    """
    if space.plan is None or space.plan.fingerprint != table.plan:
        return {}
    return {arch: build(space, space.from_str(arch)) for arch in _measured(table)}


def speed_then(table: LatencyTable, found: Mapping[str, Measurement]) -> float | None:
    """Find the factor from times of now to those of a table, by networks measured both times.

    Parameters
    ----------
    table : LatencyTable
    found : mapping of str to Measurement
        By architecture, at the table's speed as the anchor tells it.

    Returns
    -------
    float or None
        Median over such networks; None where there are none.

    Notes
    -----
    In one process all networks together are some per cent faster or slower than in another, beside
    the same anchor. A table's scale takes that in, since it is fitted in the processes that check
    it, and a measurement of other networks later does not.
    """
    then = _measured(table)
    ratios = [then[arch] / measurement.ms for arch, measurement in found.items() if arch in then]
    return float(np.median(ratios)) if ratios else None


def _measured(table: LatencyTable) -> dict[str, float]:
    """List a few of a table's own networks with their milliseconds, those for its scale first."""
    if table.accuracy is None:
        return {}
    networks = (*table.accuracy.probes, *table.accuracy.held_out)
    return {network.arch: network.measured_ms for network in networks[:TIES]}
