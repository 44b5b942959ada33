"""What is compared, as names and numbers that fit on a command line or in a file."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pyhwnas import benchmarks
from pyhwnas.job import as_type_of, toml_lines
from pyhwnas.names import construct, load
from pyhwnas.optimizers import Optimizer
from pyhwnas.problem import Problem

__all__ = ["Comparison"]

LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Optimizers, a problem, and how long and how often each of them may try.

    Parameters
    ----------
    problem : str
        Name of a benchmark's problem (`pyhwnas.benchmarks.PROBLEMS`), or ``"file.py:name"`` or
        ``"module:name"`` for a callable that makes a `Problem`.
    optimizers : tuple of str
        Each as ``"nsga2"`` (a name that a package gave it), ``"file.py:Class"`` or
        ``"module:Class"``; with the name of a preset behind it, ``"nsga2.published"``; with a
        label of your own in front, ``"small=nsga2"``.
    options : mapping of str to mapping
        Arguments of an optimizer's class or preset, by its label.
    seeds : int
        So many runs of each optimizer, with seeds from 0 on.
    evals : int
        Distinct networks that a run evaluates.
    batch : int, optional
        Rows at a time; by default each optimizer's own step.

    Examples
    --------
    >>> comparison = Comparison(
    ...     problem="nb201-lamoo",
    ...     optimizers=("random", "small=nsga2"),
    ...     options={"small": {"population": 10}},
    ... )
    >>> comparison.labels
    ('random', 'small')
    >>> from pyhwnas import Problem, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> comparison.make_optimizer("small", Problem(space, (objectives.Macs(space),))).population
    10
    """

    problem: str = ""
    optimizers: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    seeds: int = 20
    evals: int = 100
    batch: int | None = None

    def __post_init__(self) -> None:
        _check(self)

    @classmethod
    def from_toml(cls, text: str, *, source: str = "config") -> Comparison:
        """Read what `to_toml` writes; unknown or mistyped entries are refused."""
        try:
            entries = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{source}: not a TOML file ({error})") from error
        known = {f.name: getattr(_DEFAULT, f.name) for f in dataclasses.fields(cls)}
        for name in entries:
            if name not in known:
                raise ValueError(
                    f"{source}: unknown entry {name!r}; expected one of {', '.join(known)}"
                )
        checked = {
            name: as_type_of(known[name], value, f"{source}: {name}")
            for name, value in entries.items()
        }
        return cls(**checked)

    def to_toml(self) -> str:
        """Write the comparison as a file for ``--config``."""
        entries = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        options = entries.pop("options")
        lines = toml_lines({k: v for k, v in entries.items() if v is not None})
        for label, table in options.items():
            lines += ["", f'[options."{label}"]', *toml_lines(table)]
        return "\n".join(lines) + "\n"

    @property
    def labels(self) -> tuple[str, ...]:
        """What the optimizers are called, in order."""
        return tuple(_label(text) for text in self.optimizers)

    def make_problem(self) -> Problem:
        """Make the problem."""
        if ":" not in self.problem:
            made: Any = benchmarks.problem(self.problem)  # type: ignore[arg-type]
        else:
            maker = load("problems", self.problem)
            made = construct(maker, {}, f"problem {self.problem}") if callable(maker) else maker
        if not isinstance(made, Problem):
            raise ValueError(
                f"problem: expected {self.problem} to make a Problem, got {type(made).__name__}"
            )
        return made

    def make_optimizer(self, label: str, problem: Problem) -> Optimizer:
        """Make an optimizer for a problem.

        Parameters
        ----------
        label : str
        problem : Problem
            An optimizer that wants to know which objectives are ``performance`` and which
            ``efficiency`` is told the expensive ones (if there are none, the first) and the
            others, unless its options say it; one that wants to know how many evaluations there
            are is told.

        Returns
        -------
        Optimizer

        Raises
        ------
        ValueError
            If there is no such class or preset, or an option means nothing to it.
        """
        text = self.optimizers[self.labels.index(label)]
        maker, what = _maker(text), f"optimizer {label}"
        takes = inspect.signature(maker).parameters
        options = {name: _tuples(value) for name, value in self.options.get(label, {}).items()}
        expensive = tuple(o.name for o in problem.objectives if o.cost == "expensive")
        performance = expensive or problem.names[:1]
        efficiency = tuple(name for name in problem.names if name not in performance)
        roles = {"performance": performance, "efficiency": efficiency, "evals": self.evals}
        for role, chosen in roles.items():
            if role in takes:
                options.setdefault(role, chosen)
        made: Any = construct(maker, {k: v for k, v in options.items() if k in takes}, what)
        others = {k: v for k, v in options.items() if k not in takes}
        if others:
            made = _replaced(made, others, takes, what)
        if not isinstance(made, Optimizer):
            raise ValueError(f"{what}: expected an object with propose, got {made!r}")
        return made


def _check(comparison: Comparison) -> None:
    for name in ("seeds", "evals", "batch"):
        value = getattr(comparison, name)
        if value is not None and value < 1:
            raise ValueError(f"{name}: expected at least 1, got {value}")
    labels = comparison.labels
    if len(set(labels)) != len(labels):
        raise ValueError(
            f"optimizers: expected distinct labels, got {', '.join(labels)}; give one of equals "
            "another label: other=name"
        )
    for label in labels:
        if not LABEL.fullmatch(label):
            raise ValueError(
                f"optimizers: a label has letters, digits and ._+-, got {label!r}; write "
                "label=optimizer"
            )
    for label, options in comparison.options.items():
        if label not in labels:
            raise ValueError(
                f"options: {label!r} is none of the optimizers {', '.join(labels) or '(none)'}"
            )
        if not isinstance(options, Mapping):
            raise ValueError(f"options: expected a table for {label!r}, got {options!r}")


def _label(text: str) -> str:
    label, equals, _ = text.partition("=")
    # Of a user's own class its name is enough.
    return label if equals else text.rpartition(":")[2]


def _maker(text: str) -> Any:
    """Find a class, or the class method of it that is a preset."""
    name = text.partition("=")[2] or text
    head, colon, attribute = name.rpartition(":")
    attribute, dot, preset = attribute.partition(".")
    cls = load("optimizers", f"{head}{colon}{attribute}")
    if not dot:
        return cls
    maker = getattr(cls, preset, None)
    if not callable(maker):
        presets = [k for k, v in vars(cls).items() if isinstance(v, classmethod)]
        raise ValueError(
            f"optimizers: {attribute} has no preset {preset!r}; "
            f"it has {', '.join(presets) or 'none'}"
        )
    return maker


def _replaced(made: Any, options: dict[str, Any], takes: Iterable[str], what: str) -> Any:
    """Set what a preset does not ask for in what it makes."""
    known = dataclasses.fields(made) if dataclasses.is_dataclass(made) else ()
    names = dict.fromkeys([*takes, *(f.name for f in known)])
    for name in options:
        if name not in names:
            raise ValueError(f"{what}: unknown option {name!r}; expected one of {', '.join(names)}")
    return construct(functools.partial(dataclasses.replace, made), options, what)


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_DEFAULT = Comparison()
