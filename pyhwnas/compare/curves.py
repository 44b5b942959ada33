"""Hypervolume over evaluations, of every run, with one reference point for all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pyhwnas import benchmarks, moo
from pyhwnas.compare.comparison import Comparison
from pyhwnas.compare.runs import store_of
from pyhwnas.history import Floats, History
from pyhwnas.search import load_history

__all__ = ["Curves", "read_curves"]

SMALLEST_GAP = 1e-6
"""Gaps to the best hypervolume are at least this share of it, so that they have a logarithm."""


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """What the runs of a comparison came to.

    Parameters
    ----------
    volume : mapping of str to ndarray of float64, shape (seeds, evals)
        By label: hypervolume after each evaluation. A run that ended early keeps its last value.
    cpu_seconds : mapping of str to ndarray of float64, shape (seeds,)
        Of whole runs, evaluations included.
    best : float
        The largest hypervolume that can be reached, or is known.
    best_is : str
        Where `best` comes from.
    ref_point : ndarray of float64, shape (m,)
        In natural units.
    names : tuple of str
        Of the objectives.
    """

    volume: Mapping[str, Floats]
    cpu_seconds: Mapping[str, Floats]
    best: float
    best_is: str
    ref_point: Floats
    names: tuple[str, ...]

    @property
    def evals(self) -> int:
        """Evaluations of a run."""
        return int(next(iter(self.volume.values())).shape[1])

    def log_gap(self, label: str) -> Floats:
        """Return log10 of what is missing to the best hypervolume, float64[seeds, evals]."""
        least = SMALLEST_GAP * abs(self.best)
        gap: Floats = np.log10(np.maximum(self.best - self.volume[label], least))
        return gap


def read_curves(comparison: Comparison, folder: str | os.PathLike[str]) -> Curves:
    """Read the files of a comparison's runs.

    Parameters
    ----------
    comparison : Comparison
    folder : path-like
        Where `run_all` has put them.

    Returns
    -------
    Curves
        Over the first `evals` evaluations. The reference point is the problem's; if it has none,
        the worst values of all runs and 1 % of the range beyond. The best hypervolume is the
        benchmark's, or of a problem of your own that of all runs together.

    Raises
    ------
    StoreError
        If a run is missing.
    ValueError
        If no run has a row with all its values.
    """
    histories = {
        label: [load_history(store_of(folder, label, seed))[0] for seed in range(comparison.seeds)]
        for label in comparison.labels
    }
    everything = [history for runs in histories.values() for history in runs]
    first = everything[0]
    F = np.concatenate([_usable(history, comparison.evals) for history in everything])
    if not len(F):
        raise ValueError(f"{folder}: no run has a network with all its values; nothing to compare")
    sign = np.where(np.array(first.senses) == "max", -1.0, 1.0)
    stated = comparison.make_problem().ref_point
    reference = _worst(F) if stated is None else np.array(stated) * sign
    volume = {
        label: np.stack([_trace(history, reference, comparison.evals) for history in runs])
        for label, runs in histories.items()
    }
    seconds = {
        label: np.array([_seconds(folder, label, seed) for seed in range(comparison.seeds)])
        for label in comparison.labels
    }
    best, best_is = _best(comparison, F, reference)
    return Curves(volume, seconds, best, best_is, reference * sign, first.names)


def _usable(history: History, evals: int) -> Floats:
    """Return the values of the first rows that have all of them, minimised."""
    F = history.F[:evals]
    usable: Floats = F[history.feasible[:evals] & np.isfinite(F).all(axis=1)]
    return usable


def _worst(F: Floats) -> Floats:
    span = np.ptp(F, axis=0)
    worst: Floats = F.max(axis=0) + 0.01 * np.where(span > 0, span, 1.0)
    return worst


def _trace(history: History, reference: Floats, evals: int) -> Floats:
    trace = replace(history, ref_point=reference).hypervolume_trace()[:evals]
    last = trace[-1:] if len(trace) else np.zeros(1)
    return np.concatenate([trace, np.repeat(last, evals - len(trace))])


def _seconds(folder: str | os.PathLike[str], label: str, seed: int) -> float:
    path = Path(store_of(folder, label, seed)).with_suffix(".json")
    return float(json.loads(path.read_text("utf-8"))["cpu_seconds"]) if path.exists() else np.nan


def _best(comparison: Comparison, F: Floats, reference: Floats) -> tuple[float, str]:
    if ":" not in comparison.problem:
        return benchmarks.best_hypervolume(comparison.problem), "the benchmark"  # type: ignore[arg-type]
    return float(moo.hypervolume(F, reference)), "all runs together"
