"""Evaluate rows of a problem, here or in an executor, and hand over results as they come in."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from typing import NamedTuple

import numpy as np

from pyhwnas.errors import EvaluationError
from pyhwnas.history import Floats, History, Ints
from pyhwnas.problem import Evaluation, Problem

__all__ = ["Told", "check_failures", "evaluate"]


class Told(NamedTuple):
    """Results of some rows, ready to be stored."""

    ids: list[int]
    values: Floats
    errors: Sequence[str]
    seconds: Floats

    def joined(self, expensive: Evaluation, seconds: float) -> Told:
        """Fill in what was not cheap."""
        values = np.where(np.isnan(self.values), expensive.values, self.values)
        return Told(self.ids, values, expensive.errors, self.seconds + seconds)

    def broken(self, count: int) -> Told:
        """Fail for the executor's sake."""
        message = (
            f"a worker process died (killed, or out of memory) while {count} row(s) were running "
            "in the executor; this was one of them"
        )
        return self._replace(errors=[message])


def evaluate(
    problem: Problem, ids: list[int], X: Ints, executor: Executor | None
) -> Generator[Told, None, None]:
    """Yield results: all at once where all objectives are cheap, otherwise row by row.

    Without an executor in order; with one, as they come in.
    """
    start = time.perf_counter()
    cheap = problem.evaluate(X, "cheap")
    seconds = (time.perf_counter() - start) / len(ids)
    if all(objective.cost == "cheap" for objective in problem.objectives):
        yield Told(ids, cheap.values, cheap.errors, np.full(len(ids), seconds))
        return
    rows = [
        Told([i], values[None], [error], np.array([seconds]))
        for i, values, error in zip(ids, cheap.values, cheap.errors, strict=True)
    ]
    if executor is not None:
        yield from _submit(problem, executor, rows, X)
        return
    for row, x in zip(rows, X, strict=True):
        # What cannot become a complete row any more is not worth an expensive evaluation.
        yield row if row.errors[0] else row.joined(*_expensive(problem, x[None]))


def _expensive(problem: Problem, X: Ints) -> tuple[Evaluation, float]:
    start = time.perf_counter()
    evaluation = problem.evaluate(X, "expensive")
    return evaluation, time.perf_counter() - start


def _submit(problem: Problem, executor: Executor, rows: Sequence[Told], X: Ints) -> Iterator[Told]:
    """Evaluate rows in an executor and yield results as they come in.

    No more rows are submitted than there are workers: if a worker dies, the executor fails all
    that it holds, and these could be any of them.
    """
    window = getattr(executor, "_max_workers", None) or len(rows)
    yield from (row for row in rows if row.errors[0])
    queue = deque((row, x) for row, x in zip(rows, X, strict=True) if not row.errors[0])
    running: dict[Future[tuple[Evaluation, float]], Told] = {}
    stop: BaseException | None = None
    try:
        while queue or running:
            while queue and len(running) < window:
                row, x = queue.popleft()
                running[executor.submit(_expensive, problem, x[None])] = row
            done = wait(running, return_when=FIRST_COMPLETED).done
            for future in [future for future in running if future in done]:
                error = future.exception()
                if isinstance(error, BrokenExecutor):
                    raise error
                row = running.pop(future)
                if error is None:
                    yield row.joined(*future.result())
                else:  # the others may still come to an end, and are not to be lost
                    queue.clear()
                    stop = stop or error
        if stop is not None:
            raise stop
    except BrokenExecutor as error:
        for row in running.values():
            yield row.broken(len(running))
        raise EvaluationError(
            f"the executor is broken ({error}); {len(running)} row(s) that were running are kept "
            "as failed, the others are still pending: call run again with a new executor"
        ) from error
    finally:
        for future in running:
            future.cancel()


def check_failures(history: History, max_failures: int) -> None:
    """Give up when more rows than this have failed."""
    count = int(history.failed.sum())
    if count > max_failures:
        last = history.errors[int(np.flatnonzero(history.failed)[-1])].strip().splitlines()[-1]
        raise EvaluationError(
            f"{count} of {len(history)} rows failed, more than max_failures={max_failures}; the "
            f"last one with: {last}. All tracebacks are in the history's errors, and in "
            "evaluations.csv of `pyhwnas report`; correct the cause and start a new run, or go on "
            "with a larger max_failures (--max-failures)"
        )
