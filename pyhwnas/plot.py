"""Fronts, hypervolume and predicted latency as matplotlib axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyhwnas import moo
from pyhwnas._optional import require
from pyhwnas.history import Floats, History
from pyhwnas.spaces import Space, choice_frequencies, sizes

__all__ = [
    "EVALUATION",
    "axis_label",
    "choices",
    "front",
    "hypervolume",
    "hypervolume_points",
    "latency",
]

Axes: TypeAlias = Any

EVALUATION = "evaluation"
"""Stands for the number of a row where the name of an objective is expected."""

INK, MUTED, ACCENT, CHOSEN = "#1b2430", "#8a94a3", "#2457b3", "#c2410c"


def front(
    history: History,
    x: str,
    y: str,
    ax: Axes | None = None,
    *,
    colour: str | None = None,
    labels: Mapping[str, int] | None = None,
) -> Axes:
    """Draw all rows over two objectives, those of the front strongly.

    Parameters
    ----------
    history : History
    x, y : str
        Names of objectives, or ``"evaluation"`` for the number of a row.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.
    colour : str, optional
        Name of the objective that colours the front.
    labels : mapping of str to int, optional
        Rows to name in the picture: name to index in `history`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the history has no objective of such a name.

    Notes
    -----
    Rows with a missing or infinite value on an axis are not drawn.
    """
    ax = _axes(ax)
    best = history.front()
    xs, ys = _column(history, x), _column(history, y)
    faint = np.isfinite(xs) & np.isfinite(ys)
    ax.scatter(xs[faint], ys[faint], s=10, color=MUTED, alpha=0.35, lw=0, label="evaluated")
    rows = rows_of(history, best)
    fx, fy = xs[rows], ys[rows]
    drawn = np.isfinite(fx) & np.isfinite(fy)
    style: dict[str, Any] = {"color": ACCENT}
    if colour is not None:
        values = _column(history, colour)[rows]
        drawn &= np.isfinite(values)
        style = {"c": values[drawn], "cmap": _shades()}
    points = ax.scatter(
        fx[drawn], fy[drawn], s=34, edgecolors="white", linewidths=0.6, label="front", **style
    )
    if colour is not None and drawn.any():
        bar = ax.figure.colorbar(points, ax=ax, label=axis_label(history, colour))
        _short_ticks(bar.ax.yaxis)
    ax.set(xlabel=_directed(history, x), ylabel=_directed(history, y))
    _short_ticks(ax.xaxis, ax.yaxis)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
    named = {name: (xs[row], ys[row]) for name, row in (labels or {}).items()}
    _name_points(ax, named, np.stack([fx[drawn], fy[drawn]], axis=1))
    return ax


def hypervolume(
    history: History, ax: Axes | None = None, *, points: tuple[Floats, Floats] | None = None
) -> Axes:
    """Draw the hypervolume over the number of evaluations.

    Parameters
    ----------
    history : History
        With a reference point.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.
    points : tuple of ndarray of float64, optional
        What `hypervolume_points` returned, where it has been measured before.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        While there is no reference point.
    """
    rows, volume = points or hypervolume_points(history)
    ax = _axes(ax)
    known = np.isfinite(volume)
    ax.step(rows[known], volume[known], where="post", color=ACCENT, lw=1.8)
    ax.set(xlabel="evaluations", ylabel="hypervolume")
    return ax


def hypervolume_points(history: History, limit: int = 500) -> tuple[Floats, Floats]:
    """Measure the hypervolume after evenly spaced numbers of rows.

    Parameters
    ----------
    history : History
        With a reference point.
    limit : int
        Most points; up to that many rows every row is one.

    Returns
    -------
    tuple of ndarray of float64, shape (k,)
        Numbers of rows, the last of them all rows, and the hypervolume after them.

    Raises
    ------
    ValueError
        While there is no reference point.
    """
    n = len(history)
    if n <= limit:
        return np.arange(1.0, n + 1), history.hypervolume_trace()
    if history.ref_point is None:
        raise ValueError("the history has no reference point yet, so there is no hypervolume")
    stops = np.unique(np.linspace(n / limit, n, limit).round().astype(np.int64))
    F, usable = history.F, history.feasible
    kept = np.empty((0, F.shape[1]))
    volume = np.zeros(len(stops))
    start = 0
    for position, stop in enumerate(stops):
        kept = np.concatenate([kept, F[start:stop][usable[start:stop]]])
        kept = kept[moo.nondominated_mask(kept, keep_equal=False)]
        volume[position] = moo.hypervolume(kept, history.ref_point)
        start = stop
    return stops.astype(np.float64), volume


def latency(
    predicted_ms: npt.ArrayLike,
    measured_ms: npt.ArrayLike,
    low_ms: npt.ArrayLike | None = None,
    high_ms: npt.ArrayLike | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw predicted against measured latency.

    Parameters
    ----------
    predicted_ms, measured_ms : array_like, shape (n,)
        Milliseconds.
    low_ms, high_ms : array_like, shape (n,), optional
        Interval of each prediction; NaN where there is none.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.

    Returns
    -------
    matplotlib.axes.Axes
        With the line where both agree and a band of 10 % around the measured value.
    """
    ax = _axes(ax, (5.6, 5.4))
    predicted = np.asarray(predicted_ms, dtype=np.float64)
    measured = np.asarray(measured_ms, dtype=np.float64)
    low = predicted if low_ms is None else np.asarray(low_ms, dtype=np.float64)
    high = predicted if high_ms is None else np.asarray(high_ms, dtype=np.float64)
    arms = np.nan_to_num(np.maximum([predicted - low, high - predicted], 0))
    everything = np.concatenate([predicted, measured, low, high])
    known = everything[np.isfinite(everything)]
    limits = (0.85 * known.min(), 1.08 * known.max()) if len(known) else (0.0, 1.0)
    line = np.array([0.0, limits[1]])
    ax.fill_between(line, 0.9 * line, 1.1 * line, color=MUTED, alpha=0.2, lw=0, label="\u00b110 %")
    ax.plot(line, line, color=INK, lw=0.8, label="predicted = measured")
    ax.errorbar(measured, predicted, yerr=arms, fmt="o", ms=6, color=ACCENT, lw=1.2, capsize=3)
    ax.set(xlabel="measured (ms)", ylabel="predicted (ms)", xlim=limits, ylim=limits)
    ax.set_aspect("equal")
    ax.legend(loc="upper left", frameon=False)
    return ax


