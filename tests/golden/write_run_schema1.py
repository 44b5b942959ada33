"""Writes run_schema1.db, a run file of schema 1 with everything that may stand in one.

Run once, with pyhwnas 0.1.0 and numpy 2.4.6 on Python 3.11.7; kept to tell where the file is from.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pyhwnas._resume import bind
from pyhwnas.history import Batch
from pyhwnas.store import Row, Store

PATH = Path(__file__).with_name("run_schema1.db")


def main() -> None:
    PATH.unlink(missing_ok=True)
    store = Store(PATH)
    objectives = [
        {"name": "accuracy", "unit": "%", "sense": "max", "cost": "expensive", "type": "Accuracy"},
        {"name": "latency_ms", "unit": "ms", "sense": "min", "cost": "cheap", "type": "Latency"},
    ]
    problem = {
        "space": {"type": "Space", "n_classes": 10},
        "objectives": objectives,
        "constraints": [{"type": "AtMost", "name": "latency_ms", "bound": 100.0}],
        "ref_point": None,
        "dedupe": "canonical",
    }
    bind(store, {"problem": problem, "optimizer": {"type": "Random", "step": 2}, "seed": 3}, None)
    store.set_meta(command="write_run_schema1.py", created="2025-01-01T00:00:00+00:00")
    rows = [
        Row(number, number // 2 if number < 4 else 1, 1000 + number, x)
        for number, x in enumerate([[0, 1], [2, 0], [1, 1], [0, 0], [2, 2], [2, 1]])
    ]
    store.add_batch(0, Batch(np.array([[0, 1], [2, 0]])), rows[:2])
    first = rows[0]._replace(told=0, values=(1.5, 100.0), seconds=0.5)
    second = rows[1]._replace(told=1, values=(6.25, 400.0), violation=3.0, seconds=0.25)
    store.tell([first, second], ref_point=[-4.0, 404.0])
    aux = {"swarm": np.array([0, 0, 1, 1]), "best": [[0, 1], None]}
    store.add_batch(1, Batch(np.array([[1, 1], [0, 0], [2, 2], [2, 1]]), aux), rows[2:])
    third = rows[2]._replace(told=2, values=(np.inf, 0.1 + 0.2))
    fourth = rows[3]._replace(
        told=3, values=(np.nan, np.nan), violation=np.inf, error="the board hung up"
    )
    store.tell([third])
    store.tell([fourth])
    store.close()


if __name__ == "__main__":
    main()
