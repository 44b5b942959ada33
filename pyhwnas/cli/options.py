"""Options that commands share, and the job that they make."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from pyhwnas._files import read_text
from pyhwnas.devices import LATENCY, PUBLISHED, is_latency, latency_at

if TYPE_CHECKING:
    from pyhwnas.job import Job

__all__ = [
    "DEFAULT_OUT",
    "AnyDevice",
    "AsJson",
    "AtLeast",
    "AtMost",
    "Backend",
    "BatchSize",
    "Classes",
    "Config",
    "Devices",
    "Evals",
    "Images",
    "IsQuiet",
    "LatencyBudget",
    "MaxFailures",
    "NoPackaged",
    "Objectives",
    "OptimizerName",
    "Out",
    "Precision",
    "Resolutions",
    "RunFolder",
    "Seed",
    "Set",
    "SpaceName",
    "Tables",
    "Threads",
    "Top",
    "WarmStart",
    "Weights",
    "Workers",
    "absolute",
    "fraction",
    "job_from",
]

Config: TypeAlias = Annotated[
    Path | None, typer.Option(help="TOML file with the entries of a Job; options override it.")
]
Out: TypeAlias = Annotated[Path, typer.Option("--out", "-o", help="Folder of the run.")]
SpaceName: TypeAlias = Annotated[
    str | None, typer.Option("--space", help="Space: see `pyhwnas spaces`, or `file.py:Class`.")
]
Objectives: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="Comma-separated, such as synflow_expected, icd, latency_ms, macs, params, "
        "`file.py:make`, or `name:min` / `name:max` for values you bring (`pyhwnas ask`); an "
        "unknown name lists all."
    ),
]
OptimizerName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--optimizer",
        "--algorithm",
        help="rb-ifa, msunas, nsga2, ..., auto (chooses one), or `file.py:Class`.",
    ),
]
Weights: TypeAlias = Annotated[
    str | None, typer.Option(help="RB-IFA: weight of performance, one swarm each, e.g. 0.2,0.8.")
]
Resolutions: TypeAlias = Annotated[
    str | None, typer.Option(help="mobilenetv3: input sizes to choose from, e.g. 192,224.")
]
Classes: TypeAlias = Annotated[int | None, typer.Option(help="Outputs of the classifier.")]
AtMost: TypeAlias = Annotated[
    list[str] | None, typer.Option("--at-most", help="Constraint such as latency_ms=20.")
]
AtLeast: TypeAlias = Annotated[
    list[str] | None, typer.Option("--at-least", help="Constraint such as synflow_expected=60.")
]
LatencyBudget: TypeAlias = Annotated[
    str | None,
    typer.Option("--latency-budget", help="Most that latency may be, with its unit: 20ms, 0.5s."),
]
Devices: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--device",
        help="Another device to search for, NAME=TABLE.json of `pyhwnas profile` there, or a "
        f"published table ({', '.join(PUBLISHED)}); its objective is latency_ms@NAME.",
    ),
]
WarmStart: TypeAlias = Annotated[
    Path | None, typer.Option("--warm-start", help="Folder or file of a run to start from.")
]
Evals: TypeAlias = Annotated[int | None, typer.Option(help="Distinct networks to evaluate.")]
Seed: TypeAlias = Annotated[int | None, typer.Option(help="Decides all that is random.")]
Top: TypeAlias = Annotated[int | None, typer.Option(help="Networks to export and measure.")]
Images: TypeAlias = Annotated[
    str | None, typer.Option(help="Folder of images for ICD; else patches of a bundled photograph.")
]
Threads: TypeAlias = Annotated[
    int | None, typer.Option(help="Threads of one inference on the device.")
]
BatchSize: TypeAlias = Annotated[int | None, typer.Option(help="Inputs per inference.")]
Backend: TypeAlias = Annotated[
    str | None,
    typer.Option(help="What runs networks: onnxruntime, torch, openvino, tvm, `file.py:Class`."),
]
Precision: TypeAlias = Annotated[
    str | None, typer.Option(help="onnxruntime: precision of the models: fp32, fp16, int8.")
]
Workers: TypeAlias = Annotated[int | None, typer.Option(help="Threads for computing objectives.")]
MaxFailures: TypeAlias = Annotated[
    int | None, typer.Option(help="More failed evaluations than this stop the search.")
]
Set: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", help="Any entry of a Job, e.g. optimizer_options.population=30."),
]
Tables: TypeAlias = Annotated[
    Path | None, typer.Option("--tables", help="Folder of latency tables that is looked at first.")
]
NoPackaged: TypeAlias = Annotated[
    bool, typer.Option("--no-packaged-tables", help="Ignore tables that come with the package.")
]
AnyDevice: TypeAlias = Annotated[
    bool, typer.Option("--any-device", help="Use a table even if it is another device's.")
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")]
IsQuiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
RunFolder: TypeAlias = Annotated[Path, typer.Argument(help="Folder of a run.")]

DEFAULT_OUT = Path("pyhwnas-search")


def job_from(
    config: Path | None,
    *,
    space: str | None = None,
    objectives: str | None = None,
    optimizer: str | None = None,
    weights: str | None = None,
    resolutions: str | None = None,
    classes: int | None = None,
    at_most: list[str] | None = None,
    at_least: list[str] | None = None,
    latency_budget: str | None = None,
    devices: list[str] | None = None,
    warm_start: Path | None = None,
    images: str | None = None,
    precision: str | None = None,
    changes: list[str] | None = None,
    numbers: dict[str, Any] | None = None,
) -> Job:
    """Make a job of a file's entries and the options given beside it."""
    from pyhwnas.job import Job

    job = Job()
    if config is not None:
        job = Job.from_toml(read_text(config), source=str(config))
    entries: dict[str, Any] = {
        "space": space and absolute(space),
        "objectives": objectives and [absolute(name.strip()) for name in objectives.split(",")],
        "optimizer": optimizer and absolute(optimizer),
        "at_most": at_most,
        "at_least": at_least,
        "warm_start": warm_start and _run_file(warm_start),
        "images": images and str(Path(images).resolve()),
        **(numbers or {}),
    }
    job = job.updated({k: v for k, v in entries.items() if v is not None}, source="options")
    for option, table, name, value in (
        ("--weights", "optimizer_options", "weights", weights and _numbers(weights, float)),
        (
            "--resolutions",
            "space_options",
            "resolutions",
            resolutions and _numbers(resolutions, int),
        ),
        ("--classes", "space_options", "n_classes", classes),
        ("--precision", "backend_options", "model_precision", precision),
    ):
        if value is not None:
            job = job.updated({table: {**getattr(job, table), name: value}}, source=option)
    for change in changes or ():
        job = _changed(job, change)
    job = _with_devices(job, devices or [])
    return job if latency_budget is None else _within(job, milliseconds(latency_budget))


