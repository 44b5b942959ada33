"""Scores of many networks into one file, block by block, continued where a kill stopped it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from itertools import zip_longest
from pathlib import Path

from pyhwnas.errors import StoreError
from pyhwnas.history import Ints
from pyhwnas.problem import Problem
from pyhwnas.scores.files import check_suffix, read_scores, write_scores
from pyhwnas.scores.journal import Journal, Rows, Scored
from pyhwnas.spaces import as_genotypes

__all__ = ["score"]

FIRST, MOST = 16, 4096
"""Rows at a time: at first, and at most."""

SECONDS = 0.5
"""Blocks that take less are doubled, those that take four times as long are halved."""


def score(
    problem: Problem,
    blocks: Iterable[Ints],
    path: str | Path,
    *,
    resume: bool = False,
    on_rows: Callable[[Scored], object] = lambda scored: None,
) -> Scored:
    """Score networks and write them into a file.

    Parameters
    ----------
    problem : Problem
        A space, and as objectives what its networks are scored by.
    blocks : iterable of ndarray of int64, shape (n, n_genes)
        The networks: `every`, `drawn` or `listed` of a space, or your own matrices.
    path : path
        Ends in ``.csv`` or ``.parquet``. Until all is done rows are kept in ``PATH.partial``.
    resume : bool
        Go on with what an earlier call for the same rows left in ``PATH.partial``; where the file
        is finished there is nothing to do.
    on_rows : callable
        Told how far it is after each block.

    Returns
    -------
    Scored
        Of the whole file.

    Raises
    ------
    ValueError
        If the name has another ending, or there is nothing to score.
    StoreError
        If there is such a file or an unfinished one and `resume` is False, or it holds other
        networks or scores.

    Notes
    -----
    A network that an objective fails on has NaN there and the last line of what was raised in the
    column ``error``; the others go on. The finished file has the same bytes however often it was
    interrupted, and whatever blocks the networks came in: rows do not depend on each other, and
    their number at a time is chosen by the clock. Memory is bounded by 65 536 rows.

    Examples
    --------
    >>> import tempfile
    >>> from pyhwnas import Problem, objectives, scores, spaces
    >>> space = spaces.NATSSize()
    >>> problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = score(problem, scores.drawn(space, 3, seed=0), f"{folder}/scores.csv")
    ...     lines = Path(folder, "scores.csv").read_text().splitlines()
    >>> lines[1]
    '56:48:40:24:24,6,5,4,2,2,181248240.0,312610.0,'
    """
    path = Path(path)
    check_suffix(path)
    partial = path.with_name(f"{path.name}.partial")
    if partial.exists() and not resume:
        raise StoreError(
            f"{partial} holds the scores of an interrupted run; go on with it (resume, --resume), "
            "or delete it"
        )
    if path.exists() and not partial.exists():
        return _finished(path, problem, blocks, resume=resume)
    path.parent.mkdir(parents=True, exist_ok=True)
    journal = Journal(partial, problem)
    try:
        _fill(journal, problem, blocks, on_rows)
        found = journal.scored()
        if not found.done:
            raise ValueError("networks: expected at least one to score, got none")
        write_scores(path, problem, journal.chunks())
        journal.remove()
    finally:
        if not len(journal):
            journal.remove()
        journal.close()
    return found


def _finished(path: Path, problem: Problem, blocks: Iterable[Ints], *, resume: bool) -> Scored:
    """Say what a finished file holds, where that is what is asked for."""
    if not resume:
        raise StoreError(f"{path} is there already; choose another file, or delete it")
    table = read_scores(path)
    if table.names != problem.names:
        raise StoreError(
            f"{path} is there already, with the scores {', '.join(table.names)}; choose another "
            "file, or delete it"
        )
    asked = (problem.space.to_str(x) for X in blocks for x in as_genotypes(problem.space, X))
    if any(arch != other for arch, other in zip_longest(asked, table.archs)):
        raise StoreError(
            f"{path} is there already, with scores of other networks; choose another file, or "
            "delete it"
        )
    failed = [error for error in table.errors if error]
    return Scored(len(table.archs), len(failed), failed[-1] if failed else "")


def _fill(
    journal: Journal,
    problem: Problem,
    blocks: Iterable[Ints],
    on_rows: Callable[[Scored], object],
) -> None:
    """Score what is missing in a journal."""
    known = len(journal)
    on_rows(journal.scored())
    place, size = 0, FIRST
    for block in blocks:
        X = as_genotypes(problem.space, block)
        old = X[: max(0, known - place)]
        journal.check(place, old)
        place += len(X)
        X = X[len(old) :]
        while len(X):
            start = time.monotonic()
            values, errors = problem.evaluate(X[:size])
            archs = [problem.space.to_str(x) for x in X[:size]]
            journal.append(Rows(archs, X[:size], values, [_last_line(error) for error in errors]))
            on_rows(journal.scored())
            X = X[size:]
            size = _next_size(size, time.monotonic() - start)
    if place < known:
        raise StoreError(
            f"{journal.path} holds {known} networks, expected at most {place}; repeat its own "
            "command to continue it, write to another file, or delete it"
        )


def _next_size(size: int, seconds: float) -> int:
    if seconds < SECONDS:
        return min(2 * size, MOST)
    return max(size // 2, 1) if seconds > 4 * SECONDS else size


def _last_line(error: str) -> str:
    """Keep of a traceback what was raised."""
    return error.strip().rpartition("\n")[2]
