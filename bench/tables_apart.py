"""Two tables of one device, built some time apart: do they agree within their own intervals?

Run as ``python -m bench.tables_apart``; it waits an hour between the two, or ``--minutes``.
"""

from __future__ import annotations

import argparse
import time
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
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--spaces", nargs="*", default=list(SPACES), choices=list(SPACES))
    parser.add_argument("--processes", type=int, default=3)
    options = parser.parse_args()
    start = time.monotonic()
    first = {
        name: latency.profile(SPACES[name](), processes=options.processes)
        for name in options.spaces
    }
    time.sleep(max(60 * options.minutes - (time.monotonic() - start), 0.0))
    found: dict[str, Any] = {"minutes": options.minutes}
    for name, before in first.items():
        space = SPACES[name]()
        after = latency.profile(space, processes=options.processes)
        comparison = latency.compare_tables(before, after, space)
        print(comparison.summary())
        found[name] = {
            "tables": [_brief(before), _brief(after)],
            "comparison": comparison.to_json(),
        }
    save("tables_apart", found)


if __name__ == "__main__":
    main()
