"""The command for benchmark files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from pyhwnas.cli.look import print_json
from pyhwnas.cli.options import AsJson
from pyhwnas.errors import BenchmarkError

__all__ = ["benchmarks"]


def benchmarks(
    folder: Annotated[
        Path | None, typer.Option("--data", help="Folder of the files; else PYHWNAS_DATA.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--convert", help="Turn this file into mapped columns.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the files of benchmarks, which are there and where the others come from; convert one.

    Examples
    --------
    - `pyhwnas benchmarks`
    - `pyhwnas benchmarks --convert HW-NAS-Bench-v1_0.pickle --data tables`
    """
    from pyhwnas.benchmarks import SOURCES, convert, find

    if file is not None:
        table = convert(file, folder)
        print_json({"path": str(table.path)}) if as_json else print(table.path)
        return
    listed = []
    for source in SOURCES:
        try:
            there = str(find(source, folder).path)
        except BenchmarkError:
            there = ""
        listed.append((source.file, there, source.licence, source.origin))
    if as_json:
        names = ("file", "path", "licence", "origin")
        print_json([dict(zip(names, row, strict=True)) for row in listed])
        return
    heads = ("file", "found", "licence", "from")
    shown = Table(*(Column(head, overflow="fold") for head in heads))
    for row in listed:
        shown.add_row(*row)
    Console().print(shown)
