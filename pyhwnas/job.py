"""A search as a person states it: names and numbers that fit on a command line or in a file."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyhwnas.devices import ENERGY, LATENCY, is_latency, latency_at
from pyhwnas.names import construct, load
from pyhwnas.objective_names import Ingredients, make_objective
from pyhwnas.problem import AtLeast, AtMost, Objective, Problem
from pyhwnas.spaces import Space

if TYPE_CHECKING:
    from pyhwnas.latency import LatencyBackend, LatencyTable
    from pyhwnas.optimizers import Optimizer

__all__ = ["Job", "as_type_of", "toml_lines"]

COSTS = (
    *("macs", "params", "model_size_mb", "peak_memory_mb"),
    *("measured_latency_ms", "measured_energy_mj", ENERGY),
)
OF_TABLE = (LATENCY, ENERGY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Everything that decides the result of `pyhwnas search`.

    Field by field it is what ``--config run.toml`` holds.

    Parameters
    ----------
    space : str
        Name of a space (`pyhwnas spaces`), or ``"file.py:Class"`` or ``"module:Class"``.
    space_options : mapping
        Arguments of the space's class.
    objectives : tuple of str
        Among `pyhwnas.objective_names.OBJECTIVES`: ``synflow_expected`` (the closed form), ``icd``,
        ``latency_ms``, ``macs``, ``params``; ``"file.py:name"`` or ``"module:name"`` for a callable
        that makes an objective of a space; ``"name:min"`` or ``"name:max"`` for values that you
        bring yourself (`pyhwnas ask`); ``"latency_ms@NAME"`` for another device.
    devices : mapping of str to str
        Other devices by name: each the path of its latency table, or such as ``"note10"`` for a
        published one (`pyhwnas.devices.PUBLISHED`).
    optimizer : str
        Name of an optimizer, or ``"file.py:Class"`` or ``"module:Class"``.
    optimizer_options : mapping
        Arguments of the optimizer's class. RB-IFA's ``performance`` and ``efficiency`` are, unless
        stated, the scores, and MACs, params and latency; the ``score`` to screen by is the first.
    at_most, at_least : tuple of str
        Constraints such as ``"latency_ms=20"``.
    warm_start : str
        File of another run of the space to start from, see `Search`.
    evals : int
        Distinct networks to evaluate.
    batch : int, optional
        Rows at a time; by default the optimizer's own step.
    seed : int
        Decides the search, the proxies' weights and the exported weights.
    top : int
        Networks to export and measure, spread along the front.
    max_failures : int
        More failed evaluations than that stop the search.
    images : str
        Folder of images for ICD; by default patches of a bundled photograph.
    n_images, image_size : int
        Number of images and their size in pixels.
    backend : str
        What runs networks on the device: onnxruntime, torch, openvino, tvm, or
        ``"file.py:Class"``.
    backend_options : mapping
        Arguments of the backend's class, such as its precision.
    threads, batch_size : int
        Threads of one inference and inputs per inference on the device.
    energy : str
        Counter for the objective ``energy_mj``: ``"powercap"`` (CPU) or ``"nvml"`` (NVIDIA GPU).
    workers : int
        Threads for computing objectives. Recorded, since the last digits of ICD may depend on it.
    """

    space: str = "mobilenetv3"
    space_options: Mapping[str, Any] = field(default_factory=dict)
    objectives: tuple[str, ...] = ("synflow_expected", "icd", "latency_ms")
    devices: Mapping[str, Any] = field(default_factory=dict)
    optimizer: str = "rb-ifa"
    optimizer_options: Mapping[str, Any] = field(default_factory=dict)
    at_most: tuple[str, ...] = ()
    at_least: tuple[str, ...] = ()
    warm_start: str = ""
    evals: int = 400
    batch: int | None = None
    seed: int = 0
    top: int = 5
    max_failures: int = 50
    images: str = ""
    n_images: int = 16
    image_size: int = 96
    backend: str = "onnxruntime"
    backend_options: Mapping[str, Any] = field(default_factory=dict)
    threads: int = 1
    batch_size: int = 1
    energy: str = "powercap"
    workers: int = 1

    def __post_init__(self) -> None:
        for name in ("space_options", "devices", "optimizer_options", "backend_options"):
            object.__setattr__(self, name, _plain(getattr(self, name)))

    @classmethod
    def from_toml(cls, text: str, *, source: str = "config") -> Job:
        """Read a job; unknown or mistyped entries are refused."""
        try:
            entries = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{source}: not a TOML file ({error})") from error
        return cls().updated(entries, source=source)

    def updated(self, entries: Mapping[str, Any], *, source: str = "config") -> Job:
        """Return a job with some entries replaced."""
        known = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        checked = {}
        for name, value in entries.items():
            if name not in known:
                raise ValueError(
                    f"{source}: unknown entry {name!r}; expected one of {', '.join(known)}"
                )
            checked[name] = as_type_of(known[name], value, f"{source}: {name}")
        return dataclasses.replace(self, **checked)

    def to_toml(self) -> str:
        """Write the job so that `from_toml` reads it back."""
        lines, tables = [], []
        for name in (f.name for f in dataclasses.fields(self)):
            value = getattr(self, name)
            if isinstance(value, Mapping):
                tables += [
                    "",
                    f"[{name}]",
                    *(f"{_toml(k)} = {_toml(v)}" for k, v in value.items()),
                ]
            elif value is not None:
                lines.append(f"{name} = {_toml(value)}")
        return "\n".join([*lines, *tables]) + "\n"

    def make_space(self) -> Space:
        """Make the space."""
        options = dict(self.space_options)
        if self.space == "mobilenetv3":
            options.setdefault("resolutions", (192, 224))
        made: Space = construct(load("spaces", self.space), options, f"space {self.space}")
        return made

    def make_backend(self) -> LatencyBackend:
        """Make what runs networks on the device."""
        cls = load("backends", self.backend)
        options = {"threads": self.threads, **self.backend_options}
        made: LatencyBackend = construct(cls, options, f"backend {self.backend}")
        return made

    @property
    def wants_table(self) -> bool:
        """Whether a latency table of the device is needed."""
        return any(name in self.objectives for name in OF_TABLE)

    @property
    def counts_energy(self) -> bool:
        """Whether that table has to hold energies too."""
        return ENERGY in self.objectives

    def check(self, space: Space) -> None:
        """Find what is wrong before anything is measured or written.

        Parameters
        ----------
        space : Space
            As `make_space` makes it.

        Raises
        ------
        ValueError
            If a number is out of range, or a name, option or constraint means nothing.
        """
        self.check_numbers()
        for device, table in self.devices.items():
            if not isinstance(table, str):
                raise ValueError(
                    f"devices: expected the path of a latency table for {device!r}, got {table!r}"
                )
        made = [
            name if name in OF_TABLE else make_objective(name, space, self._ingredients()).name
            for name in self.objectives
        ]
        if not made or len(set(made)) != len(made):
            raise ValueError(
                f"objectives: expected distinct names, got {', '.join(made) or 'none'}"
            )
        if idle := [device for device in self.devices if latency_at(device) not in made]:
            raise ValueError(f"devices: {idle[0]!r} is in no objective; add {latency_at(idle[0])}")
        for constraint in self._constraints():
            if constraint.name not in made:
                raise ValueError(
                    f"constraint on {constraint.name!r}: expected one of the objectives "
                    f"{', '.join(made)}"
                )
        self.make_optimizer(made)
        self.make_backend()

    def check_numbers(self) -> None:
        """Refuse numbers that are out of range."""
        for name, least in (("evals", 1), ("top", 0), ("seed", 0), ("max_failures", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}: expected at least {least}, got {getattr(self, name)}")
        for name in ("threads", "batch_size", "workers", "n_images", "image_size", "batch"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name}: expected at least 1, got {value}")

    def make_objectives(
        self, space: Space, table: LatencyTable | None = None
    ) -> tuple[Objective, ...]:
        """Make the objectives; `table` is needed if `wants_table`."""
        ingredients = self._ingredients(table)
        return tuple(make_objective(name, space, ingredients) for name in self.objectives)

    def make_problem(self, space: Space, table: LatencyTable | None = None) -> Problem:
        """Make the problem; `table` is needed if `wants_table`."""
        made = self.make_objectives(space, table)
        return Problem(space, made, constraints=self._constraints())

    def make_optimizer(self, names: Sequence[str]) -> Optimizer:
        """Make the optimizer for objectives of these names."""
        cls = load("optimizers", self.optimizer)
        options = dict(self.optimizer_options)
        takes = {f.name for f in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else ()
        costs = tuple(name for name in names if name in COSTS or is_latency(name))
        scores = tuple(name for name in names if name not in costs)
        if "performance" in takes and not scores and "performance" not in options:
            raise ValueError(
                f"optimizer {self.optimizer}: expected an objective that tells performance, such "
                f"as synflow_expected or icd, got {', '.join(names)}; add one, or choose another "
                "optimizer, such as nsga2"
            )
        roles: dict[str, Any] = {"performance": scores, "efficiency": costs}
        roles |= {"score": scores[0]} if scores else {}
        for role, chosen in roles.items():
            if role in takes:
                options.setdefault(role, chosen)
        made: Optimizer = construct(cls, options, f"optimizer {self.optimizer}")
        return made

    def _ingredients(self, table: LatencyTable | None = None) -> Ingredients:
        return Ingredients(
            seed=self.seed,
            images=self.images,
            n_images=self.n_images,
            image_size=self.image_size,
            threads=self.workers,
            devices=self.devices,
            table=table,
            backend=self.make_backend,
            batch_size=self.batch_size,
            energy=self.energy,
        )

    def _constraints(self) -> tuple[AtMost | AtLeast, ...]:
        return (
            *(_constraint(AtMost, text) for text in self.at_most),
            *(_constraint(AtLeast, text) for text in self.at_least),
        )


def _constraint(kind: type[AtMost] | type[AtLeast], text: str) -> AtMost | AtLeast:
    name, equals, bound = text.partition("=")
    try:
        if not equals:
            raise ValueError
        return kind(name.strip(), float(bound.strip().removesuffix("ms")))
    except ValueError:
        raise ValueError(
            f"constraint: expected 'objective=bound' such as 'latency_ms=20', got {text!r}"
        ) from None


def as_type_of(default: Any, value: Any, what: str) -> Any:
    """Return an entry as its default is written; another type is a ValueError."""
    match default:
        case tuple():
            wanted, fits = "a list of strings", _are_strings(value)
            value = tuple(value) if fits else value
        case Mapping():
            wanted, fits = "a table", isinstance(value, Mapping)
        case str():
            wanted, fits = "a string", isinstance(value, str)
        case _:
            wanted = "a whole number"
            fits = isinstance(value, int) and not isinstance(value, bool)
    if not fits:
        raise ValueError(f"{what}: expected {wanted}, got {value!r}")
    return value


def _are_strings(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and all(isinstance(item, str) for item in value)
    )


def _plain(value: Any) -> Any:
    """Write options as TOML reads them back: dictionaries, lists and single values."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def toml_lines(entries: Mapping[str, Any]) -> list[str]:
    """Write entries as TOML, one a line."""
    return [f"{_toml(str(name))} = {_toml(value)}" for name, value in entries.items()]


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case Mapping():
            return f"{{{', '.join(f'{_toml(str(k))} = {_toml(v)}' for k, v in value.items())}}}"
    # A JSON string is a TOML string, but for one control character.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
