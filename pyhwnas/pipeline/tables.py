"""The latency table of a job: found where tables lie, or measured here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pyhwnas.errors import LatencyTableError
from pyhwnas.job import Job
from pyhwnas.latency import (
    Fingerprint,
    LatencyBackend,
    LatencyTable,
    find_tables,
    fingerprint,
    profile,
    user_folder,
)
from pyhwnas.pipeline.progress import Progress, rounds
from pyhwnas.spaces import Space

__all__ = ["Sources", "make_table"]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where tables may come from.

    Parameters
    ----------
    folder : Path, optional
        A folder that is looked into before the user's own, and where a new table is put.
    packaged : bool
        Whether tables that come with the package may serve.
    any_device : bool
        Take a table of the space even if it is another device's; the report says so.
    """

    folder: Path | None = None
    packaged: bool = True
    any_device: bool = False

    @property
    def first(self) -> Path:
        """Where a new table is put."""
        return self.folder or user_folder()

    def find(self, space: Space, device: Fingerprint, progress: Progress) -> LatencyTable | None:
        """Find the first table that has all units of a space and fits the device.

        With `any_device` another device's table serves where none fits.
        """
        candidates: list[tuple[Path, LatencyTable]] = []
        for path, table in find_tables(tables_dir=self.folder, packaged=self.packaged):
            if isinstance(table, LatencyTableError):
                progress.say(f"Passed over: {table}")
            elif table.covers(space):
                candidates.append((path, table))
        # Sorted by whether it is another device's; within each kind the order of folders stays.
        for path, table in sorted(candidates, key=lambda item: bool(item[1].matches(device))):
            other = table.matches(device)
            if other and not self.any_device:
                progress.say(f"Not this device's: {path} ({'; '.join(other)})")
                continue
            progress.say(f"Latency table found: {path}\n{table.summary()}")
            for line in other:
                progress.say(f"Warning: another device's table: {line}")
            for line in table.device.warnings(device):
                progress.say(f"Note: the device has changed: {line}")
            return table
        return None


def make_table(
    job: Job,
    space: Space,
    backend: LatencyBackend,
    place: Path,
    progress: Progress,
    *,
    processes: int = 3,
    time_cap: float | None = None,
) -> LatencyTable:
    """Profile this device for a job's space and save the table in a folder.

    An interrupted profile is taken up again by the same call.
    """
    assert space.plan is not None
    settings = f"{backend.name}-{backend.precision}-t{backend.threads}-b{job.batch_size}"
    identity = fingerprint(backend, batch=job.batch_size).identity
    device = hashlib.sha256(repr(identity).encode()).hexdigest()
    path = place / f"{space.name}-{settings}-{space.plan.fingerprint[:8]}-{device[:8]}.json"
    progress.say(f"Profiling {len(space.plan.units)} units on this device ({settings})")
    with progress.stage("profile") as advance:
        table = profile(
            space,
            backend=backend,
            batch=job.batch_size,
            processes=processes,
            time_cap=time_cap,
            seed=job.seed,
            path=path,
            on_progress=lambda p: advance(*rounds(p)),
        )
    progress.say(f"Latency table written: {path}\n{table.summary()}")
    return table
