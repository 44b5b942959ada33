"""Devices that are elsewhere: the run's own copies of their tables, and what is said of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from pyhwnas.devices import latency_at, load_table
from pyhwnas.job import Job
from pyhwnas.pipeline.folder import COPY
from pyhwnas.spaces import Space

__all__ = ["device_notes", "keep_tables", "with_own_tables"]


def with_own_tables(job: Job, folder: Path) -> Job:
    """Return a job that reads the copies in its folder, where there are some."""
    copies = {name: folder / COPY.format(name) for name in job.devices}
    own = {name: str(path) for name, path in copies.items() if path.exists()}
    return dataclasses.replace(job, devices={**job.devices, **own})


def keep_tables(job: Job, folder: Path, space: Space) -> None:
    """Copy tables into the folder of a run, once."""
    for name, source in with_own_tables(job, folder).devices.items():
        own = folder / COPY.format(name)
        if not own.exists():
            load_table(source, space).save(own)


def device_notes(job: Job, space: Space) -> list[str]:
    """Say of each device where its latency comes from."""
    notes = []
    for name, source in job.devices.items():
        table = load_table(source, space)
        stated = "" if table.accuracy else f", {table.protocol.get('error', 'no error stated')}"
        notes.append(
            f"{latency_at(name)} is predicted from another device's table ({table.name}{stated}); "
            "networks were measured on the device at hand alone."
        )
    return notes
