"""The command that compares optimizers."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pyhwnas._files import read_text
from pyhwnas._optional import require
from pyhwnas.cli.look import print_json
from pyhwnas.cli.options import AsJson, IsQuiet, absolute
from pyhwnas.cli.progress import progress_for

if TYPE_CHECKING:
    from pyhwnas.compare import Comparison
    from pyhwnas.compare.runs import Done
    from pyhwnas.compare.verdict import Verdict

__all__ = ["compare"]


def compare(
    problem: Annotated[
        str | None,
        typer.Option(help="nb201-lamoo, nb201-eyeriss, ofa-note10, or `file.py:make_problem`."),
    ] = None,
    optimizers: Annotated[
        str | None,
        typer.Option(
            help="Comma-separated: `nsga2`, a preset `nsga2.published`, `file.py:Class`, or with "
            "a label `small=nsga2`."
        ),
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Runs of each optimizer.")] = None,
    evals: Annotated[int | None, typer.Option(help="Distinct networks in each run.")] = None,
    batch: Annotated[int | None, typer.Option(help="Rows at a time; else each one's own.")] = None,
    jobs: Annotated[int, typer.Option(help="Processes at once.")] = 1,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the runs.")] = Path(
        "pyhwnas-compare"
    ),
    config: Annotated[
        Path | None, typer.Option(help="TOML file with these entries, as in compare.toml.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="An option, e.g. small.population=10.")
    ] = None,
    as_json: AsJson = False,
    quiet: IsQuiet = False,
) -> None:
    """Run optimizers on one problem with several seeds, and tell which one is better.

    The same command continues an interrupted comparison; more seeds, evaluations or optimizers
    add to it.

    Examples
    --------
    - `pyhwnas compare --problem nb201-eyeriss --optimizers random,nsga2 --seeds 20 --evals 100`
    - `pyhwnas compare --problem mine.py:problem --optimizers small=nsga2 --set small.population=10`
    - `pyhwnas compare --config compare.toml --jobs 2`
    """
    from pyhwnas.compare import run_all, write_comparison

    comparison = _comparison(
        config,
        {
            "problem": problem and absolute(problem),
            "optimizers": optimizers and _optimizers(optimizers),
            "seeds": seeds,
            "evals": evals,
            "batch": batch,
        },
        set_ or [],
    )
    require("scipy.stats", extra="surrogates")  # now, not when all runs are done
    total = comparison.seeds * len(comparison.optimizers)
    finished = 0
    with progress_for(quiet=quiet or as_json).stage("compare") as advance:

        def told(done: Done) -> None:
            nonlocal finished
            finished += 1
            advance(finished, total, f"{done.label}, seed {done.seed}")

        run_all(comparison, out, jobs=jobs, on_done=told)
    verdict = write_comparison(comparison, out)
    if as_json:
        print_json(verdict.to_json())
    else:
        _show(verdict, out)


def _comparison(config: Path | None, entries: dict[str, Any], changes: list[str]) -> Comparison:
    from pyhwnas.compare import Comparison

    made = Comparison()
    if config is not None:
        made = Comparison.from_toml(read_text(config), source=str(config))
    options = {label: dict(table) for label, table in made.options.items()}
    for change in changes:
        name, equals, value = change.partition("=")
        label, dot, key = name.strip().rpartition(".")
        if not equals or not dot:
            raise ValueError(f"--set: expected LABEL.OPTION=VALUE, got {change!r}")
        try:
            read = tomllib.loads(f"x = {value}")["x"]
        except tomllib.TOMLDecodeError:
            read = value.strip()
        options.setdefault(label, {})[key] = read
    entries = {name: value for name, value in entries.items() if value is not None}
    made = dataclasses.replace(made, **entries, options=options)
    if not made.problem:
        raise ValueError("--problem: name one, for example nb201-eyeriss or file.py:make_problem")
    return made


def _optimizers(text: str) -> tuple[str, ...]:
    """Split at commas, and keep names of the user's own files good for other folders."""
    found = []
    for word in filter(None, map(str.strip, text.split(","))):
        label, equals, name = word.rpartition("=")
        found.append(f"{label}{equals}{absolute(name)}")
    return tuple(found)


def _show(verdict: Verdict, out: Path) -> None:
    from pyhwnas.report.text import number

    shown = Table("optimizer", *(f"after {n}" for n in verdict.stops), "log10 gap", "CPU s a run")
    for label in verdict.ranking:
        volume = verdict.curves.volume[label]
        gap = float(verdict.curves.log_gap(label)[:, -1].mean())
        seconds = float(verdict.curves.cpu_seconds[label].mean())
        means = (number(float(volume[:, n - 1].mean()), digits=5) for n in verdict.stops)
        shown.add_row(label, *means, number(gap, digits=3), number(seconds, digits=3))
    console = Console()
    console.print(shown)
    console.print(f"Mean hypervolume of {verdict.comparison.seeds} runs.")
    console.print(f"Page: {out / 'compare.html'}", soft_wrap=True)
