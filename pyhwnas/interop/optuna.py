"""Hypervolume and first front of an Optuna study."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from pyhwnas import moo
from pyhwnas._arrays import as_vector
from pyhwnas._optional import require
from pyhwnas.history import Floats

__all__ = ["best_trials", "hypervolume"]


def best_trials(study: Any) -> list[Any]:
    """Trials that no other trial dominates: ``study.best_trials`` with these kernels.

    Parameters
    ----------
    study : optuna.Study
        With one objective or several, of any directions.

    Returns
    -------
    list of optuna.trial.FrozenTrial
        Copies of completed trials that meet all constraints, by number; equal ones are all kept.

    Raises
    ------
    MissingExtraError
        If Optuna is not installed.
    TypeError
        If `study` is not a study.

    Notes
    -----
    A trial that stores no constraints counts as meeting them. Where Optuna copies every trial of
    the study and then compares, only the trials of the result are copied here.

    Examples
    --------
    >>> from pyhwnas.interop import optuna as kernels
    >>> import optuna
    >>> study = optuna.create_study(directions=["minimize", "maximize"])
    >>> for values in [(1, 1), (2, 3), (2, 2)]:
    ...     study.add_trial(optuna.create_trial(values=values))
    >>> [trial.number for trial in kernels.best_trials(study)]
    [0, 1]
    """
    trials, F = _feasible(study)
    return [copy.deepcopy(trials[row]) for row in np.flatnonzero(moo.nondominated_mask(F))]


def hypervolume(study: Any, ref_point: npt.ArrayLike) -> float:
    """Volume that the completed trials of a study dominate, up to the reference point.

    Parameters
    ----------
    study : optuna.Study
        With one objective or several, of any directions.
    ref_point : array_like, shape (m,)
        In the units and signs of the study's values: below what is maximised, above what is
        minimised. Trials that are not better in every objective contribute nothing.

    Returns
    -------
    float
        Of completed trials that meet all constraints; 0 without any.

    Raises
    ------
    MissingExtraError
        If Optuna is not installed.
    TypeError
        If `study` is not a study.
    ValueError
        If the reference point has another length than the study has directions, or holds NaN.

    Notes
    -----
    See `moo.hypervolume` for the algorithm.

    Examples
    --------
    >>> from pyhwnas.interop import optuna as kernels
    >>> import optuna
    >>> study = optuna.create_study(directions=["minimize", "maximize"])
    >>> for values in [(1, 1), (2, 3), (2, 2)]:
    ...     study.add_trial(optuna.create_trial(values=values))
    >>> kernels.hypervolume(study, ref_point=[4, 0])
    7.0
    """
    _, F = _feasible(study)
    reference = as_vector(ref_point, "ref_point")
    if len(reference) != F.shape[1]:
        raise ValueError(
            f"ref_point must have {F.shape[1]} values, one for each direction of the study, "
            f"got {len(reference)}"
        )
    return float(moo.hypervolume(F, _signs(study) * reference))


def _feasible(study: Any) -> tuple[list[Any], Floats]:
    """Completed trials that meet all constraints, and their values, minimised."""
    optuna = require("optuna", extra="optuna")
    if not isinstance(study, optuna.study.Study):
        raise TypeError(f"study must be an optuna.Study, got {type(study).__name__}")
    complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    trials = [trial for trial in complete if all(c <= 0 for c in _constraints(trial))]
    values = np.array([trial.values for trial in trials], dtype=np.float64)
    signs = _signs(study)
    return trials, values.reshape(len(trials), len(signs)) * signs


def _signs(study: Any) -> Floats:
    return np.array([-1.0 if d.name == "MAXIMIZE" else 1.0 for d in study.directions])


def _constraints(trial: Any) -> list[float]:
    """Constraint values of a trial, met where none is positive."""
    attributes = trial.system_attrs
    if not attributes:  # where all versions keep them
        return []
    named = getattr(trial, "constraints", None)  # Optuna 5: those of a constraints_func included
    if named is not None:
        return list(named.values())
    return list(attributes.get("constraints") or [])
