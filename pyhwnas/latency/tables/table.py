"""Latency tables: what each unit costs on one device, and how far their sums were off."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from pyhwnas._files import write_atomically
from pyhwnas.errors import LatencyTableError
from pyhwnas.latency.device import Fingerprint
from pyhwnas.latency.tables.around import around
from pyhwnas.latency.tables.calibrate import Accuracy, EnergyAccuracy
from pyhwnas.latency.tables.columns import Columns
from pyhwnas.latency.tables.entry import Entry
from pyhwnas.latency.tables.plain import SCHEMA, content_of, digest, fields_of, read, render
from pyhwnas.networks import ABSENT, Network, Plan, Unit, plan_of
from pyhwnas.spaces import Space

__all__ = ["NO_ERROR", "SCHEMA", "UNKNOWN", "Entry", "LatencyTable"]

UNKNOWN = "unknown"
"""Stands for what others do not state of a device; no device at hand has such a runtime."""

NO_ERROR = "no error stated by its authors"
MEASURE_AGAIN = "measure it again with: pyhwnas profile --space"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatencyTable:
    """Unit latencies of one space on one device, with their error on whole networks.

    Tables come from `pyhwnas.latency.profile`, `load`, or what others published
    (`pyhwnas.benchmarks.published_table`), and are read-only.

    Parameters
    ----------
    space : str
        Name of the space.
    plan : str
        `Plan.fingerprint` of the plan that was measured.
    device : Fingerprint
        The device, its runtime and their settings.
    entries : mapping of str to Entry
        By unit key. Identity units cost nothing and have no entry.
    scale : float
        Factor from the sum of units to a network.
    accuracy : Accuracy or None
        Error on held-out networks; None if none were measured.
    protocol : mapping
        How times were taken (`Settings`), and what ended each process; for a table of others its
        ``source``, ``licence`` and ``error``.
    anchor_ms : tuple of float
        The anchor network in each process; empty in a table of others.
    reference_ms : float or None
        The anchor over all: times are those of a device at this speed.
    contention : float or None
        Median of wall time over CPU time of all visits.
    disturbed : float or None
        Share of readings at an unusual speed, by the anchor or by wall over CPU time.
    failed : mapping of str to str
        Units that could not be timed, and why.
    created : str
        Time in UTC.
    seconds : float or None
        How long it took.
    versions : mapping of str to str
        Libraries involved.
    energy : EnergyAccuracy or None
        How energies of units come to those of networks; None where they were not counted.
    """

    space: str
    plan: str
    device: Fingerprint
    entries: Mapping[str, Entry]
    scale: float
    accuracy: Accuracy | None
    protocol: Mapping[str, Any]
    anchor_ms: tuple[float, ...]
    reference_ms: float | None
    contention: float | None
    disturbed: float | None
    failed: Mapping[str, str]
    created: str
    seconds: float | None
    versions: Mapping[str, str]
    energy: EnergyAccuracy | None = None
    _columns: dict[str, Columns] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("entries", "protocol", "failed", "versions"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def __reduce__(self) -> tuple[Callable[[dict[str, Any]], LatencyTable], tuple[dict[str, Any]]]:
        """Copy and pickle the content of its file."""
        return _made_of, (self._content(),)

    @property
    def name(self) -> str:
        """Space, processor, what is known of its runtime, and units that were interpolated."""
        device = self.device
        parts = (device.backend, device.backend_version, device.precision)
        runtime = " ".join(part for part in parts if part != UNKNOWN)
        threads = f"{device.threads} thread(s)" if device.threads else ""
        count = sum(entry.interpolated for entry in self.entries.values())
        guessed = f"{count} of {len(self.entries)} units interpolated" if count else ""
        words = (f"{self.space} on {device.cpu}", runtime, threads, guessed)
        return ", ".join(filter(None, words))

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the whole content."""
        return digest(self._content())

    def describe(self) -> dict[str, str]:
        """Identify the table in a run's description."""
        return {"table": self.name, "sha256": self.fingerprint}

    def predict(
        self, space: Space, X: npt.NDArray[np.int64], *, threads: int = 1
    ) -> npt.NDArray[np.float64]:
        """Predict the latency of a population.

        Parameters
        ----------
        space : Space
            A space whose units are in this table.
        X : ndarray of int64, shape (n, n_genes)
        threads : int
            Threads of the look-up (not of the networks).

        Returns
        -------
        ndarray of float64, shape (n,)
            Milliseconds; NaN for a row without a path from its input to its output.

        Raises
        ------
        LatencyTableError
            If a unit in use is not in the table; names it.

        Notes
        -----
        ``scale`` times the sum over live units; O(n * n_slots), no network is built.
        """
        return self._look_up(space, X, threads)[0]

    def predict_energy(
        self, space: Space, X: npt.NDArray[np.int64], *, threads: int = 1
    ) -> npt.NDArray[np.float64]:
        """Predict the energy of one inference for a population.

        Parameters
        ----------
        space, X, threads
            See `predict`.

        Returns
        -------
        ndarray of float64, shape (n,)
            Millijoules; NaN for a row without a path from its input to its output.

        Raises
        ------
        LatencyTableError
            If energy was not counted, or not that of a unit in use.
        """
        return self._look_up(space, X, threads, energy=self._energy())[0]

    def predict_network(self, network: Network) -> float:
        """Predict the latency of one network in milliseconds; see `predict`."""
        return self.scale * sum(self.unit_ms(block.unit) for block in network.blocks)

    def unit_ms(self, unit: Unit) -> float:
        """Return one unit's milliseconds without the scale; 0 for the identity."""
        if not unit.nodes:
            return 0.0
        if unit.key not in self.entries:
            raise self._missing(unit.key)
        return self.entries[unit.key].ms

    def interval(
        self, space: Space, X: npt.NDArray[np.int64], *, level: float = 0.9
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Predict an interval for each row of a population.

        Parameters
        ----------
        space : Space
        X : ndarray of int64, shape (n, n_genes)
        level : float
            Probability with which a measured network is to lie within.

        Returns
        -------
        tuple of ndarray of float64, shape (n,)
            Lower and upper milliseconds.

        Raises
        ------
        LatencyTableError
            If no held-out networks were measured.

        Notes
        -----
        The reach to either side is the root of two squares. One is the network's: residuals
        relative to the prediction are taken as normal around 0 with the spread that was seen on
        the held-out networks, and on all of them together from process to process. That comes from
        few networks and fewer processes, hence Student's quantile. The other is the units': the
        sum of their variances, which tells networks of well-measured units from networks of
        contended or interpolated ones, as the spread of a few networks cannot. Units are taken as
        independent and normal, with the spread that their processes show or their interval states;
        one without either adds nothing. What the spread already holds of the units' errors is
        counted twice: intervals are rather too wide.
        """
        if self.accuracy is None:
            raise LatencyTableError(
                f"table {self.name} was not checked on networks, so it has no interval; "
                f"{MEASURE_AGAIN} {self.space}"
            )
        center, ids = self._look_up(space, X, 1)
        variance = self.scale**2 * self._of(plan_of(space)).variance
        freedom = self.accuracy.freedom(len(self.anchor_ms))
        spread = self.accuracy.residual_spread
        return around(center, ids, variance, spread=spread, freedom=freedom, level=level)

    def energy_interval(
        self, space: Space, X: npt.NDArray[np.int64], *, level: float = 0.9
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Predict an interval of the energy of one inference for each row of a population.

        Parameters
        ----------
        space, X, level
            See `interval`, also for how it is found.

        Returns
        -------
        tuple of ndarray of float64, shape (n,)
            Lower and upper millijoules.

        Raises
        ------
        LatencyTableError
            If energy was not counted, or not that of a unit in use.
        """
        energy = self._energy()
        center, ids = self._look_up(space, X, 1, energy=energy)
        variance = energy.scale**2 * self._of(plan_of(space)).variance_mj
        spread, freedom = energy.residual_spread, len(energy.held_out)
        return around(center, ids, variance, spread=spread, freedom=freedom, level=level)

    def interpolated(self, space: Space, X: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Count the units of each row that were interpolated, not measured, int64[n]."""
        ids = space.unit_ids(X, live=True)
        guessed = np.append(self._of(plan_of(space)).interpolated, False)
        count: npt.NDArray[np.int64] = guessed[ids].sum(axis=1)
        return count

    def covers(self, space: Space) -> bool:
        """Tell whether all units of a space are in this table."""
        return not self.missing(space)

    def knows(self, space: Space, X: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Tell which rows have a path and all their units in this table, bool[n]."""
        return self._of(plan_of(space)).known(space.unit_ids(X, live=True))

    def missing(self, space: Space) -> list[str]:
        """List the keys of a space's units that are not in this table."""
        plan = plan_of(space)
        return [plan.units[number].key for number in np.flatnonzero(np.isnan(self._of(plan).ms))]

    def matches(self, device: Fingerprint) -> list[str]:
        """Say where a device differs from the one measured; empty if this table holds for it."""
        return self.device.differences(device)

    def summary(self) -> str:
        """Say in a few lines what was measured and how good it is."""
        from pyhwnas.latency.tables.summary import summary

        return summary(self)

    @property
    def noisy(self) -> bool:
        """Whether the machine was too unsteady while it was measured to believe the table."""
        floor = self.accuracy.floor if self.accuracy is not None else None
        return (self.contention or 0.0) > 1.1 or (self.disturbed or 0.0) > 0.5 or (floor or 0) > 10

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the table as JSON, completely or not at all.

        Parameters
        ----------
        path : path-like
            Folders on the way are made.
        """
        content = self._content()
        head: dict[str, Any] = {"schema": SCHEMA, "sha256": digest(content)}
        write_atomically(Path(path), render(head | content))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> LatencyTable:
        """Read a table.

        Parameters
        ----------
        path : path-like

        Returns
        -------
        LatencyTable

        Raises
        ------
        LatencyTableError
            If the file is no table, of another schema, or not as it was written.
        FileNotFoundError
            If there is no such file.
        """
        content = read(Path(path))
        try:
            return cls(**fields_of(content))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise LatencyTableError(
                f"{path}: expected the fields of a latency table of schema {SCHEMA}, got others "
                f"({error}); measure again with: pyhwnas profile"
            ) from None

    def _content(self) -> dict[str, Any]:
        return content_of({f.name: getattr(self, f.name) for f in fields(self) if f.init})

    def _look_up(
        self,
        space: Space,
        X: npt.NDArray[np.int64],
        threads: int,
        *,
        energy: EnergyAccuracy | None = None,
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]:
        """Predict rows, and return their live unit ids with that."""
        from pyhwnas import _core

        plan = plan_of(space)
        columns = self._of(plan)
        cost, scale = columns.ms, self.scale
        if energy is not None:
            cost, scale = columns.mj, energy.scale
        ids = np.ascontiguousarray(space.unit_ids(X, live=True))
        total = scale * np.asarray(_core.gather_sum(cost, ids, threads), dtype=np.float64)
        # Units that run always reach the output, so the last slot tells whether there are any.
        absent = ids[:, -1] == ABSENT
        missing = np.isnan(total) & ~absent
        if missing.any():
            used = ids[missing][0]
            used = used[used != ABSENT]
            raise self._missing(plan.units[used[np.isnan(cost[used])][0]].key)
        total[absent] = np.nan
        return total, ids

    def _of(self, plan: Plan) -> Columns:
        """Arrange the entries by the unit ids of a plan, once."""
        if plan.fingerprint not in self._columns:
            self._columns[plan.fingerprint] = Columns.of(self.entries, plan)
        return self._columns[plan.fingerprint]

    def _energy(self) -> EnergyAccuracy:
        """Return what ties energies to networks, or say how to count them."""
        if self.energy is None:
            raise LatencyTableError(
                f"table {self.name}: expected energies beside the times, got none; count them "
                f"with: pyhwnas profile --energy powercap --space {self.space}"
            )
        return self.energy

    def _missing(self, key: str) -> LatencyTableError:
        reason = f" ({self.failed[key]})" if key in self.failed else ""
        return LatencyTableError(
            f"table {self.name}: expected an entry for unit {key!r}, got none{reason}; "
            f"{MEASURE_AGAIN} {self.space}"
        )


def _made_of(content: dict[str, Any]) -> LatencyTable:
    return LatencyTable(**fields_of(content))
