"""Writing a report: the page, its tables and its plots, each completely or not at all."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyhwnas import plot
from pyhwnas._files import write_atomically
from pyhwnas._optional import require
from pyhwnas.history import History
from pyhwnas.report.content import Choice, Content
from pyhwnas.report.page import render

if TYPE_CHECKING:
    from pyhwnas.latency import LatencyTable
    from pyhwnas.spaces import Space

__all__ = ["write_report"]


def write_report(
    folder: str | os.PathLike[str],
    history: History,
    *,
    title: str,
    choices: Sequence[Choice] = (),
    table: LatencyTable | None = None,
    space: Space | None = None,
    device: Mapping[str, str] | None = None,
    provenance: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> Path:
    """Write the report of a run.

    Parameters
    ----------
    folder : path-like
        Made where it does not exist. Reports written into it before are replaced.
    history : History
        All rows of the run.
    title : str
        Of the page.
    choices : sequence of Choice
        Networks chosen from the front.
    table : LatencyTable, optional
        Where predictions came from; its own error is stated.
    space : Space, optional
        Names architectures and genes; without it rows are named by the numbers of their genes.
    device : mapping of str to str, optional
        What networks ran on, as label and text.
    provenance : mapping of str to str, optional
        How to do it again: command, seed, versions, configuration, as label and text. Texts of
        several lines, and those under "command" and "config", stand in code blocks.
    notes : sequence of str
        Sentences that belong under the summary.

    Returns
    -------
    Path
        Of ``report.html``, one file that needs no network. Beside it are ``front.csv``,
        ``evaluations.csv``, ``front.png``, and where there is something to draw
        ``hypervolume.png`` and ``latency.png``.

    Raises
    ------
    MissingExtraError
        If plotly, jinja2 or matplotlib is not installed.
    ValueError
        If a choice is not a row of the history.
    """
    for choice in choices:
        if not 0 <= choice.index < len(history):
            raise ValueError(
                f"choice {choice.name}: expected a row below {len(history)}, got {choice.index}"
            )
    content = Content(
        history=history,
        title=title,
        choices=tuple(choices),
        table=table,
        device=dict(device or {}),
        provenance=dict(provenance or {}),
        notes=tuple(notes),
        space=space,
    )
    folder = Path(folder)
    files = {"front.csv": _front_csv(content), "evaluations.csv": _evaluations_csv(content)}
    plots = _plots(content)
    page = render(content, tuple([*files, *plots])).encode()
    for name in ("front.png", "hypervolume.png", "latency.png"):
        if name not in plots:
            # From a report before this one, which had more to draw.
            (folder / name).unlink(missing_ok=True)
    for name, data in (files | plots | {"report.html": page}).items():
        write_atomically(folder / name, data)
    return folder / "report.html"


def _plots(content: Content) -> dict[str, bytes]:
    x, y = content.axes
    labels = {choice.name: choice.index for choice in content.choices}
    front = plot.front(content.history, x, y, colour=content.colour, labels=labels)
    axes = {"front.png": front}
    if content.trace is not None:
        axes["hypervolume.png"] = plot.hypervolume(content.history, points=content.trace)
    if content.measured:
        chosen = content.measured
        low, high = [c.low_ms for c in chosen], [c.high_ms for c in chosen]
        axes["latency.png"] = plot.latency(
            [c.predicted_ms or float("nan") for c in chosen],
            [c.measured_ms or float("nan") for c in chosen],
            [float("nan") if v is None else v for v in low],
            [float("nan") if v is None else v for v in high],
        )
    return {name: _png(ax) for name, ax in axes.items()}


def _png(ax: Any) -> bytes:
    backend = require("matplotlib.backends.backend_agg", extra="search")
    backend.FigureCanvasAgg(ax.figure)
    stream = io.BytesIO()
    ax.figure.savefig(stream, format="png", dpi=160)
    return stream.getvalue()


def _front_csv(content: Content) -> bytes:
    history = content.front
    rows = (
        [content.arch[row], *x, *values, violation]
        for row, x, values, violation in zip(
            content.front_rows,
            history.X.tolist(),
            history.values.tolist(),
            history.violation.tolist(),
            strict=True,
        )
    )
    header = ["arch", *_genes(content), *_objectives(history), "violation"]
    return _csv(header, rows)


def _evaluations_csv(content: Content) -> bytes:
    history = content.history
    status = ["failed" if f else "infeasible" if v > 0 else "ok" for f, v in _flags(history)]
    for row in content.front_rows:
        status[row] = "front" if status[row] == "ok" else status[row]
    columns = (
        range(1, len(history) + 1),
        history.batch.tolist(),
        status,
        content.arch,
        history.X.tolist(),
        history.values.tolist(),
        history.violation.tolist(),
        history.seconds.tolist(),
        history.errors,
    )
    rows = (
        [number, batch, state, arch, *x, *values, violation, seconds, error.strip()]
        for number, batch, state, arch, x, values, violation, seconds, error in zip(
            *columns, strict=True
        )
    )
    head = ["evaluation", "batch", "status", "arch", *_genes(content)]
    return _csv([*head, *_objectives(history), "violation", "seconds", "error"], rows)


def _flags(history: History) -> Iterable[tuple[bool, float]]:
    return zip(history.failed.tolist(), history.violation.tolist(), strict=True)


def _genes(content: Content) -> list[str]:
    if content.space is not None:
        return [gene.name for gene in content.space.genes]
    return [f"gene{number}" for number in range(content.history.X.shape[1])]


def _objectives(history: History) -> list[str]:
    pairs = zip(history.names, history.units, strict=True)
    return [f"{name} [{unit}]" if unit else name for name, unit in pairs]


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue().encode()
