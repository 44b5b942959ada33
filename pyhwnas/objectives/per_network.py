"""A user's own function of one network."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from pyhwnas import networks
from pyhwnas.errors import EvaluationError
from pyhwnas.history import Floats, Ints
from pyhwnas.networks import Network
from pyhwnas.problem import NO_ROWS_FAULT, Cost, Sense
from pyhwnas.spaces import Space

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

__all__ = ["PerNetwork"]


@dataclass(frozen=True)
class PerNetwork:
    """A user's function of one network: training, a measurement on a device, anything slow.

    Parameters
    ----------
    space : Space
        A space with a plan.
    fn : callable
        Takes a `Network` and returns a number. What it raises is kept with the row, and other
        rows go on; a `DeviceError` or `MissingExtraError` is no row's fault and is raised.
    name : str
        Of the objective.
    sense : {"min", "max"}
        Which direction is better.
    unit : str
        Of the numbers that `fn` returns.
    timeout : float, optional
        Seconds that one call may take. Each call then runs in a fresh process, which is killed
        at the limit together with the processes it started; `fn` has to be importable for that:
        a function at the top level of a module.

    Raises
    ------
    ValueError
        If there is a timeout and `fn` cannot be sent to another process.

    Examples
    --------
    >>> from pyhwnas import networks, spaces
    >>> space = spaces.NASBench201()
    >>> size = PerNetwork(space, lambda network: len(network.graph.nodes), name="n", sense="min")
    >>> size(space.all()[:2])
    array([159., 204.])
    """

    space: Space
    fn: Callable[[Network], float]
    name: str = field(kw_only=True)
    sense: Sense = field(kw_only=True)
    unit: str = field(default="", kw_only=True)
    timeout: float | None = field(default=None, kw_only=True)
    cost: ClassVar[Cost] = "expensive"

    def __post_init__(self) -> None:
        if self.timeout is None:
            return
        if not self.timeout > 0:
            raise ValueError(f"timeout: expected seconds above 0 or None, got {self.timeout}")
        try:
            pickle.dumps(self.fn)
        except Exception as error:
            raise ValueError(
                f"fn: a timeout runs {self.fn!r} in a process of its own, which needs to import "
                f"it ({error}); define it at the top level of a module, or leave timeout out"
            ) from error

    def __call__(self, X: Ints) -> Floats:
        """Build and measure rows one after the other, float64[n].

        Raises
        ------
        EvaluationError
            If some rows failed: with the values of the others and the tracebacks of these.
        DeviceError, MissingExtraError
            From the function: no row's fault.
        """
        values = np.full(len(X), np.nan)
        errors: dict[int, str] = {}
        for row, x in enumerate(X):
            try:
                network = networks.build(self.space, x)
                if self.timeout is None:
                    values[row] = float(self.fn(network))
                else:
                    values[row] = _within(self.timeout, self.fn, network)
            except NO_ROWS_FAULT:
                raise
            except _ChildError as error:
                errors[row] = str(error)
            except Exception:  # noqa: BLE001, RUF100 (whatever a user's function raises is data)
                errors[row] = traceback.format_exc()
        if errors:
            message = f"objective {self.name} failed on {len(errors)} of {len(X)} rows"
            raise EvaluationError(message, values=values, errors=errors)
        return values


STARTUP_SECONDS = 120.0
"""How long a fresh process may take to import what it needs; the limit counts from there."""


class _ChildError(Exception):
    """What went wrong in the other process, as text."""


def _within(seconds: float, fn: Callable[[Network], float], network: Network) -> float:
    """Call a function in a fresh process and kill it at the limit."""
    import multiprocessing

    # A forked process would inherit the locks and threads of this one, and hang.
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(there, fn, network))
    process.start()
    there.close()
    try:
        if not here.poll(STARTUP_SECONDS) or here.recv() is not None:
            raise _ChildError(f"a process for {fn!r} did not start in {STARTUP_SECONDS:g} s")
        if not here.poll(seconds):
            raise _ChildError(f"timeout: {fn!r} took more than {seconds:g} s and was killed")
        value, error = here.recv()
    except EOFError:
        process.join()
        raise _ChildError(f"the process of {fn!r} ended with code {process.exitcode}") from None
    finally:
        _end(process)
        here.close()
    if isinstance(error, Exception):
        raise error
    if error:
        raise _ChildError(error)
    return float(value)


def _child(results: Connection, fn: Callable[[Network], float], network: Network) -> None:
    if hasattr(os, "setpgrp"):
        os.setpgrp()  # so that all it starts can be killed with it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    results.send(None)
    result: tuple[float, str | Exception]
    try:
        result = (float(fn(network)), "")
    except NO_ROWS_FAULT as error:
        result = (float("nan"), error)
    except BaseException:  # noqa: BLE001, RUF100
        result = (float("nan"), traceback.format_exc())
    results.send(result)


def _end_with_parent() -> None:
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _end(process: SpawnProcess) -> None:
    pid = process.pid
    if pid is not None and hasattr(os, "killpg"):
        try:
            os.killpg(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass  # it ended, or has not made its group yet
    process.kill()
    process.join()
    process.close()
