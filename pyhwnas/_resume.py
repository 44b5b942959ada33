"""What the file of a run says: whose run it is, its history, and what follows from that."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np

from pyhwnas._describe import Json, differences
from pyhwnas.errors import StoreError
from pyhwnas.history import History, HistoryLog
from pyhwnas.problem import Problem
from pyhwnas.store import Row, Store

__all__ = ["append", "bind", "load_history", "reference_point"]


def bind(store: Store, description: Json, ref_point: Json) -> None:
    """Write what the run is into a new file; compare it with what an old one says."""
    meta = store.meta()
    if "describe" not in meta:
        versions: dict[str, Json] = {name: version(name) for name in ("pyhwnas", "numpy")}
        store.set_meta(
            describe=description,
            ref_point=ref_point,
            versions=versions | {"python": platform.python_version()},
            command=shlex.join(sys.argv),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        return
    different = differences(meta["describe"], description)
    if different:
        raise StoreError(
            f"{store.path} belongs to another run:\n  "
            + "\n  ".join(different)
            + "\nOpen it with the settings that are stored, or choose another path."
        )


def append(log: HistoryLog, rows: Sequence[Row], n_genes: int) -> None:
    """Add rows of the file to a history."""
    log.append(
        X=np.array([row.genotype for row in rows], dtype=np.int64).reshape(len(rows), n_genes),
        values=np.array([row.values for row in rows]).reshape(len(rows), log.m),
        violation=np.array([row.violation for row in rows]),
        batch=np.array([row.batch for row in rows], dtype=np.int64),
        seconds=np.array([row.seconds for row in rows]),
        keys=np.array([row.key for row in rows], dtype=np.int64),
        errors=[row.error for row in rows],
    )


def reference_point(problem: Problem, history: History, rows: Sequence[Row]) -> Json:
    """Choose a reference point for what was told and some rows more.

    Returns
    -------
    list of float, or None
        In natural units: the worst values and 1 % of the range beyond. None while an objective
        has no value.
    """
    told = np.array([row.values for row in rows if not row.error])
    fresh = problem.minimised(told.reshape(-1, len(problem.names)))
    F = np.concatenate([history.F[history.ok], fresh])
    F = np.where(np.isfinite(F), F, np.nan)
    if np.isnan(F).all(axis=0).any() or not len(F):
        return None
    worst, best = np.nanmax(F, axis=0), np.nanmin(F, axis=0)
    # With one value only there is no range; its size stands in.
    span = np.where(worst > best, worst - best, np.maximum(np.abs(worst), 1.0))
    reference: Json = problem.minimised(worst + 0.01 * span).tolist()
    return reference


def load_history(path: str | os.PathLike[str]) -> tuple[History, dict[str, Any]]:
    """Read the file of a run, without its problem, even while a search writes to it.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    history : History
        Everything but `History.lookup`, which needs the problem.
    meta : dict
        ``describe`` (problem, optimizer and seed as JSON), ``ref_point`` in natural units or
        None, ``versions``, ``command``, ``created``, ``exhausted`` (whether the optimizer has
        nothing left to propose), and ``pending``, the number of rows that are proposed and not
        told.

    Raises
    ------
    StoreError
        If there is no such file, or it is no run, damaged, or of a newer version.
    """
    store = Store(path, read_only=True)
    try:
        meta, batches, rows = store.read()
    finally:
        store.close()
    if "describe" not in meta:
        raise StoreError(f"{path} holds no run yet; wait until its search has started")
    problem = meta["describe"]["problem"]
    about = problem["objectives"]
    names, senses, units = (tuple(o[k] for o in about) for k in ("name", "sense", "unit"))
    n_genes = len(rows[0].genotype) if rows else 0
    log = HistoryLog(n_genes, names, senses, units, None)
    log.batches = batches
    if meta["ref_point"] is not None:
        log.ref_point = log.minimised(np.array(meta["ref_point"]))
    told = [row for row in rows if row.told is not None]
    append(log, told, n_genes)
    # Files of the first versions do not say whether the optimizer is exhausted.
    return log.view(), {"exhausted": False} | meta | {"pending": len(rows) - len(told)}
