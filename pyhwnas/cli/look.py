"""Commands that only look: spaces, this machine."""

from __future__ import annotations

import inspect
import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from pyhwnas.cli.options import AsJson

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pyhwnas.spaces import Space

__all__ = ["doctor", "print_json", "spaces"]

spaces = typer.Typer()


def print_json(value: Any) -> None:
    """Print for machines."""
    print(json.dumps(_finite(value), indent=1, allow_nan=False))


def _finite(value: Any) -> Any:
    """Put null where JSON has no number: infinity, NaN."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {name: _finite(item) for name, item in value.items()}
        case list() | tuple():
            return [_finite(item) for item in value]
    return value


@spaces.callback(invoke_without_command=True)
def _list_spaces(context: typer.Context, as_json: AsJson = False) -> None:
    """List the spaces with their sizes and sources, or draw one network (`show`).

    Genotypes are rows in canonical form; of those that are isomorphic one counts as a network.

    Example: `pyhwnas spaces`
    """
    if context.invoked_subcommand is not None:
        return
    from pyhwnas.names import names

    listed = [_about(name) for name in names("spaces")]
    if as_json:
        print_json(listed)
        return
    # The name is what people type: it is never cut, nor is the address.
    shown = Table(Column("space", no_wrap=True), "genes", "units", "genotypes", "networks")
    shown.add_column("what it is", overflow="fold")
    for about in listed:
        *facts, source, text = map(_cell, about.values())
        shown.add_row(*facts, f"{text}\n{source}")
    Console().print(shown)


def _about(name: str) -> dict[str, str | int | None]:
    space = _published(name)
    text = inspect.getdoc(type(space)) or ""
    return {
        "name": name,
        "genes": len(space.genes),
        "units": len(space.plan.units) if space.plan else None,
        "genotypes": space.n_genotypes,
        "networks": space.n_networks,
        "source": _source(text),
        "about": text.partition("\n")[0],
    }


def _source(text: str) -> str | None:
    """Find the first address in a docstring, or else what its references say."""
    if found := re.search(r"https?://[^\s;,]+", text):
        return found[0]
    references = re.search(r"^References\n-+\n(.+?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    return " ".join(references[1].split()) if references else None


def _cell(value: str | int | None) -> str:
    if value is None:
        return "not known"
    return f"{value:.3g}" if isinstance(value, int) and value >= 10**9 else str(value)


@spaces.command()
def show(
    name: Annotated[str, typer.Argument(help="A space, or `file.py:Class`.")],
    arch: Annotated[str | None, typer.Option(help="Which network; else a random one.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="SVG file.")] = Path("network.svg"),
) -> None:
    """Draw a network of a space.

    Examples
    --------
    - `pyhwnas spaces show nasbench201 -o cell.svg`
    - `pyhwnas spaces show natssize --arch 64:48:32:48:64`
    """
    from pyhwnas import networks

    space = _published(name)
    x = _some_network(space) if arch is None else space.from_str(arch)
    network = networks.build(space, x)
    out.write_text(networks.picture(network), encoding="utf-8")
    macs, params = networks.macs(network), networks.params(network)
    print(f"{network.arch}: {macs / 1e6:.1f} M MACs, {params / 1e6:.2f} M params -> {out}")


def _published(name: str) -> Space:
    """Make a space with its own defaults, not those of a search."""
    from pyhwnas.job import Job

    space: Space = type(Job(space=name).make_space())()
    return space


def _some_network(space: Space) -> npt.NDArray[np.int64]:
    import numpy as np

    from pyhwnas.spaces import sample

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
    from pyhwnas.doctor import examine

    found = examine()
    if as_json:
        print_json(found)
        return
    for section, facts in found.items():
        print(section)
        for name, value in facts.items():
            print(f"  {name}: {value}")
