"""What is searched for: a space, objectives, constraints, and when two rows are the same."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, get_args, runtime_checkable

import numpy as np
import numpy.typing as npt

from pyhwnas._arrays import as_matrix
from pyhwnas._describe import Json, describe, differences
from pyhwnas.errors import DeviceError, EvaluationError, MissingExtraError
from pyhwnas.history import Bools, Floats, Ints, Sense
from pyhwnas.spaces import Space, as_genotypes, row_hash

__all__ = ["AtLeast", "AtMost", "Constraint", "Cost", "Evaluation", "Objective", "Problem", "Sense"]

Cost: TypeAlias = Literal["cheap", "expensive"]

NO_ROWS_FAULT = (DeviceError, MissingExtraError)
"""What an objective raises when other rows would fail too, for now."""


@runtime_checkable
class Objective(Protocol):
    """A named measurement of whole populations of one space.

    The value of a row depends on that row alone, bit for bit: not on its neighbours, their order
    or their number. `pyhwnas.testing.check_objective` checks an implementation.
    """

    @property
    def name(self) -> str:
        """Short name, unique in a problem: ``"latency_ms"``."""
        ...

    @property
    def unit(self) -> str:
        """Unit of the values, ``""`` where there is none."""
        ...

    @property
    def sense(self) -> Sense:
        """Whether less is better, ``"min"``, or more, ``"max"``."""
        ...

    @property
    def cost(self) -> Cost:
        """Whether an optimizer may ask outside its budget (``"cheap"``) or not."""
        ...

    @property
    def space(self) -> Space:
        """The space whose rows it measures."""
        ...

    def __call__(self, X: Ints, /) -> Floats:
        """Measure rows, float64[n], in natural units; NaN where a row failed.

        It may raise instead: then rows are measured one at a time, and those that raise failed.
        An `EvaluationError` with ``values`` and ``errors`` hands over what has been measured.
        A `DeviceError` or `MissingExtraError` is no row's fault: the run stops, and measures the
        row when it is called again.
        """
        ...


@dataclass(frozen=True, slots=True)
class AtMost:
    """A constraint: no more than this of an objective.

    Parameters
    ----------
    name : str
        Name of the objective.
    bound : float
        In the objective's own unit.
    """

    name: str
    bound: float

    def violation(self, values: Floats) -> Floats:
        """Return how much too large values are, relative to the bound; 0 where they are not."""
        return _excess(values - self.bound, self.bound)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A constraint: no less than this of an objective.

    Parameters
    ----------
    name : str
        Name of the objective.
    bound : float
        In the objective's own unit.
    """

    name: str
    bound: float

    def violation(self, values: Floats) -> Floats:
        """Return how much too small values are, relative to the bound; 0 where they are not."""
        return _excess(self.bound - values, self.bound)


Constraint: TypeAlias = AtMost | AtLeast


