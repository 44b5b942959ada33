"""Options that commands share, and the job that they make."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

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
    "Evals",
    "Images",
    "IsQuiet",
    "MaxFailures",
    "NoPackaged",
    "Objectives",
    "OptimizerName",
    "Out",
    "Resolutions",
    "RunFolder",
    "Seed",
    "Set",
    "SpaceName",
    "Tables",
    "Threads",
    "Top",
    "Weights",
    "Workers",
    "absolute",
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
        help="Comma-separated: synflow, icd, latency_ms, macs, params, `file.py:make`, or "
        "`name:min` / `name:max` for values you bring (`pyhwnas ask`)."
    ),
]
OptimizerName: TypeAlias = Annotated[
    str | None, typer.Option("--optimizer", help="rb-ifa, random, or `file.py:Class`.")
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
    list[str] | None, typer.Option("--at-least", help="Constraint such as synflow=60.")
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
Backend: TypeAlias = Annotated[str | None, typer.Option(help="What runs networks: onnxruntime.")]
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
    images: str | None = None,
    changes: list[str] | None = None,
    numbers: dict[str, Any] | None = None,
) -> Job:
    """Make a job of a file's entries and the options given beside it."""
    job = Job()
    if config is not None:
        job = Job.from_toml(config.read_text(encoding="utf-8"), source=str(config))
    entries: dict[str, Any] = {
        "space": space and absolute(space),
        "objectives": objectives and [absolute(name.strip()) for name in objectives.split(",")],
        "optimizer": optimizer and absolute(optimizer),
        "at_most": at_most,
        "at_least": at_least,
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
    ):
        if value is not None:
            job = job.updated({table: {**getattr(job, table), name: value}}, source=option)
    for change in changes or ():
        job = _changed(job, change)
    return job


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
                f"--set: expected space_options.NAME or optimizer_options.NAME, got {name!r}"
            )
        read = {**options, key: read}
    return job.updated({table: read}, source="--set")
