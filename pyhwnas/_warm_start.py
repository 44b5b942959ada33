"""Warm starts: what a run takes over from another one of the same space."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np

from pyhwnas._describe import Json
from pyhwnas._resume import load_history
from pyhwnas.errors import SpaceError, StoreError
from pyhwnas.history import Batch, History, Ints
from pyhwnas.optimizers.operators.selection import fronts_and_crowding
from pyhwnas.problem import Problem
from pyhwnas.store import KNOWN_BEFORE, Row, Store

__all__ = ["begin_with", "start_from"]


def start_from(store: Store, problem: Problem, source: str | os.PathLike[str] | History) -> None:
    """Store what another run gives, once, before anything is proposed.

    Parameters
    ----------
    store : Store
        Of the run that begins.
    problem : Problem
        Its problem.
    source : path-like or History
        The file of the other run, which says what its objectives were, or a history, whose
        objectives are told by name, sense and unit.

    Raises
    ------
    ValueError
        If the other run is of another space, or has no values.
    StoreError
        If its file is no run, or this run has begun without it.
    """
    meta = store.meta()
    if "warm_start" in meta:
        return
    if store.read()[1]:
        raise StoreError(
            f"{store.path} has begun without a warm start; open it without one, or choose another "
            "path"
        )
    name, history, same = _read(problem, source)
    rows = _known(problem, history) if same else []
    X = np.array([row.genotype for row in rows], dtype=np.int64)
    front: Json = [] if same else history.front().X[_best_first(history.front())].tolist()
    about: dict[str, Json] = {"warm_start": {"source": name, "front": front}}
    if meta["ref_point"] is None and history.ref_point is not None and same:
        about["ref_point"] = problem.minimised(history.ref_point).tolist()
    store.inherit(Batch(X, {"source": name}), rows, **about)


def begin_with(problem: Problem, batch: Batch, history: History, front: Ints) -> Batch:
    """Put rows of another run into an optimizer's first batch.

    Parameters
    ----------
    problem : Problem
    batch : Batch
        What the optimizer proposes by itself. Its size and state stay, so that the optimizer goes
        on as if it had drawn these rows.
    history : History
        What is known before the first batch: the best of it take the place of the batch.
    front : ndarray of int64, shape (k, n_genes)
        Where nothing is known, they take half of the batch, from its end: what is best for other
        objectives shows little of what is bad for these, and many optimizers begin with the
        smallest and the largest network.

    Returns
    -------
    Batch
        Rows of the batch that were equal to each other still are.
    """
    keys = problem.key(batch.X)
    best = history.X[_best_first(history)] if len(history) else front
    best = best[~np.isin(problem.key(best), keys)]
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    n_distinct = len(first)
    place = np.argsort(np.argsort(first))[which.reshape(-1)]
    count = min(len(best), n_distinct if len(history) else (n_distinct + 1) // 2)
    moved = place >= n_distinct - count
    X = batch.X.copy()
    X[moved] = best[place[moved] - (n_distinct - count)]
    return Batch(X, batch.aux)


def _read(problem: Problem, source: str | os.PathLike[str] | History) -> tuple[str, History, bool]:
    """Return a name, the history and whether its values hold for this problem."""
    if isinstance(source, History):
        name, history = "a history", source
        theirs = (history.names, history.senses, history.units)
        same = theirs == (problem.names, problem.senses, problem.units)
        fits = True
    else:
        history, meta = load_history(source)
        name, now = os.fspath(source), _measured(problem)
        stored = {part: meta["describe"]["problem"][part] for part in now}
        same = stored == now
        fits = _kind(stored["space"]) == _kind(now["space"])
    if not history.ok.any():
        raise ValueError(f"warm_start: expected a run with values, got none in {name}")
    if not (fits and _valid(problem, history.X)):
        raise ValueError(
            f"warm_start: expected a run of space {problem.space.name} with the genes that it has "
            f"here, got another in {name}; start from a run of the same space, or without one"
        )
    if same:
        # The front by the constraints of this problem.
        history = replace(history, violation=problem.violation(history.values))
    return name, history, same


def _measured(problem: Problem) -> dict[str, Any]:
    """Describe what values depend on."""
    about: Any = problem.describe()
    return {part: about[part] for part in ("space", "objectives")}


def _kind(space: Any) -> Any:
    """Return the class that a description of a space names."""
    return space["type"] if isinstance(space, dict) and "type" in space else space


def _valid(problem: Problem, X: Ints) -> bool:
    try:
        return bool(problem.valid(X).all())
    except SpaceError:
        return False


def _best_first(history: History) -> Ints:
    """Order rows by front, and within a front by the room around them."""
    order = fronts_and_crowding(history.F, history.violation, history.failed)
    return np.lexsort((-order.crowding, order.front))


def _known(problem: Problem, history: History) -> list[Row]:
    """Make rows of all networks that have their values."""
    keys = problem.key(history.X)
    rows = np.flatnonzero(history.ok)
    rows = rows[np.sort(np.unique(keys[rows], return_index=True)[1])]
    return [
        Row(
            id=told,
            batch=KNOWN_BEFORE,
            key=int(keys[row]),
            genotype=history.X[row].tolist(),
            told=told,
            values=tuple(history.values[row].tolist()),
            violation=float(history.violation[row]),
        )
        for told, row in enumerate(rows)
    ]
