"""What the page's script draws, as JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pyhwnas import plot
from pyhwnas.report.content import Choice, Content

__all__ = ["SHOWN", "drawn_rows", "plot_data", "script_json"]

SHOWN = 4000
"""Most rows beside front and choices that are drawn; browsers stay quick with that many."""


def drawn_rows(content: Content) -> npt.NDArray[np.intp]:
    """Choose the rows that are drawn: the front, the choices, and of the others an even part."""
    history = content.history
    kept = np.zeros(len(history), dtype=bool)
    kept[content.front_rows] = True
    kept[[choice.index for choice in content.choices]] = True
    others = np.flatnonzero(~kept & history.ok)
    if len(others) > SHOWN:
        others = others[np.linspace(0, len(others) - 1, SHOWN).round().astype(np.intp)]
    kept[others] = True
    return np.flatnonzero(kept)


def plot_data(content: Content) -> dict[str, Any]:
    """Collect what the three plots need, in JSON values."""
    history, rows = content.history, drawn_rows(content)
    x, y = content.axes
    columns = [{"name": plot.EVALUATION, "label": "evaluation", "unit": "", "sense": ""}]
    values: list[list[float | str | None]] = [[int(row) + 1 for row in rows]]
    for name, unit, sense, column in zip(
        history.names, history.units, history.senses, history.values.T, strict=True
    ):
        label = plot.axis_label(history, name)
        columns.append({"name": name, "label": label, "unit": unit, "sense": sense})
        values.append([_value(v) for v in column[rows].tolist()])
    place = {int(row): position for position, row in enumerate(rows)}
    best = set(content.front_rows.tolist())
    return {
        "columns": columns,
        "values": values,
        "arch": [content.arch[row] for row in rows],
        "front": [place[row] for row in sorted(best)],
        "infeasible": [place[int(r)] for r in rows if history.violation[r] > 0 and r not in best],
        "chosen": [_chosen(choice, place[choice.index]) for choice in content.choices],
        "start": {"x": x, "y": y, "colour": content.colour or ""},
        "latency": _latency(content),
        "hypervolume": _hypervolume(content),
    }


def script_json(data: object) -> str:
    """Write JSON that is safe inside a script element."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _value(value: float | None) -> float | str | None:
    """Six digits of a number; infinities as text, which is shown and not drawn; else None."""
    if value is None or math.isnan(value):
        return None
    if math.isinf(value):
        return "\u221e" if value > 0 else "\u2212\u221e"
    return float(f"{value:.6g}")


def _chosen(choice: Choice, place: int) -> dict[str, Any]:
    facts = {
        "MACs": (choice.macs, ""),
        "parameters": (choice.params, ""),
        "predicted": (choice.predicted_ms, "ms"),
        "measured": (choice.measured_ms, "ms"),
    }
    known = {_value(value) for value in choice.values.values()}
    # An objective may have said the same already.
    new = [
        [name, value, unit]
        for name, (number, unit) in facts.items()
        if (value := _value(number)) is not None and value not in known
    ]
    return {"name": choice.name, "at": place, "facts": new}


def _latency(content: Content) -> dict[str, Any] | None:
    if not content.measured:
        return None
    accuracy = content.table.accuracy if content.table is not None else None
    return {
        "networks": [
            {
                "name": choice.name,
                "predicted": _value(choice.predicted_ms),
                "measured": _value(choice.measured_ms),
                "low": _value(choice.low_ms),
                "high": _value(choice.high_ms),
            }
            for choice in content.measured
        ],
        "held_out": [
            {"name": n.arch, "predicted": _value(n.predicted_ms), "measured": _value(n.measured_ms)}
            for n in (accuracy.held_out if accuracy is not None else ())
        ],
    }


def _hypervolume(content: Content) -> dict[str, Any] | None:
    if content.trace is None:
        return None
    rows, volume = content.trace
    # A staircase: where nothing changes there is nothing to draw.
    steps = np.flatnonzero(np.diff(volume, prepend=-1.0) != 0)
    steps = np.unique([*steps, len(volume) - 1])
    return {
        "evaluations": [int(row) for row in rows[steps]],
        "volume": [_value(v) for v in volume[steps].tolist()],
    }
