"""The README's first command, several times: seconds, networks evaluated, error of the table.

Run as ``python -m bench.main_job`` from an environment with pyhwnas[search] on a machine that does
nothing else. Every run profiles the device anew.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.record import save
from pyhwnas.latency import LatencyTable


def once(folder: Path) -> dict[str, Any]:
    """Run the main job in an empty folder and summarise it."""
    environment = {**os.environ, "XDG_DATA_HOME": str(folder / "data")}
    command = [sys.executable, "-m", "pyhwnas", "search", "--no-packaged-tables", "--json"]
    start = time.monotonic()
    done = subprocess.run(
        command, cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    seconds = time.monotonic() - start
    summary = json.loads(done.stdout)
    table = LatencyTable.load(folder / "pyhwnas-search" / "table.json")
    assert table.accuracy is not None
    verified = json.loads((folder / "pyhwnas-search" / "verified.json").read_text("utf-8"))
    return {
        "seconds": seconds,
        "seconds_by_phase": summary["seconds"],
        "evaluations": summary["evaluations"],
        "failed": summary["failed"],
        "front": summary["front"],
        "hypervolume": summary["hypervolume"],
        "exported": {
            "mean_error_percent": 100 * summary["mean_error"],
            "remeasure_floor_percent": 100 * summary["remeasure_floor"],
            "factor": verified["factor"],
            "errors_percent": [
                100 * (n["predicted_ms"] / n["measured_ms"] - 1) for n in summary["networks"]
            ],
        },
        "held_out": {
            "networks": len(table.accuracy.held_out),
            "mape_percent": table.accuracy.mape,
            "mape_unscaled_percent": table.accuracy.mape_unscaled,
            "within_5_percent": table.accuracy.within_5,
            "within_10_percent": table.accuracy.within_10,
            "remeasure_floor_percent": table.accuracy.floor,
        },
        "units": len(table.entries),
        "readings_disturbed_percent": 100 * table.disturbed,
    }


def main() -> None:
    """Run and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="where to keep the last run's folder")
    arguments = parser.parse_args()
    runs = []
    for number in range(arguments.runs):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(once(Path(folder)))
            print(f"run {number + 1}:", json.dumps(runs[-1]))
            if arguments.keep and number == arguments.runs - 1:
                shutil.copytree(Path(folder) / "pyhwnas-search", arguments.keep)
    save("main_job", {"runs": runs})


if __name__ == "__main__":
    main()
