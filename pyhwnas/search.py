"""The loop: propose, evaluate, store. Interrupt it anywhere and run it again."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing, contextmanager
from types import TracebackType
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from pyhwnas._arrays import as_ids, as_matrix, as_whole
from pyhwnas._describe import Json, decode, describe, encode
from pyhwnas._evaluate import check_failures, evaluate
from pyhwnas._resume import append, bind, load_history, reference_point
from pyhwnas._warm_start import begin_with, start_from
from pyhwnas.history import Batch, Floats, History, HistoryLog, Ints
from pyhwnas.optimizers import Auto, Optimizer
from pyhwnas.optimizers.operators.variation import MOST_ROWS
from pyhwnas.problem import Problem
from pyhwnas.store import Row, Store

__all__ = ["Asked", "Search", "load_history"]

FREE_BATCHES = 1000
"""So many batches in a row without a new row mean that the optimizer will find no more."""

logger = logging.getLogger(__name__)


class Asked(NamedTuple):
    """Rows to evaluate.

    Parameters
    ----------
    ids : ndarray of int64, shape (n,)
        What to `Search.tell` their values with.
    X : ndarray of int64, shape (n, n_genes)
        Distinct, canonical rows.
    """

    ids: Ints
    X: Ints


OnTell: TypeAlias = "Callable[[Search], object]"


class Search:
    """A run: a problem, an optimizer, and a file that remembers all of it.

    Parameters
    ----------
    problem : Problem
    optimizer : Optimizer
        `Auto` is replaced by its choice for the problem.
    store : path-like, optional
        The file of the run, made if it does not exist and continued if it does; None keeps the
        run in memory.
    seed : int
        Not negative. Batch number i is drawn with ``default_rng([seed, i])``.
    warm_start : path-like or History, optional
        Another run of the same space to begin with, see Notes. The file of a run says what its
        objectives were; those of a history are known by name, sense and unit. What is taken over
        is kept in this run's file; when that is opened again, the other run is not read.

    Raises
    ------
    StoreError
        If the file belongs to another problem, optimizer or seed (the message lists what
        differs), is in use, damaged, or cannot be written.

    Notes
    -----
    A batch is proposed when every row of the one before has been told, so that a run depends on
    seed, values and how many rows are wished for alone: interrupted and continued, told in slices
    or at once, it is the same bit for bit (the order of rows is that of telling). A row that is
    known costs nothing. An optimizer that has nothing new, in an empty batch or in 1000 batches in
    a row, is not asked again.

    A warm start from a run with the same objectives makes all its rows known, as rows of batch -1
    that are no evaluations, with its reference point; the best of them take the place of the first
    batch. Where the objectives are others, such as latency on another device, its front takes up to
    half of the first batch. The optimizer goes on as if it had drawn these rows itself, so that
    every optimizer can start from any run.

    Examples
    --------
    >>> from pyhwnas import Problem, Search, objectives, optimizers, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    >>> search = Search(problem, optimizers.Random(), seed=0)
    >>> front = search.run(100).front()
    >>> asked = search.ask(2)  # or by hand
    >>> search.tell(asked.ids, problem.evaluate(asked.X).values)
    >>> len(search.history)
    102
    """

    def __init__(
        self,
        problem: Problem,
        optimizer: Optimizer,
        *,
        store: str | os.PathLike[str] | None = None,
        seed: int = 0,
        warm_start: str | os.PathLike[str] | History | None = None,
    ) -> None:
        self.seed = as_whole(seed, "seed")
        if self.seed < 0:
            raise ValueError(f"seed: expected an integer from 0 up, got {seed}")
        self.problem = problem
        self.optimizer = optimizer.choose(problem) if isinstance(optimizer, Auto) else optimizer
        description: Json = {
            "problem": problem.describe(),
            "optimizer": describe(self.optimizer),
            "seed": self.seed,
        }
        self._store = Store(store)
        try:
            bind(self._store, description, describe(problem.ref_point))
            if warm_start is not None:
                start_from(self._store, problem, warm_start)
            self._load()
        except BaseException:
            self._store.close()
            raise

    def __enter__(self) -> Search:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, so that others may open it."""
        self._store.close()

    @property
    def history(self) -> History:
        """All rows told so far."""
        if self._stale:
            self._load()
        return self._log.view()

    @property
    def pending(self) -> Asked:
        """Rows that are asked and not told yet, the oldest first; proposes nothing."""
        if self._stale:
            self._load()
        return self._asked(None)

    def ask(self, n: int | None = None) -> Asked:
        """Say what to evaluate next.

        Parameters
        ----------
        n : int, optional
            At most so many rows; None gives all that are pending. Where new rows are proposed for
            it, the optimizer is asked for 2^16 at most.

        Returns
        -------
        Asked
            Pending rows, the oldest first; the same ones again until they are told. No rows if
            the optimizer has none left.
        """
        if n is not None and as_whole(n, "n") < 1:
            raise ValueError(f"n: expected at least 1 row or None, got {n}")
        if self._stale:
            self._load()
        while not self._pending and not self._exhausted:
            self._propose(n if n is None else min(n, MOST_ROWS))
        return self._asked(n)

    def _asked(self, n: int | None) -> Asked:
        rows = list(self._pending.values())[:n]
        ids = np.array([row.id for row in rows], dtype=np.int64)
        X = np.array([row.genotype for row in rows], dtype=np.int64)
        return Asked(ids, X.reshape(len(rows), len(self.problem.space.genes)))

    def tell(
        self,
        ids: npt.ArrayLike,
        values: npt.ArrayLike,
        *,
        failed: Mapping[int, str] | Collection[int] = (),
    ) -> None:
        """Store results of pending rows: any of them, in any order.

        Parameters
        ----------
        ids : array_like of int, shape (n,)
            From `ask`.
        values : array_like of float, shape (n, m)
            One column per objective, in natural units. A row with NaN counts as failed; infinite
            values are values.
        failed : mapping of int to str, or collection of int, optional
            Ids of rows that failed, with a message if there is one; they may, but need not,
            be among `ids`. If none of such a row's values is NaN, none is taken for a value.

        Raises
        ------
        ValueError
            If a row is unknown or was told before, or shapes do not fit; nothing is stored then.
        """
        messages = dict(failed) if isinstance(failed, Mapping) else dict.fromkeys(failed, "")
        rows = as_ids(ids, "ids", ndim=1).tolist()
        # An empty list has no second dimension.
        matrix = as_matrix(values if rows else np.empty((0, len(self.problem.names))), "values")
        if matrix.shape != (len(rows), len(self.problem.names)):
            raise ValueError(
                f"values: expected one row for each of {len(rows)} ids and the columns "
                f"{', '.join(self.problem.names)}, got shape {matrix.shape}"
            )
        extra = [int(i) for i in messages if i not in rows]
        matrix = np.concatenate([matrix, np.full((len(extra), matrix.shape[1]), np.nan)])
        # Whole rows that are said to have failed hold placeholders, which nothing may learn from.
        placeholder = np.isin([*rows, *extra], list(messages)) & ~np.isnan(matrix).any(axis=1)
        matrix[placeholder] = np.nan
        errors = [
            (messages[i] or "told as failed") if i in messages else self._missing(row)
            for i, row in zip([*rows, *extra], matrix, strict=True)
        ]
        self._tell([*rows, *extra], matrix, errors, np.full(len(errors), np.nan))

    def run(
        self,
        n_evals: int,
        *,
        batch: int | None = None,
        executor: Executor | None = None,
        on_tell: Sequence[OnTell] = (),
        max_failures: int = 50,
    ) -> History:
        """Evaluate until so many distinct rows are known.

        Parameters
        ----------
        n_evals : int
            Total of evaluated rows, failed ones and those before an interruption included.
        batch : int, optional
            How many rows to wish for at a time; None takes the optimizer's own step.
        executor : concurrent.futures.Executor, optional
            Where expensive objectives are evaluated, one row per task; results are stored as they
            come in. Cheap ones are evaluated here, a batch at a time.
        on_tell : sequence of callable
            Called with the search after results are stored.
        max_failures : int
            Give up when more rows than this have failed.

        Returns
        -------
        History
            Shorter than `n_evals` only if the optimizer has nothing left to propose.

        Raises
        ------
        EvaluationError, DeviceError, MissingExtraError
            If too many rows failed, a worker process of the executor died, or an objective cannot
            measure at present, which is no row's fault. What was evaluated is stored.
        """
        if executor is not None and not isinstance(executor, Executor):
            raise TypeError(f"executor: expected a concurrent.futures.Executor, got {executor!r}")
        if as_whole(n_evals, "n_evals") < 0:
            raise ValueError(f"n_evals: expected at least 0 rows, got {n_evals}")
        while self.history.evaluations < n_evals:
            check_failures(self.history, max_failures)
            asked = self.ask(batch)
            if not len(asked.ids):
                logger.info("nothing left to propose after %d rows", len(self.history))
                break
            count = n_evals - self.history.evaluations
            asked = Asked(asked.ids[:count], asked.X[:count])
            with closing(evaluate(self.problem, asked.ids.tolist(), asked.X, executor)) as results:
                for told in results:
                    self._tell(told.ids, told.values, told.errors, told.seconds)
                    for callback in on_tell:
                        callback(self)
                    if any(told.errors):
                        check_failures(self.history, max_failures)
        return self.history

    def _propose(self, n: int | None) -> None:
        """Store the next batch, or that the optimizer has none left."""
        history = self._log.view()
        number = len(history.batches)
        # All rows are told: the last one is from the last batch with a new row.
        free = number - 1 - int(history.batch[-1]) if len(history) else number
        if free >= FREE_BATCHES:
            logger.warning(
                "the optimizer proposed nothing new in %d batches; the search ends", free
            )
            self._exhaust()
            return
        rng = np.random.default_rng([self.seed, number])
        warm = not number and (len(history) > 0 or len(self._front) > 0)
        proposed = self.optimizer.propose(self.problem, history, None if warm else n, rng)
        if warm:
            proposed = begin_with(self.problem, proposed, history, self._front)
        if not len(proposed.X):
            self._exhaust()
            return
        wrong = np.flatnonzero(~self.problem.valid(proposed.X))
        if len(wrong):
            raise ValueError(
                f"{type(self.optimizer).__name__}.propose: expected valid, canonical rows, got "
                f"row {wrong[0]} = {proposed.X[wrong[0]].tolist()}; use space.repair and "
                "space.canonical before returning"
            )
        # What is used now is what a continued run would read.
        batch = Batch(proposed.X, decode(encode(proposed.aux)))
        new: dict[int, Row] = {}
        for x, key in zip(batch.X.tolist(), self.problem.key(batch.X).tolist(), strict=True):
            if key not in new and self._log.find(key) < 0:
                new[key] = Row(len(self._log) + len(new), number, key, x)
        with self._all_or_reload():
            self._store.add_batch(number, batch, list(new.values()))
            self._log.batches.append(batch)
            self._pending = {row.id: row for row in new.values()}

    def _exhaust(self) -> None:
        with self._all_or_reload():
            self._store.set_meta(exhausted=True)
            self._exhausted = True

    def _tell(self, ids: list[int], values: Floats, errors: Sequence[str], seconds: Floats) -> None:
        if self._stale:
            self._load()
        _check_ids(ids, self._pending, len(self._log))
        violation = self.problem.violation(values)
        found = [self._pending[i] for i in ids]
        rows = [
            row._replace(
                told=len(self._log) + k,
                values=tuple(values[k].tolist()),
                violation=float(violation[k]),
                seconds=float(seconds[k]),
                error=errors[k],
            )
            for k, row in enumerate(found)
        ]
        meta: dict[str, Json] = {}
        if self._log.ref_point is None and len(ids) == len(self._pending):
            meta["ref_point"] = reference_point(self.problem, self._log.view(), rows)
        with self._all_or_reload():
            self._store.tell(rows, **meta)
            self._add(rows)
            if meta.get("ref_point"):
                self._log.ref_point = self.problem.minimised(np.array(meta["ref_point"]))
            for i in ids:
                del self._pending[i]

    def _missing(self, values: Floats) -> str:
        names = [n for n, v in zip(self.problem.names, values, strict=True) if np.isnan(v)]
        return f"told without a value of {', '.join(names)}" if names else ""

    def _add(self, rows: Sequence[Row]) -> None:
        append(self._log, rows, len(self.problem.space.genes))

    def _load(self) -> None:
        """Read everything from the file."""
        problem = self.problem
        self._log = HistoryLog(
            len(problem.space.genes), problem.names, problem.senses, problem.units, problem.key
        )
        meta, batches, rows = self._store.read()
        self._log.batches = batches
        if meta["ref_point"] is not None:
            self._log.ref_point = problem.minimised(np.array(meta["ref_point"]))
        self._add([row for row in rows if row.told is not None])
        self._pending = {row.id: row for row in rows if row.told is None}
        self._front: Ints = np.array(meta.get("warm_start", {"front": []})["front"], dtype=np.int64)
        self._exhausted = bool(meta.get("exhausted", False))
        self._stale = False

    @contextmanager
    def _all_or_reload(self) -> Iterator[None]:
        """If anything interrupts, what is in memory is read anew: the file is right."""
        self._stale = True
        yield
        self._stale = False


def _check_ids(ids: Sequence[int], pending: Mapping[int, Row], told: int) -> None:
    if len(set(ids)) != len(ids):
        raise ValueError("ids: expected distinct ids, got some twice")
    for i in ids:
        if i not in pending:
            known = 0 <= i < told + len(pending)
            raise ValueError(
                f"ids: row {i} was told before; tell every row once"
                if known
                else f"ids: there is no row {i}; tell rows that ask returned"
            )
