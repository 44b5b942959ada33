"""The latency table of a job: found where tables lie, or measured here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pyhwnas._sqlite import lock
from pyhwnas.job import Job
from pyhwnas.latency import (
    Fingerprint,
    LatencyBackend,
    LatencyTable,
    Settings,
    Ssh,
    find_table,
    fingerprint,
    profile,
    user_folder,
)
from pyhwnas.latency.measuring.measure import look
from pyhwnas.networks import plan_of
from pyhwnas.pipeline.progress import Progress, Timing
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

    def find(
        self, space: Space, device: Fingerprint, progress: Progress, *, energy: bool = False
    ) -> LatencyTable | None:
        """Find a table for a space on a device, see `pyhwnas.latency.find_table`."""
        return find_table(
            space,
            device,
            tables_dir=self.folder,
            packaged=self.packaged,
            any_device=self.any_device,
            energy=energy,
            say=progress.say,
        )


def make_table(
    job: Job,
    space: Space,
    backend: LatencyBackend,
    place: Path,
    progress: Progress,
    *,
    ssh: Ssh | None = None,
    settings: Settings | None = None,
    processes: int = 3,
    time_cap: float | None = None,
    resume: bool = True,
) -> LatencyTable:
    """Profile a device, this one or one reached by ssh, and save the table in a folder.

    An interrupted profile is taken up again by the same call.
    """
    plan = plan_of(space)
    if ssh is None:
        found = fingerprint(backend, batch=job.batch_size)
    else:
        progress.say(f"Looking at {ssh.host}")
        found = look(backend, ssh, batch=job.batch_size).device
    settings = settings or Settings()
    runtime = f"{found.backend}-{found.precision}-t{found.threads}-b{found.batch}"
    # Another way of timing, or energies beside the times, is another table.
    runtime += "" if settings.design == "carrier" else f"-{settings.design}"
    runtime += f"-{settings.energy.partition(':')[0]}" if settings.energy else ""
    runtime, name = (re.sub(r"[^A-Za-z0-9.]+", "-", text) for text in (runtime, space.name))
    device = hashlib.sha256(repr(found.identity).encode()).hexdigest()
    path = place / f"{name}-{runtime}-{plan.fingerprint[:8]}-{device[:8]}.json"
    where = "this device" if ssh is None else ssh.host
    count = sum(bool(unit.nodes) for unit in plan.units)
    progress.say(f"Profiling {count} units on {where} ({runtime})")
    if 0 < found.cores < found.threads:
        progress.say(f"{found.threads} threads on {found.cores} core(s) wait for each other")
    with _alone(path), progress.stage("profile") as advance:
        timing = Timing(advance)
        table = profile(
            space,
            backend=backend,
            host=ssh,
            batch=job.batch_size,
            processes=processes,
            settings=settings,
            time_cap=time_cap,
            resume=resume,
            seed=job.seed,
            path=path,
            on_progress=timing.rounds,
            on_step=timing.step,
        )
    progress.say(f"Latency table written: {path}")
    return table


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep others from making the same table; fail now, and not after a while, if none can be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unlock = lock(path)
    try:
        yield
    finally:
        unlock()
