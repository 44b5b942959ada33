"""Anytime plots: medians over evaluations with a band between the quartiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from pyhwnas._optional import require
from pyhwnas.history import Floats

__all__ = ["COLOURS", "anytime"]

Axes: TypeAlias = Any

COLOURS = (
    *("#2457b3", "#c2410c", "#15803d", "#7e22ce", "#be185d"),
    *("#0e7490", "#a16207", "#4b5563", "#65a30d", "#1e1b4b"),
)
DASHES = ("-", "--", ":", "-.")


def anytime(curves: Mapping[str, Floats], label: str) -> Axes:
    """Draw curves of several optimizers over the number of evaluations.

    Parameters
    ----------
    curves : mapping of str to ndarray of float64, shape (seeds, evals)
        By the optimizer's label.
    label : str
        Of the vertical axis.

    Returns
    -------
    matplotlib.axes.Axes
        Medians; bands hold the middle half of the runs. The vertical axis is scaled without the
        first tenth of the evaluations, which would hide how the curves end.
    """
    figure = require("matplotlib.figure", extra="search").Figure(
        figsize=(7.6, 5.0), layout="constrained"
    )
    ax = figure.add_subplot()
    for number, (name, runs) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        dash = DASHES[number // len(COLOURS) % len(DASHES)]
        low, middle, high = np.quantile(runs, [0.25, 0.5, 0.75], axis=0)
        evaluations = np.arange(1, runs.shape[1] + 1)
        ax.fill_between(evaluations, low, high, color=colour, alpha=0.1, lw=0, step="post")
        ax.step(evaluations, middle, dash, where="post", color=colour, lw=1.8, label=name)
    _frame(ax, curves)
    ax.set(xlabel="distinct networks evaluated", ylabel=label)
    figure.legend(loc="outside upper left", ncols=min(4, len(curves)), frameon=False)
    return ax


def _frame(ax: Axes, curves: Mapping[str, Floats]) -> None:
    late = [runs[:, runs.shape[1] // 10 :] for runs in curves.values()]
    values = np.concatenate([np.quantile(runs, q, axis=0) for runs in late for q in (0.25, 0.75)])
    low, high = values.min(), values.max()
    room = 0.05 * (high - low) or 0.05
    evals = max(runs.shape[1] for runs in curves.values())
    ax.set(ylim=(low - room, high + room), xlim=(0, evals + 0.01 * evals))
    ax.grid(color="#8a94a3", alpha=0.25, lw=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
