"""A job in its folder, from the latency table to the report."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pyhwnas import networks
from pyhwnas._files import read_text
from pyhwnas._sqlite import lock
from pyhwnas.errors import LatencyTableError, StoreError
from pyhwnas.export import Exported, export, spread
from pyhwnas.history import History
from pyhwnas.job import Job
from pyhwnas.latency import LatencyTable, Local, Settings, fingerprint
from pyhwnas.latency.measuring.measure import look, try_networks
from pyhwnas.latency.tables.calibrate import remeasure_floor
from pyhwnas.pipeline.elsewhere import device_notes, keep_tables, with_own_tables
from pyhwnas.pipeline.folder import CONFIG, STORE, TABLE, budgeted, claim
from pyhwnas.pipeline.outcome import Outcome
from pyhwnas.pipeline.progress import Progress, Timing
from pyhwnas.pipeline.provenance import device_facts, device_name, record, timed, versions
from pyhwnas.pipeline.tables import Sources, make_table
from pyhwnas.pipeline.verified import Verified, speed_then, tied_networks
from pyhwnas.plot import rows_of
from pyhwnas.report import Choice, write_report
from pyhwnas.search import Search, load_history
from pyhwnas.spaces import Space

__all__ = ["Run"]

VERIFIED, NETWORKS = "verified.json", "networks"


@dataclass(frozen=True)
class Run:
    """A job in its folder; every part of it can be done again without the others.

    `start` makes one for a folder, `reopen` finds one there.

    Parameters
    ----------
    job : Job
    folder : Path
    progress : Progress
    sources : Sources
        Where latency tables may come from.
    """

    job: Job
    folder: Path
    progress: Progress
    sources: Sources = field(default_factory=Sources)
    space: Space = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "space", self.job.make_space())

    @classmethod
    def start(
        cls,
        job: Job,
        folder: Path,
        progress: Progress,
        sources: Sources | None = None,
        *,
        command: str = "",
    ) -> Run:
        """Start a run in a new folder, or continue the same job in the folder where it stopped.

        Parameters
        ----------
        job : Job
        folder : Path
            Made where it does not exist.
        progress : Progress
        sources : Sources, optional
        command : str
            What reproduces the run, for the report.

        Returns
        -------
        Run

        Raises
        ------
        ValueError
            If something in the job is wrong; nothing has been written then.
        StoreError
            If the folder holds another job or cannot be written to.
        """
        run = cls(budgeted(job, folder), folder, progress, sources or Sources())
        run._own().check(run.space)
        if job.warm_start and not (folder / STORE).exists():
            load_history(job.warm_start)  # what is wrong with it is found before anything is done
        claim(folder, run.job)
        keep_tables(run.job, folder, run.space)
        record(folder, {}, command=command, versions=versions())
        return run

    @classmethod
    def reopen(cls, folder: Path, progress: Progress, *, top: int | None = None) -> Run:
        """Open the folder of an earlier run, perhaps for another number of networks.

        Raises
        ------
        StoreError
            If there is no run in the folder.
        ValueError
            If its job, or the number of networks, is none.
        """
        path = folder / CONFIG
        if not path.is_file():
            raise StoreError(
                f"{folder}: expected the folder of a run, but there is no {CONFIG} in it; "
                f"start one with: pyhwnas search --out {folder}"
            )
        job = Job.from_toml(read_text(path), source=str(path))
        job = job if top is None else dataclasses.replace(job, top=top)
        job.check_numbers()
        return cls(job, folder, progress, Sources(any_device=True))

    def all(self) -> Outcome:
        """Do everything: profile, search, report, export and verify.

        Returns
        -------
        Outcome

        Raises
        ------
        StoreError
            If another process works in the folder, or its run file is not this job's or damaged.
        LatencyTableError
            If the run's table is damaged or another device's, or nothing can be timed here.
        EvaluationError
            If too many evaluations failed.
        """
        unlock = lock(self.folder / "run")
        try:
            table = None
            if self.job.wants_table:
                with timed(self.folder, "profile"):
                    table = self.table()
            with timed(self.folder, "search"), self.open(table) as search:
                history = self.search(search)
            return self.finish(history, table)
        finally:
            unlock()

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
            energy = self.job.counts_energy
            found = self.sources.find(self.space, device, self.progress, energy=energy)
            settings = Settings(energy=self.job.energy if energy else None)
            place = self.sources.first
            if found is None:
                found = make_table(
                    self.job, self.space, backend, place, self.progress, settings=settings
                )
                self.progress.say(found.summary())
            table = found
            table.save(own)
        other = table.matches(device)
        if other and not self.sources.any_device:
            raise LatencyTableError(
                f"{own}: the table was measured elsewhere ({'; '.join(other)}); run in another "
                "folder (--out) to measure here, or go on with it by --any-device"
            )
        return table

    def open(self, table: LatencyTable | None) -> Search:
        """Open the search on the run's file; `table` is needed if the job wants one."""
        try:
            problem = self._own().make_problem(self.space, table)
            optimizer = self.job.make_optimizer(problem.names)
            search = Search(
                problem,
                optimizer,
                store=self.folder / STORE,
                seed=self.job.seed,
                warm_start=self.job.warm_start or None,
            )
        except TypeError as error:
            raise ValueError(str(error)) from error
        if search.optimizer is not optimizer:
            self.progress.say(f"{self.job.optimizer} chose {search.optimizer}")
        return search

    def search(self, search: Search) -> History:
        """Evaluate what is missing."""
        known = search.history.evaluations
        inherited = len(search.history) - known
        if inherited:
            self.progress.say(f"Starting from {inherited} networks of {self.job.warm_start}")
        if known:
            self.progress.say(f"Continuing: {known} networks are evaluated already")
        with self.progress.stage("search") as advance:
            advance(known, self.job.evals, "")

            def told(search: Search) -> None:
                failed = int(search.history.failed.sum())
                advance(search.history.evaluations, self.job.evals, f"{failed} failed")

            history = search.run(
                self.job.evals,
                batch=self.job.batch,
                on_tell=(told,),
                max_failures=self.job.max_failures,
            )
        if history.evaluations < self.job.evals:
            self.progress.say(f"The space is exhausted after {len(history)} networks")
        return history

    def finish(
        self,
        history: History,
        table: LatencyTable | None,
        *,
        torch: bool | None = None,
        verify: bool = True,
    ) -> Outcome:
        """Choose networks from the front, export and measure them, write the report.

        Parameters
        ----------
        history : History
        table : LatencyTable or None
            What latency is predicted from.
        torch : bool, optional
            Whether to write PyTorch weights; by default where torch is installed.
        verify : bool
            Whether to measure the networks; if not, earlier measurements of them are shown.

        Returns
        -------
        Outcome

        Raises
        ------
        LatencyTableError
            If networks are to be measured and none can be; the report is written all the same.
        """
        clock = time.monotonic()
        rows = self.chosen(history)
        exported: tuple[Exported, ...] = ()
        if rows:
            where = self.folder / NETWORKS
            exported = export(self.space, history.X[rows], where, torch=torch, seed=self.job.seed)
            if not any(path.suffix == ".pt" for path in exported[0].files):
                self.progress.say(
                    "No PyTorch weights were written, since torch is not installed: "
                    "pip install 'pyhwnas[torch]', then pyhwnas export --torch"
                )
        seconds = {"export": time.monotonic() - clock}
        clock = time.monotonic()
        untimed: LatencyTableError | None = None
        measured = Verified.load(self.folder / VERIFIED)
        if verify and exported:
            try:
                measured = self.verify(exported, table)
                seconds["verify"] = time.monotonic() - clock
            except LatencyTableError as error:
                untimed = error
        choices = self._choices(history, rows, exported, table, measured)
        provenance = record(self.folder, seconds)
        write_report(
            self.folder,
            history,
            title=f"Networks for {', '.join(self._devices(table))}",
            choices=choices,
            table=table,
            space=self.space,
            device=device_facts(table),
            provenance={
                "command": provenance["command"],
                "config": self.job.to_toml(),
                "seed": str(self.job.seed),
                "time": ", ".join(f"{k} {v:.0f} s" for k, v in provenance["seconds"].items()),
                "versions": provenance["versions"],
            },
            notes=self._notes(table, measured),
        )
        if untimed is not None:
            raise untimed
        return Outcome(self.folder, history, choices, table, provenance["seconds"])

    def chosen(self, history: History) -> list[int]:
        """Choose rows of the history, spread along the front, that can be built."""
        if self.space.plan is None or not len(history):
            return []
        front = history.front()
        buildable = self.space.unit_ids(front.X, live=True)[:, -1] >= 0
        along = next((i for i, s in enumerate(front.senses) if s == "min"), 0)
        rows = spread(front.F[buildable], self.job.top, along=along)
        return [int(row) for row in rows_of(history, front)[buildable][rows]]

    def verify(self, exported: Sequence[Exported], table: LatencyTable | None) -> Verified:
        """Measure exported networks on this device from end to end, and keep the readings.

        With a table of this device, times are taken to the machine's speed when it was profiled,
        by the anchor network and some of the table's own, which are timed then and now. Networks
        that cannot be timed are named and left out.

        Raises
        ------
        LatencyTableError
            If none can be timed, or the device is at fault (`DeviceError`).
        """
        backend = self.job.make_backend()
        here = look(backend, Local(), batch=self.job.batch_size)
        reference = None
        tied: dict[str, networks.Network] = {}
        if table is not None and not table.matches(here.device):
            reference = table.reference_ms
            tied = tied_networks(table, self.space)
        with self.progress.stage("verify") as advance:
            timing = Timing(advance)
            tried = try_networks(
                {item.network.arch: item.network for item in exported} | tied,
                here,
                backend=backend,
                host=Local(),
                settings=Settings(),
                processes=2,
                batch=self.job.batch_size,
                seed=self.job.seed,
                reference_ms=reference,
                on_progress=timing.rounds,
                on_step=timing.step,
            )
        found = {arch: m for arch, m in tried.items() if not isinstance(m, str)}
        for arch, reason in tried.items():
            if isinstance(reason, str):
                self.progress.say(f"Network {arch} could not be timed: {reason}")
        floor = remeasure_floor([m.processes for m in found.values()])
        factor = None if table is None or not tied else speed_then(table, found)
        archs = [item.network.arch for item in exported]
        measured = Verified(
            ms={arch: (factor or 1.0) * found[arch].ms for arch in archs if arch in found},
            floor=None if floor is None else floor / 100,
            at_table_speed=reference is not None,
            factor=factor,
        )
        measured.save(self.folder / VERIFIED)
        return measured

    def _choices(
        self,
        history: History,
        rows: Sequence[int],
        exported: Sequence[Exported],
        table: LatencyTable | None,
        measured: Verified,
    ) -> tuple[Choice, ...]:
        choices = []
        for row, item in zip(rows, exported, strict=True):
            predicted = low = high = None
            if table is not None:
                predicted = float(table.predict(self.space, history.X[[row]])[0])
                if table.accuracy is not None:
                    ends = table.interval(self.space, history.X[[row]])
                    low, high = float(ends[0][0]), float(ends[1][0])
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
                    measured_ms=measured.ms.get(item.network.arch),
                    remeasure_floor=measured.floor,
                    files=tuple(f"{NETWORKS}/{path.name}" for path in item.files),
                )
            )
        return tuple(choices)

    def _notes(self, table: LatencyTable | None, measured: Verified) -> list[str]:
        notes = ["The exported networks are untrained: their weights are random."]
        if measured.ms and measured.at_table_speed:
            factor = ""
            if measured.factor is not None:
                factor = (
                    f", and a factor of {measured.factor:.3f}, by which networks of the table "
                    "differ when they are measured again, what the anchor does not show"
                )
            notes.append(
                "Measured times are at the machine's speed when it was profiled: a small anchor "
                f"network, timed then and now, takes out how the clock has moved since{factor}."
            )
            if measured.moved:
                notes.append(
                    "That factor is more than measuring again explains: the machine runs networks "
                    "at another speed than when it was profiled. Profile it again to know which "
                    "holds."
                )
        if table is not None:
            device = fingerprint(self.job.make_backend(), batch=self.job.batch_size)
            notes += [
                f"The latency table is another device's: {line}" for line in table.matches(device)
            ]
        return [*notes, *device_notes(self._own(), self.space)]

    def _devices(self, table: LatencyTable | None) -> list[str]:
        """Name what networks are searched for."""
        here = [device_name(table)] if table is not None or not self.job.devices else []
        return [*here, *self.job.devices]

    def _own(self) -> Job:
        return with_own_tables(self.job, self.folder)