def fraction(text: str) -> float:
    """Read a fraction, in percent or not.

    Examples
    --------
    >>> fraction("2%"), fraction("0.05")
    (0.02, 0.05)
    """
    number, percent, rest = text.partition("%")
    try:
        value = float(number) / (100 if percent else 1)
    except ValueError:
        value = 0.0
    if rest.strip() or not 0 < value < 1:
        raise ValueError(f"--target-interval: expected such as 2% or 0.02, got {text!r}")
    return value


def milliseconds(text: str) -> float:
    """Read a time with its unit.

    Examples
    --------
    >>> milliseconds("20ms"), milliseconds("0.5 s"), milliseconds("800us")
    (20.0, 500.0, 0.8)
    """
    found = re.fullmatch(r"\s*([0-9.eE+-]+)\s*(us|ms|s)\s*", text)
    try:
        value = float(found[1]) if found else 0.0
    except ValueError:
        value = 0.0
    if found is None or not 0 < value < math.inf:
        raise ValueError(
            f"--latency-budget: expected a time above 0 with its unit, 20ms, 0.5s or 800us, got "
            f"{text!r}"
        )
    return value / {"us": 1000.0, "ms": 1.0, "s": 0.001}[found[2]]


def _within(job: Job, budget_ms: float) -> Job:
    """Bound the latency on all devices of a job."""
    if not any(map(is_latency, job.objectives)):
        job = job.updated({"objectives": [*job.objectives, LATENCY]})
    bounds = [f"{name}={budget_ms!r}" for name in job.objectives if is_latency(name)]
    return job.updated({"at_most": [*job.at_most, *bounds]})


def _with_devices(job: Job, devices: list[str]) -> Job:
    """Add devices to a job, each with its objective."""
    for device in devices:
        name, equals, table = device.partition("=")
        if not (equals and table):
            raise ValueError(f"--device: expected NAME=TABLE.json, got {device!r}")
        objectives = dict.fromkeys([*job.objectives, latency_at(name)])
        source = table if table in PUBLISHED else str(Path(table).resolve())
        job = job.updated(
            {"devices": {**job.devices, name: source}, "objectives": list(objectives)}
        )
    return job


def _run_file(run: Path) -> str:
    """Find the file in the folder of a run."""
    from pyhwnas.pipeline import STORE

    return str((run / STORE if run.is_dir() else run).resolve())


def absolute(name: str) -> str:
    """Keep a name of the user's own file good for other working folders."""
    path, colon, attribute = name.rpartition(":")
    return f"{Path(path).resolve()}:{attribute}" if colon and path.endswith(".py") else name


def _numbers(text: str, kind: Callable[[str], Any]) -> list[Any]:
    try:
        return [kind(word) for word in text.split(",")]
    except ValueError:
        raise ValueError(f"expected numbers with commas between them, got {text!r}") from None


def _changed(job: Job, change: str) -> Job:
    name, equals, value = change.partition("=")
    table, dot, key = name.strip().partition(".")
    try:
        read = tomllib.loads(f"x = {value}")["x"]
    except tomllib.TOMLDecodeError:
        read = value.strip()
    if not equals:
        raise ValueError(f"--set: expected ENTRY=VALUE, got {change!r}")
    if dot:
        options = getattr(job, table, None)
        if not isinstance(options, Mapping):
            raise ValueError(
                "--set: expected space_options.NAME, optimizer_options.NAME or "
                f"backend_options.NAME, got {name!r}"
            )
        read = {**options, key: read}
    return job.updated({table: read}, source="--set")
