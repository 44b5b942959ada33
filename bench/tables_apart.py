"""Two tables of one device, built some time apart: do they agree within their own intervals?

Run as ``python -m bench.tables_apart FOLDER``. First tables that are not in the folder are built
there; the second ones follow an hour later, or ``--minutes``. A stopped run goes on, and nothing
has to wait: called with ``--first`` it ends when the first ones are there.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.record import save
from pyhwnas import latency, spaces

SPACES = {
    "nasbench201": spaces.NASBench201,
    "mobilenetv3": lambda: spaces.MobileNetV3(resolutions=(160,)),
}


def _brief(table: latency.LatencyTable) -> dict[str, Any]:
    assert table.accuracy is not None
    return {
        "created": table.created,
        "seconds": table.seconds,
        "anchor_ms": [round(ms, 4) for ms in table.anchor_ms],
        "mape_percent": round(table.accuracy.mape, 2),
        "floor_percent": round(table.accuracy.floor or 0.0, 2),
        "residual_spread": round(table.accuracy.residual_spread, 4),
        "disturbed": round(table.disturbed or 0.0, 3),
        "noisy": table.noisy,
    }


def main() -> None:
    """Build both tables of each space and write how they compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the tables are, or are to be")
    parser.add_argument("--first", action="store_true", help="build the first tables alone")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--spaces", nargs="*", default=list(SPACES), choices=list(SPACES))
    parser.add_argument("--processes", type=int, default=3)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    first = {name: _table(name, "first", options) for name in options.spaces}
    if options.first:
        return
    found: dict[str, Any] = {}
    for name, before in first.items():
        _wait(before, options.minutes)
        after = _table(name, "second", options)
        comparison = latency.compare_tables(before, after, SPACES[name]())
        print(comparison.summary())
        found[name] = {
            "minutes": round(_seconds_since(before, after.created) / 60, 1),
            "tables": [_brief(before), _brief(after)],
            "comparison": comparison.to_json(),
        }
    save("tables_apart", found)


def _table(name: str, which: str, options: argparse.Namespace) -> latency.LatencyTable:
    path = options.folder / f"{name}-{which}.json"
    if path.exists():
        return latency.LatencyTable.load(path)
    return latency.profile(SPACES[name](), processes=options.processes, path=path)


def _seconds_since(table: latency.LatencyTable, moment: str) -> float:
    passed = datetime.fromisoformat(moment) - datetime.fromisoformat(table.created)
    return passed.total_seconds()


def _wait(table: latency.LatencyTable, minutes: float) -> None:
    passed = _seconds_since(table, datetime.now(UTC).isoformat())
    time.sleep(max(60 * minutes - passed, 0.0))


if __name__ == "__main__":
    main()
