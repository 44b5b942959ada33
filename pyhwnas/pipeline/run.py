"""A job in its folder, from the latency table to the report."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pyhwnas import networks
from pyhwnas._files import write_atomically
from pyhwnas.errors import LatencyTableError, StoreError
from pyhwnas.export import Exported, export, spread
from pyhwnas.history import History
from pyhwnas.job import Job
from pyhwnas.latency import LatencyTable, fingerprint, measure_networks
from pyhwnas.latency.calibrate import remeasure_floor
from pyhwnas.pipeline.outcome import Outcome
from pyhwnas.pipeline.progress import Progress, rounds
from pyhwnas.pipeline.tables import Sources, make_table
from pyhwnas.report import Choice, write_report
from pyhwnas.search import Search, load_history
from pyhwnas.spaces import Space

__all__ = ["Run"]

CONFIG, STORE, TABLE, VERIFIED = "config.toml", "run.sqlite", "table.json", "verified.json"
GROWING = ("evals", "top", "max_failures")
"""Entries of a job that may change when a run is continued."""


@dataclass(frozen=True)
class Run:
    """A job in its folder; every part of it can be done again without the others.

    Parameters
    ----------
    job : Job
    folder : Path
        Made where it does not exist.
    progress : Progress
    sources : Sources
        Where latency tables may come from.
    command : str
        What reproduces the run, for the report.

    Raises
    ------
    StoreError
        If the folder holds another job or cannot be written to.
    """

    job: Job
    folder: Path
    progress: Progress
    sources: Sources = field(default_factory=Sources)
    command: str = ""
    space: Space = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "space", self.job.make_space())
        self.job.check(self.space)
        _claim(self.folder, self.job)

    @classmethod
    def reopen(cls, folder: Path, progress: Progress, *, top: int | None = None) -> Run:
        """Open the folder of an earlier run, perhaps for another number of networks."""
        path = folder / CONFIG
        if not path.is_file():
            raise StoreError(
                f"{folder}: expected the folder of a run, but there is no {CONFIG} in it; "
                "start one with: pyhwnas search --out " + str(folder)
            )
        job = Job.from_toml(path.read_text(encoding="utf-8"), source=str(path))
        job = job if top is None else dataclasses.replace(job, top=top)
        return cls(job, folder, progress, Sources(any_device=True))

    def all(self) -> Outcome:
        """Do everything: profile, search, report, export and verify."""
        seconds: dict[str, float] = {}
        clock = time.monotonic()
        table = self.table() if self.job.wants_table else None
        if table is not None:
            seconds["profile"] = time.monotonic() - clock
        clock = time.monotonic()
        with self.open(table) as search:
            history = self.search(search)
        seconds["search"] = time.monotonic() - clock
        return self.finish(history, table, seconds)

    def again(self, *, verify: bool, torch: bool | None = None) -> Outcome:
        """Report on what has been evaluated so far, also while the search goes on elsewhere."""
        history, _ = load_history(self.folder / STORE)
        own = self.folder / TABLE
        table = LatencyTable.load(own) if own.exists() else None
        return self.finish(history, table, torch=torch, verify=verify)

    def table(self) -> LatencyTable:
        """Find the latency table of this device, or make it; the run keeps a copy of its own."""
        backend = self.job.make_backend()
        device = fingerprint(backend, batch=self.job.batch_size)
        own = self.folder / TABLE
        if own.exists():
            table = LatencyTable.load(own)
            self.progress.say(f"Latency table of this run\n{table.summary()}")
        else:
            table = self.sources.find(self.space, device, self.progress) or make_table(
                self.job, self.space, backend, self.sources.first, self.progress
            )
            table.save(own)
        other = table.matches(device)
        if other and not self.sources.any_device:
            raise LatencyTableError(
                f"{own}: the table was measured elsewhere ({'; '.join(other)}); run in another "
                "folder (--out) to measure here, or go on with it by --any-device"
            )
        return table

    def open(self, table: LatencyTable | None) -> Search:
        """Open the search."""
        problem = self.job.make_problem(self.space, table)
        optimizer = self.job.make_optimizer(problem.names)
        return Search(problem, optimizer, store=self.folder / STORE, seed=self.job.seed)

    def search(self, search: Search) -> History:
        """Evaluate what is missing."""
        known = len(search.history)
        if known:
            self.progress.say(f"Continuing: {known} networks are evaluated already")
        with self.progress.stage("search") as advance:
            advance(known, self.job.evals, "")

            def told(search: Search) -> None:
                failed = int(search.history.failed.sum())
                advance(len(search.history), self.job.evals, f"{failed} failed")

            history = search.run(
                self.job.evals,
                batch=self.job.batch,
                on_tell=(told,),
                max_failures=self.job.max_failures,
            )
        if len(history) < self.job.evals:
            self.progress.say(f"The space is exhausted after {len(history)} networks")
        return history

    def finish(
        self,
        history: History,
        table: LatencyTable | None,
        seconds: Mapping[str, float] | None = None,
        *,
        torch: bool | None = None,
        verify: bool = True,
    ) -> Outcome:
        """Choose networks from the front, export and measure them, write the report."""
        phases = dict(seconds or {})
        clock = time.monotonic()
        rows = self.chosen(history)
        exported: tuple[Exported, ...] = ()
        if rows:
            where = self.folder / "networks"
            exported = export(self.space, history.X[rows], where, torch=torch, seed=self.job.seed)
            if not any(path.suffix == ".pt" for path in exported[0].files):
                self.progress.say(
                    "No PyTorch weights were written, since torch is not installed: "
                    "pip install 'pyhwnas[torch]', then pyhwnas export --torch"
                )
        phases["export"] = time.monotonic() - clock
        clock = time.monotonic()
        measured = self.verify(exported, table) if verify else self.verified()
        if verify and exported:
            phases["verify"] = time.monotonic() - clock
        choices = self._choices(history, rows, exported, table, measured)
        write_report(
            self.folder,
            history,
            title=f"Networks for {_device_name(table)}",
            choices=choices,
            table=table,
            space=self.space,
            device=_device(table),
            provenance=self._provenance(phases),
            notes=self._notes(table),
        )
        return Outcome(self.folder, history, choices, table, phases)

    def chosen(self, history: History) -> list[int]:
        """Choose rows of the history, spread along the front, that can be built."""
        if self.space.plan is None:
            return []
        front = history.front()
        buildable = self.space.unit_ids(front.X, live=True)[:, -1] >= 0
        along = next((i for i, s in enumerate(front.senses) if s == "min"), 0)
        rows = spread(front.F[buildable], self.job.top, along=along)
        place = {key: row for row, key in enumerate(history.keys.tolist())}
        return [place[key] for key in front.keys[buildable][rows].tolist()]

    def verify(
        self, exported: Sequence[Exported], table: LatencyTable | None
    ) -> dict[str, tuple[float, float | None]]:
        """Measure exported networks on this device from end to end, and keep the readings.

        With a table, times are taken to the machine's speed when it was profiled, by the anchor
        network that is timed then and now.

        Returns
        -------
        dict of str to tuple
            By name: milliseconds, and how far a second measurement was off, as a fraction.
        """
        if not exported:
            return {}
        with self.progress.stage("verify") as advance:
            found = measure_networks(
                {item.name: item.onnx for item in exported},
                backend=self.job.make_backend(),
                batch=self.job.batch_size,
                seed=self.job.seed,
                reference_ms=None if table is None else table.reference_ms,
                on_progress=lambda p: advance(*rounds(p)),
            )
        floor = remeasure_floor([m.processes for m in found.values()])
        measured = {name: (m.ms, floor and floor / 100) for name, m in found.items()}
        write_atomically(self.folder / VERIFIED, json.dumps(measured, indent=1) + "\n")
        return measured

    def verified(self) -> dict[str, tuple[float, float | None]]:
        """Read back what `verify` measured last."""
        path = self.folder / VERIFIED
        if not path.exists():
            return {}
        return {name: (ms, floor) for name, (ms, floor) in json.loads(path.read_text()).items()}

    def _choices(
        self,
        history: History,
        rows: Sequence[int],
        exported: Sequence[Exported],
        table: LatencyTable | None,
        measured: Mapping[str, tuple[float, float | None]],
    ) -> tuple[Choice, ...]:
        choices = []
        for row, item in zip(rows, exported, strict=True):
            predicted = low = high = None
            if table is not None:
                predicted = float(table.predict(self.space, history.X[[row]])[0])
                if table.accuracy is not None:
                    ends = table.interval(self.space, history.X[[row]])
                    low, high = float(ends[0][0]), float(ends[1][0])
            ms, floor = measured.get(item.name, (None, None))
            choices.append(
                Choice(
                    index=row,
                    name=item.name,
                    arch=item.network.arch,
                    network=item.network,
                    values=dict(zip(history.names, history.values[row].tolist(), strict=True)),
                    macs=networks.macs(item.network),
                    params=networks.params(item.network),
                    predicted_ms=predicted,
                    low_ms=low,
                    high_ms=high,
                    measured_ms=ms,
                    remeasure_floor=floor,
                    files=tuple(f"networks/{path.name}" for path in item.files),
                )
            )
        return tuple(choices)

    def _provenance(self, seconds: Mapping[str, float]) -> dict[str, str]:
        phases = ", ".join(f"{name} {value:.0f} s" for name, value in seconds.items())
        return {
            "command": self.command,
            "config": self.job.to_toml(),
            "seed": str(self.job.seed),
            "time": phases,
            "versions": _versions(),
        }

    def _notes(self, table: LatencyTable | None) -> list[str]:
        notes = ["The exported networks are untrained: their weights are random."]
        if table is not None:
            device = fingerprint(self.job.make_backend(), batch=self.job.batch_size)
            notes += [
                f"The latency table is another device's: {line}" for line in table.matches(device)
            ]
        return notes


def _claim(folder: Path, job: Job) -> None:
    """Write the job into a new folder, or check that the folder holds the same one."""
    path = folder / CONFIG
    try:
        if path.exists():
            old = Job.from_toml(path.read_text(encoding="utf-8"), source=str(path))
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
        elif (folder / STORE).exists():
            raise StoreError(f"{folder} holds a run without its {CONFIG}; choose another --out")
        write_atomically(path, job.to_toml())
    except OSError as error:
        raise StoreError(
            f"{folder}: expected a folder to write to, got: {error.strerror or error}; "
            "choose another with --out"
        ) from error


def _device_name(table: LatencyTable | None) -> str:
    return table.device.cpu if table is not None else platform.processor() or platform.machine()


def _device(table: LatencyTable | None) -> dict[str, str]:
    if table is None:
        return {}
    shown = {}
    for name, value in dataclasses.asdict(table.device).items():
        text = " ".join(value) if isinstance(value, list | tuple) else str(value)
        if value is not None:
            shown[name.replace("_", " ")] = text
    return shown


def _versions() -> str:
    names = ("pyhwnas", "numpy", "onnx", "onnxruntime")
    listed = [f"Python {platform.python_version()}"]
    for name in names:
        try:
            listed.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(listed)
