"""Commands on latency tables: list, show, validate, compare, merge, convert."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer
from rich.console import Console
from rich.table import Table

from pyhwnas.cli.look import print_json
from pyhwnas.cli.options import AsJson, Classes, Resolutions, Set, Tables, job_from
from pyhwnas.devices import PUBLISHED

if TYPE_CHECKING:
    from pyhwnas.latency import Finding, LatencyTable
    from pyhwnas.spaces import Space

__all__ = ["tables"]

tables = typer.Typer()

File: TypeAlias = Annotated[Path, typer.Argument(help="A latency table.")]
Plot: TypeAlias = Annotated[Path | None, typer.Option(help="Picture to write, .svg or .png.")]
_Options: TypeAlias = tuple[str | None, int | None, list[str] | None]
Result: TypeAlias = Annotated[Path, typer.Option("--out", "-o", help="File to write.")]


@tables.callback(invoke_without_command=True)
def _default(context: typer.Context, folder: Tables = None, as_json: AsJson = False) -> None:
    """List latency tables; show, check, compare, merge and convert them.

    Example: `pyhwnas tables`
    """
    if context.invoked_subcommand is None:
        list_(folder, as_json)


@tables.command("list")
def list_(folder: Tables = None, as_json: AsJson = False) -> None:
    """List latency tables: of a folder, your own, and those that come with the package.

    Example: `pyhwnas tables list --tables my-tables`
    """
    from pyhwnas.latency import find_tables, user_folder

    if folder is not None and not folder.is_dir():
        raise ValueError(f"--tables: expected a folder of latency tables, got {folder}")
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


@tables.command()
def show(file: File, plot: Plot = None, as_json: AsJson = False) -> None:
    """Show a table with its units, or draw what it predicts against what was measured.

    Examples
    --------
    - `pyhwnas tables show my-table.json`
    - `pyhwnas tables show my-table.json --plot error.svg`
    """
    from pyhwnas.latency import LatencyTable, draw_table
    from pyhwnas.latency.tables.execution import execution_of, how_timed

    table = LatencyTable.load(file)
    if plot is not None:
        draw_table(table, plot)
    if as_json:
        units = {key: entry.ms for key, entry in table.entries.items()}
        print_json({**_brief(table), "execution": dict(execution_of(table)), "ms": units})
        return
    print(table.summary())
    if how := how_timed(table):
        print(how)
    units_shown = Table("unit", "ms", "from", "to", "quality")
    for key, entry in table.entries.items():
        values = (entry.ms, entry.low_ms, entry.high_ms)
        texts = ("-" if value is None else f"{value:.4g}" for value in values)
        units_shown.add_row(key, *texts, entry.quality)
    Console().print(units_shown)


@tables.command()
def validate(
    files: Annotated[list[Path], typer.Argument(help="Latency tables.")],
    resolutions: Resolutions = None,
    classes: Classes = None,
    set_: Set = None,
    admission: Annotated[
        bool, typer.Option("--admission", help="Also the rules for tables of the package.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check tables: the file, its numbers, its units against the space; exit code 1 on errors.

    Examples
    --------
    - `pyhwnas tables validate my-table.json`
    - `pyhwnas tables validate my-table.json --resolutions 192,224`
    - `pyhwnas tables validate latency_tables/my-device/*.json --admission`
    """
    findings: list[dict[str, str]] = []
    for file in files:
        space = _space_of(_loaded(file), (resolutions, classes, set_))
        found = _findings(file, space, admission)
        findings += [{"file": str(file)} | finding._asdict() for finding in found]
        if not as_json:
            for level, text in found:
                print(f"{file}: {level}: {text}")
            if not found:
                print(f"{file}: nothing to object to")
    if as_json:
        print_json(findings)
    if any(finding["level"] in ("error", "admission") for finding in findings):
        raise typer.Exit(1)


def _findings(file: Path, space: Space | None, admission: bool) -> list[Finding]:
    from pyhwnas import latency

    found = latency.validate(file, space)
    if admission and not any(finding.level == "error" for finding in found):
        found += latency.admission(latency.LatencyTable.load(file))
    return found


