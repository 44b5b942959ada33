"""Latency tables: what each unit costs on one device, and how far their sums were off."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pyhwnas._files import write_atomically
from pyhwnas.errors import LatencyTableError
from pyhwnas.latency.calibrate import Accuracy, NetworkError, student_quantile
from pyhwnas.latency.device import Fingerprint
from pyhwnas.latency.plain import digest, render
from pyhwnas.networks import ABSENT, Network, Plan, Unit

__all__ = ["SCHEMA", "Entry", "LatencyTable"]

SCHEMA = 1
MEASURE_AGAIN = "measure it again with: pyhwnas profile --space"


class HasPlan(Protocol):
    """What a prediction needs to know of a space."""

    @property
    def name(self) -> str: ...
    @property
    def plan(self) -> Plan | None: ...
    def unit_ids(
        self, X: npt.NDArray[np.int64], *, live: bool = False
    ) -> npt.NDArray[np.int32]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One unit's latency.

    Parameters
    ----------
    ms : float
        Its marginal cost in milliseconds: timed in its carrier, minus the carrier, at least 0.
    low_ms, high_ms : float
        90 % interval by bootstrap over processes.
    min_ms, p25_ms, median_ms : float
        Readings with the carrier, medians over processes.
    carrier_ms : float
        The carrier's own reading.
    samples, processes : int
        Calls and processes behind it.
    quality : str
        ``"ok"``, or what speaks against it: ``"contended"`` (other programs had the core),
        ``"below resolution"`` (not told from 0), ``"one process"``.
    """

    ms: float
    low_ms: float
    high_ms: float
    min_ms: float
    p25_ms: float
    median_ms: float
    carrier_ms: float
    samples: int
    processes: int
    quality: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatencyTable:
    """Unit latencies of one space on one device, with their error on whole networks.

    Tables come from `pyhwnas.latency.profile` or `load` and are read-only.

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
        How times were taken (`Settings`), and what ended each process.
    anchor_ms : tuple of float
        The anchor network in each process.
    reference_ms : float
        The anchor over all: times are those of a device at this speed.
    contention : float
        Median of wall time over CPU time of all visits.
    disturbed : float
        Share of readings at an unusual speed, by the anchor or by wall over CPU time.
    failed : mapping of str to str
        Units that could not be timed, and why.
    created : str
        Time in UTC.
    seconds : float
        How long it took.
    versions : mapping of str to str
        Libraries involved.
    """

    space: str
    plan: str
    device: Fingerprint
    entries: Mapping[str, Entry]
    scale: float
    accuracy: Accuracy | None
    protocol: Mapping[str, Any]
    anchor_ms: tuple[float, ...]
    reference_ms: float
    contention: float
    disturbed: float
    failed: Mapping[str, str]
    created: str
    seconds: float
    versions: Mapping[str, str]
    _costs: dict[str, npt.NDArray[np.float64]] = field(default_factory=dict, init=False, repr=False)

    @property
    def name(self) -> str:
        """Space, processor, backend, precision and threads in one line."""
        device = self.device
        runtime = f"{device.backend} {device.backend_version} {device.precision}"
        return f"{self.space} on {device.cpu}, {runtime}, {device.threads} thread(s)"

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the whole content."""
        return digest(self._content())

    def describe(self) -> dict[str, str]:
        """Identify the table in a run's description."""
        return {"table": self.name, "sha256": self.fingerprint}

    def predict(
        self, space: HasPlan, X: npt.NDArray[np.int64], *, threads: int = 1
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
        from pyhwnas import _core

        plan = _plan_of(space)
        cost = self._cost(plan)
        ids = np.ascontiguousarray(space.unit_ids(X, live=True))
        total = np.asarray(_core.gather_sum(cost, ids, threads=threads), dtype=np.float64)
        absent = (ids == ABSENT).all(axis=1)
        missing = np.isnan(total) & ~absent
        if missing.any():
            used = ids[missing][0]
            used = used[used != ABSENT]
            raise self._missing(plan.units[used[np.isnan(cost[used])][0]].key)
        return np.where(absent, np.nan, self.scale * total)

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
        self, space: HasPlan, X: npt.NDArray[np.int64], *, level: float = 0.9
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
        Residuals relative to the prediction are taken as normal around 0 with the spread that was
        seen on the held-out networks, hence a Student interval for one more network.
        """
        if not 0 < level < 1:
            raise ValueError(f"level: expected a number between 0 and 1, got {level}")
        if self.accuracy is None:
            raise LatencyTableError(
                f"table {self.name} was not checked on networks, so it has no interval; "
                f"{MEASURE_AGAIN} {self.space}"
            )
        n = len(self.accuracy.held_out)
        reach = student_quantile((1 + level) / 2, n) * self.accuracy.residual_spread
        center = self.predict(space, X)
        return center * max(1 - reach, 0.0), center * (1 + reach)

    def covers(self, space: HasPlan) -> bool:
        """Tell whether all units of a space are in this table."""
        return not np.isnan(self._cost(_plan_of(space))).any()

    def matches(self, device: Fingerprint) -> list[str]:
        """Say where a device differs from the one measured; empty if this table holds for it."""
        return self.device.differences(device)

    def summary(self) -> str:
        """Say in a few lines what was measured and how good it is."""
        units = [f"{len(self.entries)} units", f"{len(self.anchor_ms)} process(es)"]
        lines = [self.name, f"{', '.join(units)}, {self.seconds:.0f} s, scale {self.scale:.3f}"]
        if self.accuracy is not None:
            a = self.accuracy
            floor = "unknown" if a.floor is None else f"{a.floor:.1f} %"
            lines.append(
                f"on {len(a.held_out)} held-out networks: mean error {a.mape:.1f} % "
                f"({a.mape_unscaled:.1f} % without the scale), {a.within_5:.0f} % of them within "
                f"5 %, {a.within_10:.0f} % within 10 %; measuring the same networks again in "
                f"another process: {floor}"
            )
        if self.noisy:
            lines.append(
                "this machine was too unsteady to rely on these numbers "
                f"({100 * self.disturbed:.0f} % of the readings at an unusual speed, wall time "
                f"{self.contention:.2f} times CPU time): close other programs and measure again; "
                "on a virtual machine its host's other guests may be the cause"
            )
        lines += [f"not measured: {key}: {reason}" for key, reason in self.failed.items()]
        return "\n".join(lines)

    @property
    def noisy(self) -> bool:
        """Whether the machine was too unsteady while it was measured to believe the table."""
        floor = self.accuracy.floor if self.accuracy is not None else None
        return self.contention > 1.1 or self.disturbed > 0.5 or (floor or 0.0) > 10

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
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except ValueError as error:
            raise LatencyTableError(
                f"{path}: expected a latency table in JSON, got a damaged file ({error}); "
                "restore it or measure again with: pyhwnas profile"
            ) from None
        return cls._from_json(data, path)

    @classmethod
    def _from_json(cls, data: Any, path: object) -> LatencyTable:
        if not isinstance(data, dict) or not isinstance(data.get("schema"), int):
            raise LatencyTableError(
                f"{path}: expected a latency table of schema {SCHEMA}, got other JSON; "
                "make a table with: pyhwnas profile"
            )
        schema, sha256 = data.pop("schema"), data.pop("sha256", None)
        if schema != SCHEMA:
            remedy = "upgrade pyhwnas" if schema > SCHEMA else "measure again with: pyhwnas profile"
            raise LatencyTableError(
                f"{path}: expected a latency table of schema {SCHEMA}, got {schema}; {remedy}"
            )
        if sha256 != digest(data):
            raise LatencyTableError(
                f"{path}: expected the content with SHA-256 {sha256}, got another: the file was "
                "edited or damaged; restore it or measure again with: pyhwnas profile"
            )
        try:
            return cls(**_from_plain(data))
        except (KeyError, TypeError) as error:
            raise LatencyTableError(
                f"{path}: expected the fields of a latency table of schema {SCHEMA}, got others "
                f"({error}); measure again with: pyhwnas profile"
            ) from None

    def _content(self) -> dict[str, Any]:
        plain = asdict(self)
        del plain["_costs"]
        # What JSON makes of it, so that a table has one fingerprint before and after saving.
        content: dict[str, Any] = json.loads(json.dumps(plain, allow_nan=False))
        return content

    def _cost(self, plan: Plan) -> npt.NDArray[np.float64]:
        """Milliseconds of each unit of a plan, NaN where it was not measured."""
        if plan.fingerprint not in self._costs:
            cost = np.full(len(plan.units), np.nan)
            for number, unit in enumerate(plan.units):
                if not unit.nodes:
                    cost[number] = 0.0
                elif unit.key in self.entries:
                    cost[number] = self.entries[unit.key].ms
            cost.flags.writeable = False
            self._costs[plan.fingerprint] = cost
        return self._costs[plan.fingerprint]

    def _missing(self, key: str) -> LatencyTableError:
        reason = f" ({self.failed[key]})" if key in self.failed else ""
        return LatencyTableError(
            f"table {self.name}: expected an entry for unit {key!r}, got none{reason}; "
            f"{MEASURE_AGAIN} {self.space}"
        )


def _plan_of(space: HasPlan) -> Plan:
    if space.plan is None:
        raise LatencyTableError(
            f"space {space.name} has no plan, so its networks cannot be built or timed; "
            "use the latencies that its benchmark publishes"
        )
    return space.plan


def _from_plain(data: dict[str, Any]) -> dict[str, Any]:
    fields = dict(data)
    device = dict(data["device"])
    device["instruction_sets"] = tuple(device["instruction_sets"])
    fields["device"] = Fingerprint(**device)
    fields["entries"] = {key: Entry(**entry) for key, entry in data["entries"].items()}
    fields["anchor_ms"] = tuple(data["anchor_ms"])
    if data["accuracy"] is not None:
        accuracy = dict(data["accuracy"])
        for name in ("probes", "held_out"):
            accuracy[name] = tuple(NetworkError(**network) for network in accuracy[name])
        fields["accuracy"] = Accuracy(**accuracy)
    return fields
