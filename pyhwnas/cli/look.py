"""Commands that only look: tables, spaces, this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from rich.console import Console
from rich.table import Table

from pyhwnas import networks
from pyhwnas.cli.options import AsJson
from pyhwnas.doctor import examine
from pyhwnas.job import Job, names
from pyhwnas.latency import LatencyTable, find_tables, user_folder
from pyhwnas.networks.picture import picture
from pyhwnas.spaces import Space, sample

__all__ = ["doctor", "print_json", "spaces", "tables"]


def print_json(value: Any) -> None:
    """Print for machines."""
    print(json.dumps(value, indent=1))


def tables(
    folder: Annotated[Path | None, typer.Option("--tables", help="Look here first.")] = None,
    show: Annotated[Path | None, typer.Option(help="Show one table file with its units.")] = None,
    as_json: AsJson = False,
) -> None:
    """List latency tables: of a folder, your own, and those that come with the package.

    Examples
    --------
    - `pyhwnas tables`
    - `pyhwnas tables --show my-table.json`
    """
    if show is not None:
        shown = LatencyTable.load(show)
        if as_json:
            print_json({key: entry.ms for key, entry in shown.entries.items()})
            return
        print(shown.summary())
        units = Table("unit", "ms", "from", "to")
        for key, entry in shown.entries.items():
            ends = (f"{value:.4g}" for value in (entry.ms, entry.low_ms, entry.high_ms))
            units.add_row(key, *ends)
        Console().print(units)
        return
    found = find_tables(tables_dir=folder)
    if as_json:
        print_json([{"path": str(path), "table": _brief(table)} for path, table in found])
        return
    for path, table in found:
        print(path)
        text = str(table) if isinstance(table, Exception) else table.summary()
        print("  " + text.replace("\n", "\n  "))
    if not found:
        print(f"no tables yet; 'pyhwnas profile' writes one to {user_folder()}")


def _brief(table: LatencyTable | Exception) -> dict[str, Any]:
    if isinstance(table, Exception):
        return {"error": str(table)}
    mape = table.accuracy.mape if table.accuracy else None
    return {"name": table.name, "units": len(table.entries), "mape_percent": mape}


def spaces(
    show: Annotated[str | None, typer.Option(help="Draw a network of this space.")] = None,
    arch: Annotated[str | None, typer.Option(help="Which one; else a random one.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="SVG file.")] = Path("network.svg"),
    as_json: AsJson = False,
) -> None:
    """List the spaces, or draw one network.

    Examples
    --------
    - `pyhwnas spaces`
    - `pyhwnas spaces --show nasbench201 -o cell.svg`
    """
    if show is not None:
        space = Job(space=show).make_space()
        x = _some_network(space) if arch is None else space.from_str(arch)
        network = networks.build(space, x)
        out.write_text(picture(network), encoding="utf-8")
        macs, params = networks.macs(network), networks.params(network)
        print(f"{network.arch}: {macs / 1e6:.1f} M MACs, {params / 1e6:.2f} M params -> {out}")
        return
    listed = []
    for name in names("spaces"):
        space = Job(space=name).make_space()
        plan = space.plan
        about = (type(space).__doc__ or "").strip().partition("\n")[0]
        listed.append((name, len(space.genes), len(plan.units) if plan else 0, about))
    if as_json:
        print_json([dict(zip(("name", "genes", "units", "about"), x, strict=True)) for x in listed])
        return
    shown = Table("space", "genes", "units", "what it is")
    for name, genes, units, about in listed:
        shown.add_row(name, str(genes), str(units), about)
    Console().print(shown)


def _some_network(space: Space) -> npt.NDArray[np.int64]:
    X = sample(space, 1000, np.random.default_rng(0))
    X = X[space.unit_ids(X, live=True)[:, -1] >= 0]
    if not len(X):
        raise ValueError(f"none of 1000 networks of {space.name} can be built; name one by --arch")
    drawn: npt.NDArray[np.int64] = X[0]
    return drawn


def doctor(as_json: AsJson = False) -> None:
    """Examine this machine: backends, instruction sets, clock, noise, where tables lie.

    Example: `pyhwnas doctor`
    """
    found = examine()
    if as_json:
        print_json(found)
        return
    for section, facts in found.items():
        print(section)
        for name, value in facts.items():
            print(f"  {name}: {value}")
