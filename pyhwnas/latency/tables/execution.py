"""What a table says of the way its times were taken and models were run."""

from __future__ import annotations

from collections.abc import Mapping

from pyhwnas.latency.tables.table import LatencyTable

__all__ = ["execution_differences", "execution_of", "how_timed"]

STATISTICS = {"min": "minimum", "p25": "lower quartile", "median": "median"}
CLOCKS = {
    "cpu": "CPU time of the calling thread",
    "process": "CPU time of the process",
    "wall": "the wall clock",
    "runner": "the runtime's own clock",
}


def execution_of(table: LatencyTable) -> Mapping[str, str]:
    """Return the runtime's own words; empty for a table of others, or one older than this."""
    found: Mapping[str, str] = table.protocol.get("execution", {})
    return found


def execution_differences(a: LatencyTable, b: LatencyTable) -> list[str]:
    """Say where two tables state different things of the way models were run.

    What one of them does not state is no difference.
    """
    mine, theirs = execution_of(a), execution_of(b)
    return [
        f"{word}: {mine[word]} and {theirs[word]}"
        for word in mine
        if word in theirs and mine[word] != theirs[word]
    ]


def how_timed(table: LatencyTable) -> str:
    """Say in a line what times are read from, and how models were run; empty where not stated."""
    protocol = table.protocol
    words = [f"{word}: {value}" for word, value in execution_of(table).items()]
    statistic = STATISTICS.get(protocol.get("statistic", ""))
    clock = CLOCKS.get(protocol.get("clock", ""))
    if statistic and clock:
        words.insert(0, f"{statistic} of {clock}")
    return ", ".join(words)
