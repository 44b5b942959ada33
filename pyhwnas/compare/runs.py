"""The runs of a comparison: one file each, continued where they stopped, in parallel processes."""

from __future__ import annotations

import functools
import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pyhwnas._files import write_atomically
from pyhwnas.compare.comparison import Comparison
from pyhwnas.problem import Problem
from pyhwnas.search import Search

__all__ = ["Done", "run_all", "run_one", "store_of"]

SETTINGS = "compare.toml"


class Done(NamedTuple):
    """A run that has ended."""

    label: str
    seed: int
    evaluations: int


def store_of(folder: str | os.PathLike[str], label: str, seed: int) -> Path:
    """Return the file of a run."""
    return Path(folder, "runs", label, f"seed-{seed}.sqlite")


def run_all(
    comparison: Comparison,
    folder: str | os.PathLike[str],
    *,
    jobs: int = 1,
    on_done: Callable[[Done], object] = lambda done: None,
) -> None:
    """Run every optimizer with every seed.

    Parameters
    ----------
    comparison : Comparison
    folder : path-like
        Made where it does not exist. What has been run into it is kept: the same comparison
        continues, one with more seeds, evaluations or optimizers goes on from there.
    jobs : int
        Processes that run at once. Results do not depend on it.
    on_done : callable
        Told each run that has ended.

    Raises
    ------
    ValueError
        If the comparison names nothing to run, or what it names cannot be made.
    StoreError
        If a run in the folder is of another problem, optimizer or version.
    """
    if not comparison.optimizers:
        raise ValueError("optimizers: name at least one, for example random,nsga2")
    if jobs < 1:
        raise ValueError(f"jobs: expected at least 1, got {jobs}")
    problem = comparison.make_problem()
    for label in comparison.labels:
        comparison.make_optimizer(label, problem)
    write_atomically(Path(folder, SETTINGS), comparison.to_toml())
    # Seed by seed, so that an interrupted comparison has some runs of all.
    work = [(label, seed) for seed in range(comparison.seeds) for label in comparison.labels]
    if jobs == 1:
        for label, seed in work:
            on_done(run_one(comparison, folder, label, seed))
        return
    with _processes(min(jobs, len(work))) as executor:
        futures = [executor.submit(run_one, comparison, folder, *item) for item in work]
        for future in as_completed(futures):
            on_done(future.result())


def run_one(comparison: Comparison, folder: str | os.PathLike[str], label: str, seed: int) -> Done:
    """Run, or continue, one optimizer with one seed, and add up its CPU time beside its file."""
    problem = _problem(comparison.problem)
    optimizer = comparison.make_optimizer(label, problem)
    store = store_of(folder, label, seed)
    store.parent.mkdir(parents=True, exist_ok=True)
    start = time.process_time()
    with Search(problem, optimizer, store=store, seed=seed) as search:
        known = len(search.history)
        try:
            search.run(comparison.evals, batch=comparison.batch, max_failures=comparison.evals)
        finally:  # interrupted runs have taken their time too
            if len(search.history) > known:
                _add_seconds(store.with_suffix(".json"), time.process_time() - start)
        return Done(label, seed, len(search.history))


def _add_seconds(path: Path, seconds: float) -> None:
    before = json.loads(path.read_text("utf-8"))["cpu_seconds"] if path.exists() else 0.0
    write_atomically(path, json.dumps({"cpu_seconds": before + seconds}))


@functools.lru_cache(maxsize=1)
def _problem(name: str) -> Problem:
    """Make the problem once in each process: its tables are large."""
    return Comparison(problem=name).make_problem()


@contextmanager
def _processes(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Open an executor whose processes do not outlive an interruption."""
    before = set(multiprocessing.active_children())
    # A forked process would inherit the threads and locks of this one.
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(jobs, mp_context=context, initializer=_worker)
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    finally:
        executor.shutdown()


def _worker() -> None:
    """Leave interruptions to the parent, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