def choices(space: Space, X: npt.NDArray[np.int64], ax: Axes | None = None) -> Axes:
    """Draw how often the networks of a front make each choice.

    Parameters
    ----------
    space : Space
    X : ndarray of int64, shape (n, n_genes)
        Such as ``history.front().X``; n is at least 1.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.

    Returns
    -------
    matplotlib.axes.Axes
        One line for each gene, one column for each of its values; the last column says how often
        the gene is not expressed.
    """
    shares = choice_frequencies(space, X)
    there = np.arange(shares.shape[1]) < sizes(space)[:, None]
    shares = np.where(there, shares, np.nan)
    shares = np.append(shares, 1 - np.nansum(shares, axis=1, keepdims=True), axis=1)
    ax = _axes(ax, (5.6, 1.2 + 0.2 * len(shares)))
    ax.grid(False)
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    ax.figure.colorbar(image, ax=ax, label="share of the networks")
    values = range(shares.shape[1] - 1)
    ax.set_xticks(range(shares.shape[1]), [*map(str, values), "absent"])
    ax.set_yticks(range(len(shares)), [gene.name for gene in space.genes], fontsize=7)
    ax.set(xlabel="value of the gene")
    return ax


def axis_label(history: History, name: str) -> str:
    """Write the name of an objective with its unit, ``"latency (ms)"``."""
    if name == EVALUATION:
        return name
    unit = history.units[history.names.index(name)]
    stem = name.removesuffix(f"_{unit}") if unit else name
    return f"{stem} ({unit})" if unit else stem


