"""Commands and their options. No logic lives here."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

import pyhwnas
from pyhwnas.cli import by_hand, compare, look
from pyhwnas.cli.benchmarks import benchmarks
from pyhwnas.cli.correlate import correlate
from pyhwnas.cli.interrupt import catch_interrupts
from pyhwnas.cli.look import print_json
from pyhwnas.cli.options import (
    DEFAULT_OUT,
    AnyDevice,
    AsJson,
    AtLeast,
    AtMost,
    Backend,
    BatchSize,
    Classes,
    Config,
    Devices,
    Evals,
    Images,
    IsQuiet,
    LatencyBudget,
    MaxFailures,
    NoPackaged,
    Objectives,
    OptimizerName,
    Out,
    Precision,
    Resolutions,
    RunFolder,
    Seed,
    Set,
    SpaceName,
    Tables,
    Threads,
    Top,
    WarmStart,
    Weights,
    Workers,
    job_from,
)
from pyhwnas.cli.profile import profile
from pyhwnas.cli.progress import progress_for
from pyhwnas.cli.score import score
from pyhwnas.cli.tables import tables
from pyhwnas.errors import PyhwnasError

if TYPE_CHECKING:
    from pyhwnas.pipeline import Outcome

__all__ = ["app", "run"]

app = typer.Typer(
    help="Find the neural networks that are Pareto-best on this device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.command()
def search(
    out: Out = DEFAULT_OUT,
    config: Config = None,
    space: SpaceName = None,
    objectives: Objectives = None,
    optimizer: OptimizerName = None,
    weights: Weights = None,
    evals: Evals = None,
    seed: Seed = None,
    top: Top = None,
    at_most: AtMost = None,
    at_least: AtLeast = None,
    latency_budget: LatencyBudget = None,
    device: Devices = None,
    warm_start: WarmStart = None,
    resolutions: Resolutions = None,
    classes: Classes = None,
    images: Images = None,
    backend: Backend = None,
    precision: Precision = None,
    threads: Threads = None,
    batch_size: BatchSize = None,
    workers: Workers = None,
    max_failures: MaxFailures = None,
    set_: Set = None,
    tables: Tables = None,
    no_packaged_tables: NoPackaged = False,
    any_device: AnyDevice = False,
    as_json: AsJson = False,
    quiet: IsQuiet = False,
) -> None:
    """Profile this device, search, and leave a report and networks in a folder.

    The same command continues an interrupted run; of a finished one it writes the report again
    and measures the chosen networks anew.

    Examples
    --------
    - `pyhwnas search`
    - `pyhwnas search --weights 0.5 --evals 600 -o focused`
    - `pyhwnas search --space nasbench201 --objectives synflow_expected,icd,macs -o cells`
    - `pyhwnas search --latency-budget 8ms --classes 10 -o fast`
    - `pyhwnas search --algorithm auto --objectives error:min,latency_ms -o mine`
    - `pyhwnas search --device gpu=gpu.json --warm-start pyhwnas-search -o both`
    - `pyhwnas search --config run.toml`
    """
    from pyhwnas.pipeline import Run, Sources

    job = job_from(
        config,
        space=space,
        objectives=objectives,
        optimizer=optimizer,
        weights=weights,
        resolutions=resolutions,
        classes=classes,
        at_most=at_most,
        at_least=at_least,
        latency_budget=latency_budget,
        devices=device,
        warm_start=warm_start,
        images=images,
        precision=precision,
        changes=set_,
        numbers={
            "evals": evals,
            "seed": seed,
            "top": top,
            "backend": backend,
            "threads": threads,
            "batch_size": batch_size,
            "workers": workers,
            "max_failures": max_failures,
        },
    )
    command = shlex.join(["pyhwnas", *sys.argv[1:]])
    outcome = Run.start(
        job,
        out,
        progress_for(quiet=quiet or as_json),
        Sources(tables, packaged=not no_packaged_tables, any_device=any_device),
        command=command,
    ).all()
    _show(outcome, as_json=as_json)


app.command()(profile)


@app.command()
def report(run: RunFolder, as_json: AsJson = False) -> None:
    """Write the report of a run and its chosen networks again, also while it goes on.

    Example: `pyhwnas report pyhwnas-search`
    """
    _again(run, as_json=as_json, verify=False)


@app.command()
def export(
    run: RunFolder,
    top: Top = None,
    torch: Annotated[
        bool, typer.Option("--torch", help="Write PyTorch weights too (needs torch).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write chosen networks of a run as ONNX, Python source and PyTorch weights, untrained.

    Examples
    --------
    - `pyhwnas export pyhwnas-search --torch`
    - `pyhwnas export pyhwnas-search --top 10`
    """
    _again(run, as_json=as_json, verify=False, top=top, torch=torch or None)


@app.command()
def verify(run: RunFolder, as_json: AsJson = False, quiet: IsQuiet = False) -> None:
    """Time the exported networks of a run on this device again.

    Example: `pyhwnas verify pyhwnas-search`
    """
    _again(run, as_json=as_json, quiet=quiet, verify=True)


def _again(
    folder: Path,
    *,
    as_json: bool,
    verify: bool,
    quiet: bool = False,
    top: int | None = None,
    torch: bool | None = None,
) -> None:
    from pyhwnas.pipeline import Run

    run = Run.reopen(folder, progress_for(quiet=quiet or as_json), top=top)
    _show(run.again(verify=verify, torch=torch), as_json=as_json)


app.command()(by_hand.ask)
app.command()(by_hand.tell)
app.command()(score)
app.command()(correlate)
app.command()(compare.compare)
app.command()(benchmarks)
app.add_typer(look.spaces, name="spaces")
app.add_typer(tables, name="tables")
app.command()(look.doctor)


def _version(value: bool) -> None:
    if value:
        print(pyhwnas.__version__)
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def _show(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        print_json(outcome.to_json())
        return
    shown = Table("network", "MACs", "params", "predicted", "measured", "error")
    for choice in outcome.choices:
        shown.add_row(
            choice.name,
            f"{choice.macs / 1e6:.1f} M",
            f"{choice.params / 1e6:.2f} M",
            _ms(choice.predicted_ms),
            _ms(choice.measured_ms),
            "-" if choice.error is None else f"{100 * choice.error:+.1f} %",
        )
    console = Console()
    console.print(shown)
    failed = int(outcome.history.failed.sum())
    console.print(
        f"{outcome.history.evaluations} networks evaluated ({failed} failed), "
        f"{len(outcome.history.front())} on the front"
    )
    if outcome.mean_error is not None:
        floor = outcome.remeasure_floor
        beside = "" if floor is None else f"; measuring twice differs by {100 * floor:.1f} %"
        console.print(
            f"mean |predicted - measured| / measured: {100 * outcome.mean_error:.1f} %{beside}"
        )
    console.print(", ".join(f"{name} {value:.0f} s" for name, value in outcome.seconds.items()))
    console.print(f"Report: {outcome.folder / 'report.html'}", soft_wrap=True)


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g} ms"


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; errors are one sentence and exit code 2."""
    catch_interrupts()
    try:
        app(args=arguments)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        what = f"cannot be read or written ({error.strerror or error}); check the path"
        if not isinstance(error, FileNotFoundError | IsADirectoryError):
            what += " and the space left, or choose another folder with --out"
        print(f"pyhwnas: {where}{what}", file=sys.stderr)
        return 2
    except (PyhwnasError, ValueError) as error:
        print(f"pyhwnas: {error}", file=sys.stderr)
        return 2
    return 0
