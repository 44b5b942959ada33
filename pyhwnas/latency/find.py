"""Where latency tables lie, and which one holds for a space on a device."""

from __future__ import annotations

import importlib.resources
import os
from collections.abc import Iterator
from pathlib import Path

from pyhwnas._optional import require
from pyhwnas.errors import LatencyTableError
from pyhwnas.latency.device import Fingerprint
from pyhwnas.latency.table import HasPlan, LatencyTable

__all__ = ["find_table", "find_tables", "user_folder"]


def user_folder() -> Path:
    """Return the folder in which a user's tables are kept, as the platform has it."""
    platformdirs = require("platformdirs", extra="search")
    return Path(platformdirs.user_data_dir("pyhwnas", appauthor=False)) / "latency_tables"


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
    space: HasPlan,
    device: Fingerprint,
    *,
    tables_dir: str | os.PathLike[str] | None = None,
    packaged: bool = True,
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

    Returns
    -------
    LatencyTable or None
    """
    for _, table in find_tables(tables_dir=tables_dir, packaged=packaged):
        if isinstance(table, LatencyTable) and not table.matches(device) and table.covers(space):
            return table
    return None


def _packaged() -> Iterator[Path]:
    """Yield the folder of tables at the root of a source tree, else the one in the package."""
    source = Path(__file__).parents[2] / "latency_tables"
    installed = importlib.resources.files("pyhwnas") / "latency_tables"
    if (source / "schema.json").is_file():
        yield source
    elif isinstance(installed, Path):
        yield installed


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.rglob("*.json") if path.name != "schema.json")


def _read(path: Path) -> LatencyTable | LatencyTableError:
    try:
        return LatencyTable.load(path)
    except LatencyTableError as error:
        return error
    except OSError as error:
        return LatencyTableError(f"{path}: cannot be read: {error}")