def rows_of(history: History, part: History) -> npt.NDArray[np.intp]:
    """Return where in a history the rows of a part of it stand."""
    place = {key: row for row, key in reversed(list(enumerate(history.keys.tolist())))}
    return np.array([place[key] for key in part.keys.tolist()], dtype=np.intp)


def _directed(history: History, name: str) -> str:
    if name == EVALUATION:
        return axis_label(history, name)
    best = "lower" if history.senses[history.names.index(name)] == "min" else "higher"
    return f"{axis_label(history, name)}, {best} is better"


def _column(history: History, name: str) -> Floats:
    if name == EVALUATION:
        return np.arange(1.0, len(history) + 1)
    if name not in history.names:
        raise ValueError(f"expected one of {', '.join(history.names)}, got {name!r}")
    return history.values[:, history.names.index(name)]


def _name_points(ax: Axes, named: Mapping[str, tuple[float, float]], others: Floats) -> None:
    """Ring points and write their names where they cover least of other names and points."""
    effects = require("matplotlib.patheffects", extra="search")
    named = {name: point for name, point in named.items() if np.isfinite(point).all()}
    if not named:
        return
    scale = 72 / ax.figure.dpi
    taken = ax.transData.transform(np.concatenate([others, [*named.values()]])) * scale
    frame = ax.transAxes.transform([[0, 0], [1, 1]]) * scale
    for name, point in named.items():
        ax.plot(*point, "o", ms=11, mfc="none", mec=CHOSEN, mew=1.8)
        half = np.array([2.9 * len(name) + 2, 6.0])
        middles = ax.transData.transform(point) * scale + _AROUND * (half + GAP)
        # Points covered, then whether the name leaves the frame, then the order of preference.
        inside = (np.abs(taken[None] - middles[:, None]) < half + 3).all(axis=2).sum(axis=1)
        outside = (np.abs(middles - frame.mean(axis=0)) + half > np.ptp(frame, axis=0) / 2).any(1)
        best = int(np.argmin(10 * inside + 15 * outside + np.arange(len(_AROUND))))
        x, y = middles[best] - ax.transData.transform(point) * scale
        text = ax.annotate(
            name.replace("$", r"\$"),
            point,
            xytext=(x, y),
            textcoords="offset points",
            ha="center",
            va="center",
            color=CHOSEN,
            fontsize=9,
        )
        text.set_path_effects([effects.withStroke(linewidth=2.5, foreground="white")])
        steps = np.linspace(-half, half, 5) * (1, 0)
        taken = np.concatenate([taken, middles[best] + steps])


GAP = np.array([9.0, 5.0])
_AROUND = np.array([(1, 1), (-1, 1), (1, -1), (-1, -1), (1, 0), (-1, 0), (0, 1.6), (0, -1.6)])


def _shades() -> Any:
    """Viridis without its yellow end, which is lost on white."""
    colours = require("matplotlib.colors", extra="search")
    stops = ["#440154", "#414487", "#2a788e", "#22a884", "#7ad151"]
    return colours.LinearSegmentedColormap.from_list("front", stops)


def _short_ticks(*axes: Any) -> None:
    """Write large ticks with k, M and G."""
    ticker = require("matplotlib.ticker", extra="search")
    for axis in axes:
        if np.abs(axis.get_view_interval()).max() >= 1e4:
            axis.set_major_formatter(ticker.EngFormatter())


def _axes(ax: Axes | None, size: tuple[float, float] = (7.2, 4.8)) -> Axes:
    if ax is None:
        figure = require("matplotlib.figure", extra="search").Figure(
            figsize=size, layout="constrained"
        )
        ax = figure.add_subplot()
    ax.grid(color=MUTED, alpha=0.25, lw=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax
