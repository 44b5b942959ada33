"""The commands of people who evaluate networks on their own."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from pyhwnas.cli.options import (
    DEFAULT_OUT,
    AtLeast,
    AtMost,
    Classes,
    Config,
    Objectives,
    OptimizerName,
    Resolutions,
    Seed,
    Set,
    SpaceName,
    Tables,
    Weights,
    job_from,
)
from pyhwnas.cli.progress import progress_for

__all__ = ["ask", "tell"]


def ask(
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV file to write.")],
    n: Annotated[int, typer.Option("--n", help="How many rows at most.")] = 16,
    run: Annotated[Path, typer.Option(help="Folder of the run.")] = DEFAULT_OUT,
    config: Config = None,
    space: SpaceName = None,
    objectives: Objectives = None,
    optimizer: OptimizerName = None,
    weights: Weights = None,
    seed: Seed = None,
    at_most: AtMost = None,
    at_least: AtLeast = None,
    resolutions: Resolutions = None,
    classes: Classes = None,
    set_: Set = None,
    tables: Tables = None,
) -> None:
    """Write the next networks to evaluate into a CSV file.

    Columns named after objectives that you bring are empty: fill them in, by whatever means you
    have, and hand the file to `pyhwnas tell`. Rows are asked again until they are told.

    Example: `pyhwnas ask --objectives error:min,macs --n 16 -o todo.csv --run mine`
    """
    from pyhwnas import by_hand
    from pyhwnas.pipeline import Run, Sources

    if config is None and (run / "config.toml").exists() and objectives is None:
        config = run / "config.toml"
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
        changes=set_,
        numbers={"seed": seed},
    )
    command = shlex.join(["pyhwnas", *sys.argv[1:]])
    opened = Run.start(job, run, progress_for(quiet=False), Sources(tables), command=command)
    count = by_hand.ask(opened, n, out)
    print(f"{count} networks written to {out}" if count else "nothing left to propose")


def tell(
    done: Annotated[Path, typer.Argument(help="The CSV file of `pyhwnas ask`, filled in.")],
    run: Annotated[Path, typer.Option(help="Folder of the run.")] = DEFAULT_OUT,
) -> None:
    """Read evaluated networks from a CSV file into a run.

    A value `failed` marks a network that could not be evaluated; rows left empty stay to be
    asked again.

    Example: `pyhwnas tell todo.csv --run mine`
    """
    from pyhwnas import by_hand
    from pyhwnas.pipeline import Run

    opened = Run.reopen(run, progress_for(quiet=False))
    count, known = by_hand.tell(opened, done)
    print(f"{count} networks told, {known} evaluated in all")
