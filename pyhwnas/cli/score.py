"""The command that scores networks of a space."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pyhwnas.cli.look import print_json
from pyhwnas.cli.options import (
    AnyDevice,
    AsJson,
    Backend,
    BatchSize,
    Classes,
    Config,
    Images,
    IsQuiet,
    Resolutions,
    Seed,
    Set,
    SpaceName,
    Tables,
    Threads,
    Workers,
    job_from,
)
from pyhwnas.cli.progress import progress_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyhwnas.history import Ints
    from pyhwnas.job import Job
    from pyhwnas.latency import LatencyTable
    from pyhwnas.pipeline import Progress
    from pyhwnas.problem import Objective
    from pyhwnas.scores import Scored
    from pyhwnas.spaces import Space

__all__ = ["score"]


def score(
    proxies: Annotated[
        str,
        typer.Option(
            help="Comma-separated columns such as synflow_expected, icd, latency_ms, macs, params, "
            "or `file.py:make`; an unknown name lists all."
        ),
    ],
    space: SpaceName = None,
    every: Annotated[bool, typer.Option("--all", help="All networks of the space.")] = False,
    sample: Annotated[
        int | None, typer.Option(help="So many distinct networks, drawn at random.")
    ] = None,
    archs: Annotated[
        Path | None,
        typer.Option(help="Text file: one network a line, as written by the space, or its genes."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File to write, .csv or .parquet.")
    ] = Path("scores.csv"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the same command was interrupted.")
    ] = False,
    config: Config = None,
    seed: Seed = None,
    workers: Workers = None,
    resolutions: Resolutions = None,
    classes: Classes = None,
    images: Images = None,
    backend: Backend = None,
    threads: Threads = None,
    batch_size: BatchSize = None,
    set_: Set = None,
    tables: Tables = None,
    any_device: AnyDevice = False,
    as_json: AsJson = False,
    quiet: IsQuiet = False,
) -> None:
    """Score networks of a space by proxies and counters, into one CSV or Parquet file.

    An interrupted command goes on with `--resume`; the finished file is the same to the byte.

    Examples
    --------
    - `pyhwnas score --space nasbench201 --all --proxies synflow_expected`
    - `pyhwnas score --space darts --sample 1000 --proxies synflow_expected,macs -o darts.parquet`
    - `pyhwnas score --space nasbench201 --archs mine.txt --proxies icd --resume`
    """
    from pyhwnas import Problem, scores

    job = job_from(
        config,
        space=space,
        objectives=proxies,
        resolutions=resolutions,
        classes=classes,
        images=images,
        changes=set_,
        numbers={
            "seed": seed,
            "workers": workers,
            "backend": backend,
            "threads": threads,
            "batch_size": batch_size,
        },
    )
    job.check_numbers()
    progress = progress_for(quiet=quiet or as_json)
    made = job.make_space()
    blocks, total = _networks(made, job.seed, every=every, sample=sample, archs=archs)
    table = _table(job, made, tables, progress, any_device=any_device)
    problem = Problem(made, _computed(job, made, table))
    with progress.stage("score") as advance:

        def told(at: Scored) -> None:
            advance(at.done, total, f"{at.failed} failed" if at.failed else "")

        found = scores.score(problem, blocks, out, resume=resume, on_rows=told)
    if as_json:
        print_json({"path": str(out), **found._asdict(), "columns": list(problem.names)})
        return
    print(f"{found.done} networks in {out}, {found.failed} failed")
    if found.failed:
        print(f"the last failure: {found.error}")


def _networks(
    space: Space, seed: int, *, every: bool, sample: int | None, archs: Path | None
) -> tuple[Iterable[Ints], int | None]:
    """Return the networks in blocks, and how many they are where that is known."""
    from pyhwnas import scores

    if every + (sample is not None) + (archs is not None) != 1:
        raise ValueError("expected one of --all, --sample N and --archs FILE")
    if archs is not None:
        X = scores.listed(space, archs)
        return [X], len(X)
    if sample is not None:
        return scores.drawn(space, sample, seed), sample
    return scores.every(space), space.n_genotypes


def _computed(job: Job, space: Space, table: LatencyTable | None) -> tuple[Objective, ...]:
    """Make the columns; values that people bring are none."""
    from pyhwnas.objective_names import External

    made = job.make_objectives(space, table)
    for objective in made:
        if isinstance(objective, External):
            raise ValueError(
                f"--proxies: {objective.name} is to be measured elsewhere, so there is nothing to "
                "compute; name a proxy or 'file.py:name'"
            )
    return made


def _table(
    job: Job, space: Space, folder: Path | None, progress: Progress, *, any_device: bool
) -> LatencyTable | None:
    """Find the latency table of this device, where a column needs one."""
    if not job.wants_table:
        return None
    from pyhwnas.latency import fingerprint
    from pyhwnas.pipeline import Sources

    device = fingerprint(job.make_backend(), batch=job.batch_size)
    found = Sources(folder, any_device=any_device).find(space, device, progress)
    if found is None:
        raise ValueError(
            f"latency_ms: no latency table of {space.name} for this device; make one with "
            "'pyhwnas profile', or take another device's with --any-device"
        )
    return found
