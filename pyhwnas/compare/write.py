"""What a comparison leaves in its folder: a page, plots, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from pyhwnas._files import write_atomically
from pyhwnas._optional import require
from pyhwnas.compare.comparison import Comparison
from pyhwnas.compare.curves import read_curves
from pyhwnas.compare.page import render
from pyhwnas.compare.plots import anytime
from pyhwnas.compare.verdict import Verdict

__all__ = ["write_comparison"]


def write_comparison(comparison: Comparison, folder: str | os.PathLike[str]) -> Verdict:
    """Read the runs of a comparison and write what they say.

    Parameters
    ----------
    comparison : Comparison
    folder : path-like
        Where `run_all` has put the runs. ``compare.html``, ``compare.json``, ``curves.csv``,
        ``hypervolume.png`` and ``gap.png`` are written into it.

    Returns
    -------
    Verdict

    Raises
    ------
    StoreError
        If a run is missing.
    MissingExtraError
        If matplotlib, jinja2 or scipy is not installed.
    """
    verdict = Verdict(comparison, read_curves(comparison, folder))
    curves = verdict.curves
    gaps = {label: curves.log_gap(label) for label in verdict.labels}
    plots = {
        "hypervolume.png": _png(anytime(curves.volume, "hypervolume")),
        "gap.png": _png(anytime(gaps, "log10 (best hypervolume \u2212 hypervolume)")),
    }
    tables = {
        "compare.json": json.dumps(verdict.to_json(), indent=1, allow_nan=False) + "\n",
        "curves.csv": _curves_csv(verdict),
    }
    page = render(verdict, plots, (*tables, *plots))
    for name, text in {**tables, "compare.html": page}.items():
        write_atomically(Path(folder, name), text)
    for name, picture in plots.items():
        write_atomically(Path(folder, name), picture)
    return verdict


def _curves_csv(verdict: Verdict) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(
        ["optimizer", "evaluation", "mean", "quartile1", "median", "quartile3", "mean_log10_gap"]
    )
    for label in verdict.labels:
        volume, gap = verdict.curves.volume[label], verdict.curves.log_gap(label)
        quartiles = np.quantile(volume, [0.25, 0.5, 0.75], axis=0)
        columns = np.vstack([volume.mean(axis=0), quartiles, gap.mean(axis=0)]).T
        writer.writerows([label, n, *row] for n, row in enumerate(columns.tolist(), 1))
    return stream.getvalue()


def _png(ax: Any) -> bytes:
    backend = require("matplotlib.backends.backend_agg", extra="search")
    backend.FigureCanvasAgg(ax.figure)
    stream = io.BytesIO()
    ax.figure.savefig(stream, format="png", dpi=160)
    return stream.getvalue()