@tables.command()
def compare(
    a: File,
    b: File,
    resolutions: Resolutions = None,
    classes: Classes = None,
    set_: Set = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Compare two tables of one space: two devices, or one device measured twice.

    Example: `pyhwnas tables compare phone.json pc.json --plot both.svg`
    """
    from pyhwnas.latency import LatencyTable, compare_tables, draw_comparison

    first, second = LatencyTable.load(a), LatencyTable.load(b)
    space = _space_of(first, (resolutions, classes, set_))
    found = compare_tables(first, second, space)
    if plot is not None:
        draw_comparison(first, second, plot)
    if as_json:
        print_json(found.to_json())
    else:
        print(found.summary())


@tables.command()
def merge(
    files: Annotated[list[Path], typer.Argument(help="Tables of one space and device.")],
    out: Result,
    resolutions: Resolutions = None,
    classes: Classes = None,
    set_: Set = None,
) -> None:
    """Put tables of one device together: units united, processes pooled, error stated anew.

    Example: `pyhwnas tables merge monday.json tuesday.json -o both.json`
    """
    from pyhwnas import latency

    read = [latency.LatencyTable.load(file) for file in files]
    space = _space_of(read[0], (resolutions, classes, set_))
    if space is None:
        raise ValueError(f"merge: space {read[0].space!r} cannot be made by its name")
    table = latency.merge(read, space)
    table.save(out)
    print(f"{out}\n{table.summary()}")


@tables.command()
def convert(
    source: Annotated[
        str,
        typer.Argument(
            help="A latency table (.json), columns unit and ms (.csv), YAML in the form of "
            "Once-for-All or MSuNAS (a folder, or .yaml), or a published table: "
            f"{', '.join(PUBLISHED)}."
        ),
    ],
    out: Result,
    data: Annotated[
        Path | None, typer.Option("--data", help="Published file or its folder; PYHWNAS_DATA.")
    ] = None,
    space: Annotated[str | None, typer.Option(help="Space that columns or YAML are of.")] = None,
    device: Annotated[str | None, typer.Option(help="Device that columns or YAML are of.")] = None,
    resolutions: Resolutions = None,
    classes: Classes = None,
    set_: Set = None,
    interpolate: Annotated[
        bool, typer.Option("--interpolate", help="Add missing units of the space, marked as such.")
    ] = False,
) -> None:
    """Make a latency table of what others measured, or plain columns of a table.

    Examples
    --------
    - `pyhwnas tables convert note10 -o note10.json`
    - `pyhwnas tables convert my-table.json -o my-table.csv`
    - `pyhwnas tables convert lut.yaml --space mobilenetv3 --device "A phone" -o phone.json`
    - `pyhwnas tables convert jetson.csv --space nasbench201 --device "Jetson Nano" -o jetson.json`
    """
    from pyhwnas import latency

    if out.suffix not in (".json", ".csv"):
        raise ValueError(f"{out}: expected a name that ends in .json or .csv")
    options = (resolutions, classes, set_)
    table = _read(source, data, space, device, options)
    if interpolate:
        made = _space_of(table, options)
        if made is None:
            raise ValueError(f"--interpolate: space {table.space!r} cannot be made by its name")
        table = latency.interpolate(table, made)
    if out.suffix == ".csv":
        latency.write_csv(table, out)
    else:
        table.save(out)
    print(f"{out}\n{table.summary()}")


def _read(
    source: str, data: Path | None, space: str | None, device: str | None, options: _Options
) -> LatencyTable:
    from pyhwnas.benchmarks import published_table, yaml_table
    from pyhwnas.latency import LatencyTable, named_device, read_csv

    yaml = source.endswith(".yaml") or Path(source).is_dir()
    named = source in PUBLISHED or not (yaml or source.endswith(".csv"))
    if named and (space or device):
        raise ValueError(
            f"{source}: --space and --device are for columns and YAML; it states its own"
        )
    if source in PUBLISHED:
        stated = options != (None, None, None)
        name = "fbnet" if source.startswith("fbnet") else "mobilenetv3"
        return published_table(source, _space(name, options) if stated else None, data)
    if named:
        return LatencyTable.load(source)
    if not (space and device):
        raise ValueError(f"{source}: give --space and --device, to say what it is of")
    read = yaml_table if yaml else read_csv
    return read(Path(source), _space(space, options), named_device(device))


def _loaded(file: Path) -> LatencyTable | None:
    """Load a table if it is one."""
    from pyhwnas.errors import LatencyTableError
    from pyhwnas.latency import LatencyTable

    try:
        return LatencyTable.load(file)
    except LatencyTableError:
        return None


def _space(name: str, options: _Options) -> Space:
    resolutions, classes, changes = options
    job = job_from(None, space=name, resolutions=resolutions, classes=classes, changes=changes)
    return job.make_space()


def _space_of(table: LatencyTable | None, options: _Options) -> Space | None:
    """Make the space of a table, of those without options the one whose plan was measured.

    None if no space has the name that stands in the table.
    """
    from pyhwnas.names import names

    if table is None or table.space not in names("spaces"):
        return None
    stated = _space(table.space, options)
    plain: Space = type(stated)()
    if options == (None, None, None) and plain.plan and plain.plan.fingerprint == table.plan:
        return plain
    return stated


def _brief(table: LatencyTable | Exception) -> dict[str, Any]:
    if isinstance(table, Exception):
        return {"error": str(table)}
    mape = table.accuracy.mape if table.accuracy else None
    return {"name": table.name, "units": len(table.entries), "mape_percent": mape}
