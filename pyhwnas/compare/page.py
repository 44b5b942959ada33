"""The page of a comparison: what it says, filled into its template."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from pyhwnas.compare.runs import SETTINGS
from pyhwnas.compare.verdict import Verdict
from pyhwnas.report.template import packaged, template
from pyhwnas.report.text import count, number, plural

__all__ = ["render"]

CAPTIONS = {
    "hypervolume.png": (
        "Hypervolume over evaluations, one line for each optimizer",
        "Medians of the runs; bands hold the middle half of them.",
    ),
    "gap.png": (
        "Logarithm of the gap to the best hypervolume over evaluations",
        "The same as log10 of what is missing to the best hypervolume: lower is better.",
    ),
}


def render(verdict: Verdict, plots: Mapping[str, bytes], files: tuple[str, ...]) -> str:
    """Write the page.

    Parameters
    ----------
    verdict : Verdict
    plots : mapping of str to bytes
        Pictures by the name of their file; they are in the page too.
    files : tuple of str
        Names of the files beside the page.

    Returns
    -------
    str
        HTML that needs no other file; what came from outside is escaped.
    """
    comparison, curves = verdict.comparison, verdict.curves
    page: str = template("pyhwnas.compare", "page.html.j2").render(
        title=f"{comparison.problem}: {plural(len(verdict.labels), 'optimizer')}",
        style=packaged("pyhwnas.report", "style.css"),
        summary=_summary(verdict),
        tiles=_tiles(verdict),
        plots=[
            (name, base64.b64encode(data).decode(), *CAPTIONS[name]) for name, data in plots.items()
        ],
        results=[_result(verdict, label) for label in verdict.ranking],
        verdict=verdict,
        comparison=comparison,
        curves=curves,
        settings=comparison.to_toml(),
        command=f"pyhwnas compare --config {SETTINGS} continues or repeats it.",
        files=files,
    )
    return page


def _summary(verdict: Verdict) -> str:
    best, evals = verdict.ranking[0], verdict.curves.evals
    text = f"After {count(evals)} evaluations {best} has the largest mean hypervolume"
    if len(verdict.labels) == 1:
        return f"{text}; there is nothing to compare it with."
    rivals = [label for label in verdict.ranking[1:] if verdict.versus(best, label).p >= 0.05]
    if rivals:
        return f"{text}; the difference from {', '.join(rivals)} may be chance."
    return f"{text}, and differs significantly from all others."


def _tiles(verdict: Verdict) -> list[tuple[str, str]]:
    curves = verdict.curves
    reference = ", ".join(number(value) for value in curves.ref_point.tolist())
    return [
        ("runs", count(len(verdict.labels) * verdict.comparison.seeds)),
        ("evaluations a run", count(curves.evals)),
        ("best hypervolume", number(curves.best, digits=5)),
        (f"reference point ({', '.join(curves.names)})", reference),
    ]


def _result(verdict: Verdict, label: str) -> dict[str, Any]:
    volume = verdict.curves.volume[label]
    stops = []
    for n in verdict.stops:
        low, high = np.quantile(volume[:, n - 1], [0.25, 0.75])
        stops.append((float(volume[:, n - 1].mean()), float(low), float(high)))
    return {
        "label": label,
        "stops": stops,
        "gap": float(verdict.curves.log_gap(label)[:, -1].mean()),
        "seconds": float(verdict.curves.cpu_seconds[label].mean()),
    }
