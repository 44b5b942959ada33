"""The command that compares scores with published accuracies."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from pyhwnas.cli.look import print_json
from pyhwnas.cli.options import AsJson

if TYPE_CHECKING:
    from pyhwnas.scores import Correlations

__all__ = ["correlate"]


def correlate(
    file: Annotated[Path, typer.Argument(help="Scores: .csv or .parquet of `pyhwnas score`.")],
    benchmark: Annotated[str, typer.Option(help="nasbench201, ecnas or nasbench301.")],
    dataset: Annotated[
        str | None, typer.Option(help="Of nasbench201: cifar10 (default), cifar100 or in16.")
    ] = None,
    error: Annotated[
        str | None,
        typer.Option(help="Published error to compare with, e.g. cifar10_valid_error."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of benchmark files; else PYHWNAS_DATA.")
    ] = None,
    top: Annotated[float, typer.Option(help="Percent of networks that are the top.")] = 10.0,
    resamples: Annotated[int, typer.Option(help="Bootstrap samples of the interval.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Scatter plots to write, .png or .svg.")
    ] = Path("correlations.png"),
    as_json: AsJson = False,
) -> None:
    """Tell how well scores order networks by their published accuracy, beside params and MACs.

    More of a column is taken as better. Networks without a score (NaN, -inf) share the last place.

    Examples
    --------
    - `pyhwnas correlate scores.csv --benchmark nasbench201`
    - `pyhwnas correlate scores.csv --benchmark nasbench201 --dataset in16 --top 1 -o in16.svg`
    """
    from pyhwnas.scores import correlations, draw, published, read_scores

    table = read_scores(file)
    tabular, column = published(benchmark, dataset=dataset, error=error, path=data)
    found = correlations(table, tabular, column, top=top, resamples=resamples, seed=seed)
    draw(found, out)
    if as_json:
        print_json({"benchmark": benchmark, "plots": str(out), **found.to_json()})
    else:
        _show(found, out)


def _show(found: Correlations, out: Path) -> None:
    shown = Table("column", "Spearman", "95 %", "Kendall", f"top {found.top:g} %", "no score")
    for column in found.columns:
        shown.add_row(
            f"{column.name} (baseline)" if column.baseline else column.name,
            _number(column.spearman),
            f"{_number(column.low)} to {_number(column.high)}",
            _number(column.kendall),
            f"{100 * column.overlap:.1f} %",
            str(column.invalid),
        )
    console = Console()
    console.print(shown)
    left_out = (
        (found.unknown, "not in the benchmark"),
        (found.repeated, "listed before"),
        (found.unmeasured, "without a published value"),
    )
    said = ", ".join(f"{count} {why}" for count, why in left_out if count)
    console.print(
        f"{len(found.accuracy)} networks, accuracy = 100 - {found.error}"
        f"{f'; left out: {said}' if said else ''}"
    )
    console.print(
        f"Top: share of the {found.top:g} % most accurate networks among the {found.top:g} % with "
        f"the best scores; {found.top:g} % by chance."
    )
    console.print(f"Plots: {out}", soft_wrap=True)


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
