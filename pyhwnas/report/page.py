"""The page: what it says, filled into its template."""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from pyhwnas import plot
from pyhwnas._optional import require
from pyhwnas.networks.picture import picture
from pyhwnas.report.content import Choice, Content
from pyhwnas.report.data import SHOWN, drawn_rows, plot_data, script_json
from pyhwnas.report.template import packaged, template
from pyhwnas.report.text import DASH, count, number, percent, plural

__all__ = ["render"]

LISTED = 50
TRACEBACKS = 5
CODE = ("command", "config", "configuration")


class _Column(NamedTuple):
    """A column of the table of choices."""

    head: str
    cell: Callable[[Choice], str]


class _Group(NamedTuple):
    """Failed rows with one and the same last line of their tracebacks."""

    reason: str
    size: str
    arch: str
    error: str


def render(content: Content, files: tuple[str, ...]) -> str:
    """Write the page.

    Parameters
    ----------
    content : Content
    files : tuple of str
        Names of the files beside the page.

    Returns
    -------
    str
        HTML; everything that came from outside is escaped.
    """
    page: str = template("pyhwnas.report", "template.html.j2").render(
        content=content,
        style=packaged("pyhwnas.report", "style.css"),
        script=packaged("pyhwnas.report", "report.js"),
        plotly=_plotly(),
        data=script_json(plot_data(content)),
        files=files,
        summary=_summary(content),
        tiles=_tiles(content),
        front=_front(content),
        columns=_columns(content),
        diagrams=_diagrams(content),
        links=_links,
        hidden=_hidden(content),
        failures=_failures(content),
        blocks=_blocks(content.provenance),
        facts=_facts(content.provenance),
    )
    return page


def _summary(content: Content) -> str:
    history, best = content.history, content.front
    names = ", ".join(plot.axis_label(history, name) for name in history.names)
    objectives = plural(len(history.names), "objective")
    text = f"{plural(history.evaluations, 'network')} evaluated under {objectives} ({names}): "
    if not len(best):
        text += "none of them has all its values."
    elif best.violation.max() > 0:
        text += f"none meets the constraints; {len(best)} came closest."
    else:
        text += f"{plural(len(best), 'is', 'are')} Pareto-best."
    chosen = len(content.choices)
    if chosen:
        text += f" {plural(chosen, 'network was', 'networks were')} chosen"
        text += f", {len(content.measured)} of them measured" if content.measured else ""
        text += "."
    if content.mean_error is not None:
        text += f" Predicted latency was off by {percent(content.mean_error)} on average"
        if content.floor is not None:
            text += f", where measuring again is off by {percent(content.floor)}"
        text += "."
    return text


def _tiles(content: Content) -> list[tuple[str, str]]:
    history = content.history
    tiles = [
        ("evaluated", count(history.evaluations)),
        ("on the front", count(len(content.front))),
        ("chosen", count(len(content.choices))),
        ("failed", count(int(history.failed.sum()))),
    ]
    if content.trace is not None:
        tiles.append(("hypervolume", number(float(content.trace[1][-1]))))
    if content.mean_error is not None:
        tiles.append(("mean latency error", percent(content.mean_error)))
    return tiles


def _front(content: Content) -> dict[str, Any]:
    """Rows of the table under the plot, the best first, and its heads."""
    history = content.front
    units = history.units
    rows = [
        (content.arch[row], [number(v, digits=5) for v in values])
        for row, values in zip(
            content.front_rows[:LISTED], history.values[:LISTED].tolist(), strict=True
        )
    ]
    heads = [plot.axis_label(history, name) for name in history.names]
    return {"heads": heads, "units": units, "rows": rows, "left": len(history) - len(rows)}


def _hidden(content: Content) -> str:
    """Say how many rows the plot leaves out for its size."""
    history = content.history
    left = int(history.ok.sum()) - int(history.ok[drawn_rows(content)].sum())
    if not left:
        return ""
    return (
        f"To keep the page quick, {count(SHOWN)} of the {count(left + SHOWN)} networks "
        "off the front are drawn, evenly over the run; evaluations.csv has all of them."
    )


def _columns(content: Content) -> list[_Column]:
    """Columns with something in them; objectives that stand in one of their own are left out."""
    history, choices = content.history, content.choices
    known: list[tuple[_Column, Callable[[Choice], float | None]]] = [
        (_Column("MACs", lambda c: number(c.macs)), lambda c: c.macs),
        (_Column("parameters", lambda c: number(c.params)), lambda c: c.params),
        (_Column("predicted (ms)", _predicted), lambda c: c.predicted_ms),
        (_Column("measured (ms)", lambda c: number(c.measured_ms)), lambda c: c.measured_ms),
    ]
    kept = [(column, of) for column, of in known if any(of(c) is not None for c in choices)]
    columns = [
        _Column(plot.axis_label(history, name), functools.partial(_value_of, name))
        for name in history.names
        if not any(
            _same([of(c) for c in choices], [c.values.get(name) for c in choices]) for _, of in kept
        )
    ]
    columns += [column for column, _ in kept]
    if content.measured:
        columns.append(_Column("error", lambda c: percent(c.error, signed=True)))
    return columns


def _same(known: list[float | None], values: list[float | None]) -> bool:
    """Tell whether a column says what an objective says."""
    pairs = zip(known, values, strict=True)
    return all(a is not None and b is not None and np.isclose(a, b, rtol=1e-6) for a, b in pairs)


def _value_of(name: str, choice: Choice) -> str:
    return number(choice.values.get(name))


def _predicted(choice: Choice) -> str:
    text = number(choice.predicted_ms)
    if choice.low_ms is None or choice.high_ms is None:
        return text
    return f"{text} ({number(choice.low_ms, digits=3)}{DASH}{number(choice.high_ms, digits=3)})"


def _links(choice: Choice) -> list[tuple[str, str]]:
    """Address and text of each file of a choice; the text leaves its own name out."""
    links = []
    for file in choice.files:
        name = file.replace("\\", "/").rsplit("/", 1)[-1]
        links.append((quote(file.replace("\\", "/")), name.removeprefix(choice.name) or name))
    return links


def _diagrams(content: Content) -> list[tuple[Choice, str]]:
    """Each choice with its picture as a data address, where its style cannot reach the page."""
    return [
        (choice, base64.b64encode(picture(choice.network).encode()).decode())
        for choice in content.choices
    ]


def _failures(content: Content) -> list[_Group]:
    groups: dict[str, list[int]] = {}
    for row in np.flatnonzero(content.history.failed).tolist():
        lines = content.history.errors[row].strip().splitlines()
        groups.setdefault(lines[-1].strip() if lines else "no reason was recorded", []).append(row)
    largest = sorted(groups.items(), key=lambda item: -len(item[1]))
    return [
        _Group(
            reason,
            plural(len(rows), "network"),
            content.arch[rows[0]],
            content.history.errors[rows[0]].strip(),
        )
        for reason, rows in largest[:TRACEBACKS]
    ]


def _blocks(provenance: Mapping[str, str]) -> list[tuple[str, str]]:
    return [item for item in _items(provenance) if _is_code(*item)]


def _facts(provenance: Mapping[str, str]) -> list[tuple[str, str]]:
    return [item for item in _items(provenance) if not _is_code(*item)]


def _items(texts: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    return ((str(label), str(text)) for label, text in texts.items())


def _is_code(label: str, text: str) -> bool:
    return label.lower() in CODE or "\n" in text.strip()


def _plotly() -> str:
    script: str = require("plotly.offline", extra="search").get_plotlyjs()
    return script.replace("</script", "<\\/script")
