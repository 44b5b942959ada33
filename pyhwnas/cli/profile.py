"""`pyhwnas profile`: a latency table of this device or another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from pyhwnas.cli.look import print_json
from pyhwnas.cli.options import (
    AsJson,
    Backend,
    Classes,
    Config,
    IsQuiet,
    Precision,
    Resolutions,
    Set,
    SpaceName,
    Threads,
    fraction,
    job_from,
)
from pyhwnas.cli.progress import progress_for

__all__ = ["profile"]


def profile(
    space: SpaceName = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the table; else the user's own.")
    ] = None,
    backend: Backend = None,
    precision: Precision = None,
    threads: Threads = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", "--batch", help="Inputs per inference.")
    ] = None,
    processes: Annotated[int, typer.Option(help="Timing processes, one after the other.")] = 3,
    target_interval: Annotated[
        str,
        typer.Option(help="Half of the 90 % interval at which a model has settled."),
    ] = "1%",
    time_cap: Annotated[float | None, typer.Option(help="Seconds for all of them.")] = None,
    ssh: Annotated[
        str | None,
        typer.Option(
            metavar="USER@HOST[:PORT]",
            help="Measure that machine instead. It needs Python, numpy and onnxruntime; ssh must "
            "log in without a question. Search for it with `--device NAME=TABLE.json`.",
        ),
    ] = None,
    ssh_python: Annotated[
        str, typer.Option(metavar="COMMAND", help="Python there, such as `~/venv/bin/python`.")
    ] = "python3",
    tvm_rpc: Annotated[
        str | None,
        typer.Option(
            "--tvm-rpc",
            metavar="HOST:PORT/KEY",
            help="Measure a device of a TVM tracker; `--set backend_options.target=...` says what "
            "it is.",
        ),
    ] = None,
    design: Annotated[
        str, typer.Option(help="How a unit is timed: in a carrier, as a chain, or alone.")
    ] = "carrier",
    energy: Annotated[
        str | None, typer.Option(help="Count energy too: powercap (CPU) or nvml (NVIDIA GPU).")
    ] = None,
    resume: Annotated[
        bool, typer.Option(help="Go on from an interrupted profile with the same options.")
    ] = True,
    resolutions: Resolutions = None,
    classes: Classes = None,
    config: Config = None,
    set_: Set = None,
    as_json: AsJson = False,
    quiet: IsQuiet = False,
) -> None:
    """Measure the units of a space on this device or another and write a latency table.

    The table states its own error on whole networks that it was not fitted to. The same command
    continues an interrupted profile.

    Examples
    --------
    - `pyhwnas profile`
    - `pyhwnas profile --space nasbench201 --threads 2`
    - `pyhwnas profile --backend openvino --target-interval 2% --time-cap 600`
    - `pyhwnas profile --resolutions 160,192,224 -o tables`
    - `pyhwnas profile --ssh pi@kitchen -o tables`
    """
    from pyhwnas.latency import Settings, Ssh, user_folder
    from pyhwnas.pipeline import make_table

    if tvm_rpc and backend not in (None, "tvm"):
        raise ValueError(f"--tvm-rpc: expected the backend tvm, got {backend!r}")
    numbers = {
        "backend": "tvm" if tvm_rpc else backend,
        "threads": threads,
        "batch_size": batch_size,
    }
    if tvm_rpc:
        set_ = [*(set_ or ()), f"backend_options.rpc={tvm_rpc}"]
    job = job_from(
        config,
        space=space,
        resolutions=resolutions,
        classes=classes,
        precision=precision,
        changes=set_,
        numbers=numbers,
    )
    settings = Settings(
        target_interval=fraction(target_interval), design=cast("Any", design), energy=energy
    )
    table = make_table(
        job,
        job.make_space(),
        job.make_backend(),
        out or user_folder(),
        progress_for(quiet=quiet or as_json),
        ssh=None if ssh is None else Ssh(ssh, ssh_python),
        settings=settings,
        processes=processes,
        time_cap=time_cap,
        resume=resume,
    )
    if as_json:
        error = table.accuracy
        print_json(
            {
                "table": table.name,
                "sha256": table.fingerprint,
                "scale": table.scale,
                "mape_percent": None if error is None else error.mape,
                "floor_percent": None if error is None else error.floor,
                "noisy": table.noisy,
            }
        )
    else:
        print(table.summary())
