"""Histories and choices made up for the report; no number in them was measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pyhwnas import networks, spaces
from pyhwnas.history import Batch, History, HistoryLog
from pyhwnas.report import Choice

COLUMNS = (
    ("synflow", "max", ""),
    ("latency_ms", "min", "ms"),
    ("macs", "min", ""),
    ("energy", "min", "mJ"),
    ("accuracy", "max", "%"),
)


def make_history(
    n: int = 40,
    m: int = 3,
    *,
    names: Sequence[str] | None = None,
    values: np.ndarray | None = None,
    failed: Sequence[int] = (),
    error: str = "Traceback (most recent call last):\nValueError: broken",
    violation: np.ndarray | None = None,
    reference: bool = True,
) -> History:
    """Rows of NAS-Bench-201 with values from a fixed seed."""
    space = spaces.NASBench201()
    X = space.all()
    X = X[space.unit_ids(X, live=True)[:, -1] >= 0]  # what can be built
    X = X[np.linspace(0, len(X) - 1, n).astype(int)]
    if values is None:
        values = np.random.default_rng(0).lognormal(2, 1, size=(n, m))
    values = np.array(values, dtype=np.float64)
    values[list(failed)] = np.nan
    chosen = COLUMNS[: values.shape[1]]
    senses = tuple(sense for _, sense, _ in chosen)
    log = HistoryLog(
        X.shape[1],
        tuple(names or (name for name, _, _ in chosen)),
        senses,
        tuple(unit for _, _, unit in chosen),
        None,
    )
    log.batches.append(Batch(X))
    sign = np.where(np.array(senses) == "max", -1.0, 1.0)
    finite = (values * sign)[np.isfinite(values).all(axis=1)]
    if reference and len(finite):
        log.ref_point = finite.max(axis=0) + 1
    log.append(
        X=X,
        values=values,
        violation=np.zeros(n) if violation is None else violation,
        batch=np.zeros(n, dtype=np.int64),
        seconds=np.full(n, 0.5),
        keys=np.arange(n),
        errors=[error if row in set(failed) else "" for row in range(n)],
    )
    return log.view()


def make_choice(history: History, row: int, name: str, *, measured: bool = True) -> Choice:
    space = spaces.NASBench201()
    network = networks.build(space, history.X[row])
    return Choice(
        index=row,
        name=name,
        arch=network.arch,
        network=network,
        values=dict(zip(history.names, history.values[row].tolist(), strict=True)),
        macs=networks.macs(network),
        params=networks.params(network),
        predicted_ms=5.0 + row,
        low_ms=4.5 + row,
        high_ms=5.5 + row,
        measured_ms=5.2 + row if measured else None,
        remeasure_floor=0.025 if measured else None,
        files=(f"networks/{name}.onnx", f"networks/{name}.py"),
    )
