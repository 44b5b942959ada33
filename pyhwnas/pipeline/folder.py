"""What lies in the folder of a run, and which job it belongs to."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from pyhwnas._files import read_text, write_atomically
from pyhwnas.errors import StoreError
from pyhwnas.job import Job
from pyhwnas.names import load

__all__ = ["CONFIG", "COPY", "STORE", "TABLE", "budgeted", "claim"]

CONFIG, STORE, TABLE = "config.toml", "run.sqlite", "table.json"
COPY = "table@{}.json"
"""The table of another device, by its name."""

GROWING = ("evals", "top", "max_failures")
"""Entries of a job that may change when a run is continued."""


def budgeted(job: Job, folder: Path) -> Job:
    """Tell an optimizer that chooses by budget the evaluations that the run began with."""
    takes = getattr(load("optimizers", job.optimizer), "__dataclass_fields__", {})
    if "evals" not in takes or "evals" in job.optimizer_options:
        return job
    path = folder / CONFIG
    first = Job.from_toml(read_text(path), source=str(path)) if path.is_file() else job
    evals = first.optimizer_options.get("evals", first.evals)
    return dataclasses.replace(job, optimizer_options={**job.optimizer_options, "evals": evals})


def claim(folder: Path, job: Job) -> None:
    """Write the job into a new folder, or check that the folder holds the same one."""
    path = folder / CONFIG
    try:
        begun = any(any(folder.glob(name)) for name in (STORE, TABLE, COPY.format("*")))
        if begun and not path.exists():
            raise StoreError(f"{folder} holds a run without its {CONFIG}; choose another --out")
        if begun:
            old = Job.from_toml(read_text(path), source=str(path))
            pairs = [
                (f.name, getattr(old, f.name), getattr(job, f.name))
                for f in dataclasses.fields(Job)
                if f.name not in GROWING
            ]
            other = [f"{name}: stored {a!r}, now {b!r}" for name, a, b in pairs if a != b]
            if other:
                raise StoreError(
                    f"{folder} holds another search ({'; '.join(other)}); "
                    "choose another folder with --out, or repeat its own command to continue it"
                )
        write_atomically(path, job.to_toml())
    except OSError as error:
        raise StoreError(
            f"{folder}: expected a folder to write to, got: {error.strerror or error}; "
            "choose another with --out"
        ) from error
