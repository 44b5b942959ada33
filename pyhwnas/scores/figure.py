"""Scatter plots of scores against accuracy, one page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pyhwnas._files import replacing
from pyhwnas._optional import require
from pyhwnas.scores.correlate import Correlation, Correlations

__all__ = ["FORMATS", "draw"]

FORMATS = (".png", ".svg")
COLUMNS = 3
INK, MUTED, ACCENT, MISSING = "#1b2430", "#8a94a3", "#2457b3", "#c2410c"


def draw(found: Correlations, path: Path) -> None:
    """Write one page with a panel for each column: the published error over the score.

    Parameters
    ----------
    found : Correlations
    path : Path
        Ends in ``.png`` or ``.svg``; points are pixels in both.

    Notes
    -----
    The axis of the error is logarithmic and points down, which gives the most accurate networks the
    most room. Networks without a score are marks on the left edge of the panel.
    """
    if path.suffix not in FORMATS:
        raise ValueError(f"{path}: expected a name that ends in {' or '.join(FORMATS)}")
    lines = -(-len(found.columns) // COLUMNS)
    figure = require("matplotlib.figure", extra="search").Figure(
        figsize=(3.6 * min(COLUMNS, len(found.columns)), 3.3 * lines), layout="constrained"
    )
    panels = figure.subplots(lines, min(COLUMNS, len(found.columns)), squeeze=False, sharey=True)
    for ax, column, scores in zip(panels.flat, found.columns, found.scores.T, strict=False):
        _panel(ax, column, scores, 100 - found.accuracy)
    for ax in panels.flat[len(found.columns) :]:
        ax.set_visible(False)
    _downwards(panels[0][0])
    for line in panels:
        line[0].set_ylabel(f"{found.error} (%)")
    figure.suptitle(f"{len(found.accuracy)} networks; higher is more accurate", fontsize=10)
    with replacing(path) as file:
        figure.savefig(file, format=path.suffix[1:], dpi=160)


def _downwards(ax: Any) -> None:
    ticker = require("matplotlib.ticker", extra="search")
    ax.set_yscale("log")
    ax.invert_yaxis()
    ax.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 3, 4, 6, 8)))
    ax.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_locator(ticker.NullLocator())


def _panel(ax: Any, column: Correlation, scores: Any, errors: Any) -> None:
    shown = np.isfinite(scores)
    dots: dict[str, Any] = {"lw": 0, "rasterized": True}
    ax.scatter(scores[shown], errors[shown], s=3, color=ACCENT, alpha=0.25, **dots)
    if column.invalid:
        edge = np.full((~shown).sum(), 0.012)
        ax.scatter(
            edge, errors[~shown], s=8, marker="_", color=MISSING, alpha=0.6,
            transform=ax.get_yaxis_transform(), label=f"{column.invalid} without a score",
        )  # fmt: skip
        ax.legend(loc="lower right", frameon=False, fontsize=7)
    if shown.any() and np.abs(scores[shown]).max() >= 1e4:
        ax.xaxis.set_major_formatter(require("matplotlib.ticker", extra="search").EngFormatter())
    ax.set_xlabel(f"{column.name} ({column.unit})" if column.unit else column.name)
    kind = ", baseline" if column.baseline else ""
    ax.set_title(
        f"Spearman {column.spearman:.3f}, Kendall {column.kendall:.3f}{kind}", fontsize=8, color=INK
    )
    ax.grid(color=MUTED, alpha=0.25, lw=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
