"""Pictures of latency tables: predicted against measured, one table against another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pyhwnas._files import replacing
from pyhwnas._optional import require
from pyhwnas.errors import LatencyTableError
from pyhwnas.latency.tables.calibrate import NetworkError
from pyhwnas.latency.tables.compare import shared_units
from pyhwnas.latency.tables.table import LatencyTable

__all__ = ["FORMATS", "draw_comparison", "draw_table"]

FORMATS = (".png", ".svg")
INK, MUTED, ACCENT, PROBE = "#1b2430", "#8a94a3", "#2457b3", "#c2410c"


def draw_table(table: LatencyTable, path: Path) -> None:
    """Draw predicted against measured latency of the networks behind a table's stated error.

    Parameters
    ----------
    table : LatencyTable
    path : Path
        Ends in ``.png`` or ``.svg``.

    Raises
    ------
    LatencyTableError
        If no networks were measured.
    ValueError
        If the name has another ending.
    """
    if table.accuracy is None:
        why = table.protocol.get("error", "it was not checked on networks")
        raise LatencyTableError(f"table {table.name} holds no networks to draw: {why}")
    figure, ax = _page(path)
    a = table.accuracy
    values = [ms for n in (*a.probes, *a.held_out) for ms in (n.predicted_ms, n.measured_ms)]
    line = np.array([0.9 * min(values), 1.1 * max(values)])
    for width, alpha in ((10, 0.15), (5, 0.25)):
        ax.fill_between(
            line, (1 - width / 100) * line, (1 + width / 100) * line,
            color=MUTED, alpha=alpha, lw=0, label=f"\u00b1{width} %",
        )  # fmt: skip
    ax.plot(line, line, color=INK, lw=0.8)
    _dots(ax, a.probes, PROBE, "the scale was fitted to", marker="D")
    _dots(ax, a.held_out, ACCENT, "held out", marker="o")
    ax.set(xlabel="measured (ms)", ylabel="predicted (ms)", xlim=line, ylim=line)
    ax.set_aspect("equal")
    ax.legend(loc="upper left", frameon=False, fontsize=8)
    floor = "unknown" if a.floor is None else f"{a.floor:.1f} %"
    ax.set_title(
        f"{_lines(table.name)}\n{len(a.held_out)} held-out networks: mean error {a.mape:.1f} %, "
        f"re-measure floor {floor}",
        fontsize=8, color=INK,
    )  # fmt: skip
    _save(figure, path)


def draw_comparison(a: LatencyTable, b: LatencyTable, path: Path) -> None:
    """Draw the units of one table against the other's, with their intervals, on logarithmic axes.

    Parameters
    ----------
    a, b : LatencyTable
        With units in common that cost something in both.
    path : Path
        Ends in ``.png`` or ``.svg``.
    """
    units = shared_units(a, b)
    some = (units.a_ms[:, 0] > 0) & (units.b_ms[:, 0] > 0)
    if not some.any():
        raise LatencyTableError(f"{a.name} and {b.name} have no unit in common that costs time")
    x, y = units.a_ms[some], units.b_ms[some]
    figure, ax = _page(path)
    middle = float(np.median(y[:, 0] / x[:, 0]))
    line = np.array([x[:, 0].min() / 1.3, x[:, 0].max() * 1.3])
    ax.plot(line, line, color=INK, lw=0.8, label="equal")
    ax.plot(line, middle * line, color=PROBE, lw=0.8, ls="--", label=f"median ratio {middle:.3g}")
    ax.errorbar(
        x[:, 0], y[:, 0], xerr=_arms(x), yerr=_arms(y),
        fmt="o", ms=3, color=ACCENT, ecolor=MUTED, elinewidth=0.6, alpha=0.7, lw=0,
    )  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="a (ms)", ylabel="b (ms)")
    ax.legend(loc="upper left", frameon=False, fontsize=8)
    ax.set_title(f"a: {_lines(a.name)}\nb: {_lines(b.name)}", fontsize=8, color=INK)
    _save(figure, path)


def _page(path: Path) -> tuple[Any, Any]:
    if path.suffix not in FORMATS:
        raise ValueError(f"{path}: expected a name that ends in {' or '.join(FORMATS)}")
    figure = require("matplotlib.figure", extra="search").Figure(
        figsize=(5.6, 5.8), layout="constrained"
    )
    ax = figure.subplots()
    ax.grid(color=MUTED, alpha=0.25, lw=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return figure, ax


def _dots(ax: Any, networks: Sequence[NetworkError], colour: str, label: str, marker: str) -> None:
    measured = [network.measured_ms for network in networks]
    predicted = [network.predicted_ms for network in networks]
    ax.plot(measured, predicted, marker, ms=5, color=colour, mec="white", mew=0.5, label=label)


def _arms(ms: Any) -> Any:
    return np.maximum([ms[:, 0] - ms[:, 1], ms[:, 2] - ms[:, 0]], 0.0)


def _lines(name: str) -> str:
    """Break a long name at its first comma."""
    return name.replace(", ", ",\n", 1) if len(name) > 60 else name


def _save(figure: Any, path: Path) -> None:
    with replacing(path) as file:
        figure.savefig(file, format=path.suffix[1:], dpi=160)