class Evaluation(NamedTuple):
    """Values of rows, and why some have none.

    Parameters
    ----------
    values : ndarray of float64, shape (n, m)
        In natural units; NaN where an objective failed or was not asked for.
    errors : tuple of str
        For each row a traceback or a sentence, empty where all is well.
    """

    values: Floats
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A space, what is measured on it, and what is allowed.

    Parameters
    ----------
    space : Space
    objectives : sequence of Objective
        At least one, with distinct names, all of this space.
    constraints : sequence of AtMost or AtLeast
        Feasible rows come before all others; those are compared by their violation.
    ref_point : sequence of float, optional
        Reference point of the hypervolume, one value per objective in natural units. Without it
        a search takes the worst values of its first batch and 1 % of the range beyond.
    dedupe : {"canonical", "identity"}
        Which rows count as one: those with equal canonical genes (tabular benchmarks), or all
        that compute the same function.

    Raises
    ------
    ValueError
        If names repeat, a constraint names no objective, or an objective is of another space.

    Examples
    --------
    >>> import numpy as np
    >>> from pyhwnas import objectives, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space),), constraints=(AtMost("macs", 50e6),))
    >>> values, _ = problem.evaluate(space.all()[:2])
    >>> values[:, 0] / 1e6, problem.violation(values)
    (array([ 15.64736, 113.95136]), array([0.       , 1.2790272]))
    """

    space: Space
    objectives: Sequence[Objective]
    constraints: Sequence[Constraint] = field(default=(), kw_only=True)
    ref_point: Sequence[float] | None = field(default=None, kw_only=True)
    dedupe: Literal["canonical", "identity"] = field(default="canonical", kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "objectives", tuple(self.objectives))
        object.__setattr__(self, "constraints", tuple(self.constraints))
        if self.ref_point is not None:
            object.__setattr__(self, "ref_point", tuple(float(v) for v in self.ref_point))
        _check_objectives(self)
        _check_settings(self)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the objectives, in order."""
        return tuple(objective.name for objective in self.objectives)

    @property
    def senses(self) -> tuple[Sense, ...]:
        """Senses of the objectives, in order."""
        return tuple(objective.sense for objective in self.objectives)

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the objectives, in order."""
        return tuple(objective.unit for objective in self.objectives)

    def evaluate(self, X: npt.ArrayLike, only: Cost | None = None) -> Evaluation:
        """Measure rows.

        Parameters
        ----------
        X : array_like of int, shape (n, n_genes)
        only : {"cheap", "expensive"}, optional
            Ask the objectives of this cost alone; the other columns are NaN.

        Returns
        -------
        Evaluation
            ``values`` float64[n, m] in natural units and ``errors``. A row in which an objective
            raised or returned NaN has an error; its other values are kept.

        Raises
        ------
        SpaceError
            If X is no genotype matrix of the space.
        TypeError, ValueError
            If an objective returns something else than n real numbers.
        DeviceError, MissingExtraError
            From an objective, when nothing can be measured at the moment.
        """
        rows = as_genotypes(self.space, X)
        values = np.full((len(rows), len(self.objectives)), np.nan)
        errors = [""] * len(rows)
        for column, objective in enumerate(self.objectives):
            if only not in (None, objective.cost):
                continue
            values[:, column], failed = _measure(objective, rows)
            for row in np.flatnonzero(np.isnan(values[:, column])).tolist():
                message = failed.get(row, f"objective {objective.name} returned NaN")
                errors[row] = f"{errors[row]}\n{message}".strip()
        return Evaluation(values, tuple(errors))

    def minimised(self, values: Floats) -> Floats:
        """Turn the sign of the columns that are to be maximised."""
        return np.asarray(values) * np.where(np.array(self.senses) == "max", -1.0, 1.0)

    def violation(self, values: Floats) -> Floats:
        """Measure how far rows are from what the constraints allow.

        Parameters
        ----------
        values : ndarray of float64, shape (n, m)
            In natural units.

        Returns
        -------
        ndarray of float64, shape (n,)
            The sum of relative excesses: 0 where all constraints are met, infinite where a value
            that a constraint names is NaN.
        """
        total = np.zeros(len(values))
        for constraint in self.constraints:
            total += constraint.violation(values[:, self.names.index(constraint.name)])
        return total

    def key(self, X: npt.ArrayLike) -> Ints:
        """Give rows that count as the same the same number, int64[n]."""
        rows = as_genotypes(self.space, X)
        if self.dedupe == "identity":
            return self.space.identity(rows)
        return row_hash(self.space.canonical(rows))

    def valid(self, X: npt.ArrayLike) -> Bools:
        """Tell which rows are valid and canonical, as a search wants them."""
        rows = as_genotypes(self.space, X)
        proper: Bools = (self.space.canonical(rows) == rows).all(axis=1)
        return proper & self.space.valid(rows)

    def describe(self) -> Json:
        """Describe the problem as JSON; equal descriptions mean equal problems."""
        objectives: list[Json] = []
        for objective in self.objectives:
            about: dict[str, Json] = {
                "name": objective.name,
                "unit": objective.unit,
                "sense": objective.sense,
                "cost": objective.cost,
            }
            settings = describe(objective)
            about |= settings if isinstance(settings, dict) else {"settings": settings}
            # It is the problem's, once is enough.
            about.pop("space", None)
            objectives.append(about)
        return {
            "space": describe(self.space),
            "objectives": objectives,
            "constraints": describe(self.constraints),
            "ref_point": describe(self.ref_point),
            "dedupe": self.dedupe,
        }


def _excess(difference: Floats, bound: float) -> Floats:
    relative = np.maximum(difference, 0.0) / (abs(bound) or 1.0)
    return np.where(np.isnan(relative), np.inf, relative)


def _measure(objective: Objective, X: Ints) -> tuple[Floats, dict[int, str]]:
    """Return values and, by row, why there is none."""
    try:
        result = objective(X)
    except NO_ROWS_FAULT:
        raise
    except EvaluationError as error:
        if error.values is None:
            return _one_by_one(objective, X)
        return _checked(objective, error.values, len(X)), error.errors
    except Exception:  # noqa: BLE001, RUF100 (whatever a user's function raises is data)
        return _one_by_one(objective, X)
    return _checked(objective, result, len(X)), {}


def _one_by_one(objective: Objective, X: Ints) -> tuple[Floats, dict[int, str]]:
    values = np.full(len(X), np.nan)
    errors: dict[int, str] = {}
    for row in range(len(X)):
        try:
            result: Any = objective(X[row : row + 1])
        except NO_ROWS_FAULT:
            raise
        except EvaluationError as error:
            result = np.full(1, np.nan) if error.values is None else error.values
            errors[row] = error.errors.get(0) or traceback.format_exc()
        except Exception:  # noqa: BLE001, RUF100
            result = np.full(1, np.nan)
            errors[row] = traceback.format_exc()
        values[row] = _checked(objective, result, 1)[0]
    return values, errors


def _checked(objective: Objective, values: Any, n: int) -> Floats:
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"objective {objective.name}: expected float64 values, got {array.dtype}")
    if array.shape != (n,):
        raise ValueError(
            f"objective {objective.name}: expected one value for each of {n} rows, shape ({n},), "
            f"got shape {array.shape}"
        )
    return array.astype(np.float64, copy=False)


def _check_objectives(problem: Problem) -> None:
    if not problem.objectives:
        raise ValueError("objectives: a problem needs at least one, got none")
    for objective in problem.objectives:
        if not isinstance(objective, Objective):
            raise TypeError(
                f"objectives: expected objects with name, unit, sense, cost, space and a call, got "
                f"{objective!r}; wrap a function of one network in objectives.PerNetwork"
            )
        for label, options in (("sense", get_args(Sense)), ("cost", get_args(Cost))):
            if getattr(objective, label) not in options:
                raise ValueError(
                    f"objective {objective.name}: {label} is one of {', '.join(options)}, "
                    f"got {getattr(objective, label)!r}"
                )
        if objective.space is problem.space:
            continue
        different = differences(describe(objective.space), describe(problem.space), "space")
        if different:
            raise ValueError(
                f"objective {objective.name} is of another space than the problem "
                f"({'; '.join(different).replace('stored', 'objective').replace('now', 'problem')})"
                "; make both with the same space"
            )
    if len(set(problem.names)) != len(problem.names):
        raise ValueError(
            f"objectives: names must be distinct, got {', '.join(problem.names)}; "
            "leave one out or give it another name"
        )


def _check_settings(problem: Problem) -> None:
    for constraint in problem.constraints:
        if constraint.name not in problem.names:
            raise ValueError(
                f"constraints: {constraint} names no objective; got {', '.join(problem.names)}; "
                "what is constrained has to be an objective too"
            )
        if not np.isfinite(constraint.bound):
            raise ValueError(f"constraints: {constraint} needs a finite bound")
    if problem.dedupe not in ("canonical", "identity"):
        raise ValueError(f"dedupe: expected 'canonical' or 'identity', got {problem.dedupe!r}")
    if problem.ref_point is not None:
        reference = as_matrix(np.array(problem.ref_point)[None], "ref_point")[0]
        if len(reference) != len(problem.objectives) or np.isnan(reference).any():
            raise ValueError(
                f"ref_point: expected one value for each of {', '.join(problem.names)}, "
                f"got {problem.ref_point}"
            )
