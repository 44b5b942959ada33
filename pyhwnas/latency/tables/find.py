"""Where latency tables lie, and which one holds for a space on a device."""

from __future__ import annotations

import importlib.resources
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from pyhwnas._optional import require
from pyhwnas.errors import LatencyTableError
from pyhwnas.latency.device import Fingerprint
from pyhwnas.latency.tables.table import LatencyTable
from pyhwnas.spaces import Space

__all__ = ["find_table", "find_tables", "schema_file", "user_folder"]

SCHEMA_FILE = "schema.json"


def user_folder() -> Path:
    """Return the folder in which a user's tables are kept, as the platform has it."""
    platformdirs = require("platformdirs", extra="search")
    return Path(platformdirs.user_data_dir("pyhwnas", appauthor=False)) / "latency_tables"


def schema_file() -> Path:
    """Return the file that describes tables field by field; it comes with the package.

    Raises
    ------
    FileNotFoundError
        If the package was installed without its tables.
    """
    for folder in _packaged():
        return folder / SCHEMA_FILE
    raise FileNotFoundError(2, "it should come with the package", SCHEMA_FILE)


def find_tables(
    *, tables_dir: str | os.PathLike[str] | None = None, packaged: bool = True
) -> list[tuple[Path, LatencyTable | LatencyTableError]]:
    """Read all tables: those of a folder, then the user's, then those that come with the package.

    Parameters
    ----------
    tables_dir : path-like, optional
        A folder to look into first.
    packaged : bool
        Whether to include the tables of the package.

    Returns
    -------
    list of tuple of Path and LatencyTable or LatencyTableError
        By name within each folder; a file that is no table stands there with its error.
    """
    folders = [user_folder()]
    if tables_dir is not None:
        folders.insert(0, Path(tables_dir))
    if packaged:
        folders += _packaged()
    return [(path, _read(path)) for folder in folders for path in _files(folder)]


def find_table(
    space: Space,
    device: Fingerprint,
    *,
    tables_dir: str | os.PathLike[str] | None = None,
    packaged: bool = True,
    any_device: bool = False,
    energy: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> LatencyTable | None:
    """Find the first table that has all units of a space and was measured on such a device.

    Parameters
    ----------
    space : Space
    device : Fingerprint
        Its identity must be the table's.
    tables_dir : path-like, optional
        A folder to look into first.
    packaged : bool
        Whether to include the tables of the package.
    any_device : bool
        Take another device's table where none fits.
    energy : bool
        Whether the table has to hold energies too.
    say : callable, optional
        Called with a sentence on each table that is passed over, and on the one that is found.

    Returns
    -------
    LatencyTable or None
    """
    candidates: list[tuple[Path, LatencyTable]] = []
    for path, table in find_tables(tables_dir=tables_dir, packaged=packaged):
        if isinstance(table, LatencyTableError):
            say(f"Passed over: {table}")
        elif table.covers(space) and (table.energy is not None or not energy):
            candidates.append((path, table))
    # Within each rank the order of folders stays.
    for path, table in sorted(candidates, key=lambda item: _rank(item[1], device)):
        other = table.matches(device)
        if other and not any_device:
            say(f"Not this device's: {path} ({other[0]})")
            continue
        say(f"Latency table found: {path}\n{table.summary()}")
        for line in other:
            say(f"Warning: another device's table: {line}")
        for line in table.device.warnings(device):
            say(f"Note: the device has changed: {line}")
        return table
    return None


def _rank(table: LatencyTable, device: Fingerprint) -> tuple[bool, bool, bool]:
    """Put first what is this device's, was timed in carriers, and on a steady machine."""
    other_design = table.protocol.get("design", "carrier") != "carrier"
    return bool(table.matches(device)), other_design, table.noisy


def _packaged() -> Iterator[Path]:
    """Yield the folder of tables at the root of a source tree, else the one in the package."""
    source = Path(__file__).parents[3] / "latency_tables"
    installed = importlib.resources.files("pyhwnas") / "latency_tables"
    if (source / SCHEMA_FILE).is_file():
        yield source
    elif isinstance(installed, Path):
        yield installed


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.rglob("*.json") if path.name != SCHEMA_FILE)


def _read(path: Path) -> LatencyTable | LatencyTableError:
    try:
        return LatencyTable.load(path)
    except LatencyTableError as error:
        return error
    except OSError as error:
        return LatencyTableError(f"{path}: cannot be read: {error}")
