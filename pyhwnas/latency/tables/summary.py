"""A latency table in a few lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from pyhwnas.latency.tables.table import NO_ERROR, LatencyTable

__all__ = ["summary"]


def summary(table: LatencyTable) -> str:
    """Say what was measured and how good it is.

    Parameters
    ----------
    table : LatencyTable

    Returns
    -------
    str
    """
    lines = [table.name, _origin(table), *_errors(table)]
    if "time" in table.protocol.get("stop", ()):
        lines.append("the time cap ended it before all units and networks had settled")
    if table.noisy:
        lines.append(
            "this machine was too unsteady to rely on these numbers "
            f"({100 * (table.disturbed or 0.0):.0f} % of the readings at an unusual speed, wall "
            f"time {table.contention or 1.0:.2f} times CPU time): close other programs and "
            "measure again; on a virtual machine its host's other guests may be the cause"
        )
    lines += [f"not measured: {key}: {reason}" for key, reason in table.failed.items()]
    return "\n".join(lines)


def _origin(table: LatencyTable) -> str:
    """Say where the numbers come from: a measurement here, or others."""
    units = f"{len(table.entries)} units"
    if source := table.protocol.get("source"):
        return f"{units}; source: {source}; {table.protocol.get('error', NO_ERROR)}"
    seconds = f", {table.seconds:.0f} s" if table.seconds is not None else ""
    scale = f"{table.scale:.3f}"
    known = table.accuracy.scale_deviation if table.accuracy is not None else None
    if known and table.scale != 1:
        scale += f" ± {table.scale * known:.3f}"
    return f"{units}, {len(table.anchor_ms)} process(es){seconds}, scale {scale}"


def _errors(table: LatencyTable) -> Iterator[str]:
    if table.accuracy is not None:
        a = table.accuracy
        yield (
            f"on {len(a.held_out)} held-out networks: mean error {a.mape:.1f} % "
            f"({a.mape_unscaled:.1f} % without the scale), {a.within_5:.0f} % of them within "
            f"5 %, {a.within_10:.0f} % within 10 %; measuring the same networks again "
            f"differs by {_percent(a.floor)}"
        )
    if table.energy is not None:
        e = table.energy
        yield (
            f"energy by {e.counter}: mean error {e.mape:.1f} %, counting again "
            f"differs by {_percent(e.floor)}"
        )


def _percent(floor: float | None) -> str:
    return "unknown" if floor is None else f"{floor:.1f} %"
