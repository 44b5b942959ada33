"""Published files as folders of memory-mapped columns with checksums and provenance."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from pyhwnas.benchmarks.hwnasbench import read_pickle
from pyhwnas.benchmarks.natsbench import read_nats
from pyhwnas.benchmarks.originals import read_i7, read_note10, read_tensors, read_weights
from pyhwnas.benchmarks.sources import (
    HWNASBENCH,
    NB201,
    NB201_HELP,
    OFA_I7,
    OFA_NOTE10,
    OFA_PREDICTOR,
    SOURCES,
    Source,
)
from pyhwnas.benchmarks.tables import (
    MANIFEST,
    SCHEMA,
    Array,
    PathLike,
    Table,
    data_folder,
    digest,
    file_digest,
)
from pyhwnas.errors import BenchmarkError

__all__ = ["convert"]


def convert(file: PathLike, folder: PathLike | None = None) -> Table:
    """Turn a published file into columns that are mapped into memory.

    Parameters
    ----------
    file : path
        One of those that `pyhwnas benchmarks` lists, any other ``.npz`` or ``.csv.gz`` file, or
        what authors published: NATS-Bench's folder ``NATS-tss-v1_0-3ffb9-simple`` (read by its
        own package), the pickle of HW-NAS-Bench (read without running what it may hold), HELP's
        ``data/nasbench201/latency``, Once-for-All's ``latency_table@note10`` and
        ``acc_predictor.pth``, MSuNAS' ``i7-8700K_lut.yaml``.
    folder : path, optional
        Where to put the result, a folder with the name of the file that it stands for;
        `PYHWNAS_DATA` if left out.

    Returns
    -------
    Table
        The folder: one ``.npy`` file a column, text as UTF-8, and ``manifest.json`` with the
        source's name, checksum, origin and licence and every column's type, shape and SHA-256.
        It appears whole or not at all. What has been converted before is left as it is.

    Raises
    ------
    BenchmarkError
        If the file is missing, damaged, or another than the one of its name, or if something else
        is there already.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> folder = tempfile.mkdtemp()
    >>> np.savez(f"{folder}/mine.npz", error=[5.5, 6.25])
    >>> convert(f"{folder}/mine.npz", folder)["error"]
    memmap([5.5 , 6.25])
    """
    file = Path(file)
    if not file.exists():
        raise BenchmarkError(f"{file}: expected a file to convert, got none{_hint(file.name)}")
    source = next((s for s in SOURCES if s.file == file.name), None)
    sha256 = file_digest(file) if file.is_file() else _folder_digest(file)
    if source is not None and source.sha256 not in (None, sha256):
        raise BenchmarkError(f"{file}: {source.expected}, got one with {sha256}")
    published, read = _reader(file)
    stem = file.name.partition(".")[0] if published is None else published.stem
    target = (data_folder() if folder is None else Path(folder)) / stem
    if target.exists():
        return _already(target, sha256)
    about = {
        "file": file.name,
        "sha256": sha256,
        "origin": (source or published or UNKNOWN).origin,
        "licence": (source or published or UNKNOWN).licence,
    }
    _write(target, about, read(file))
    return Table(target)


UNKNOWN = Source("", origin="not known", licence="not known")
Reader: TypeAlias = Callable[[Path], Mapping[str, Array]]


def _reader(file: Path) -> tuple[Source | None, Reader]:
    """Tell by its form what a file stands for, and how to read it."""
    forms: tuple[tuple[str, Source, Reader], ...] = (
        ("/meta.pickle.pbz2", NB201, read_nats),
        ("/*_lookup_table.yaml", OFA_NOTE10, read_note10),
        ("/*.pt", NB201_HELP, read_tensors),
        (".pickle", HWNASBENCH, read_pickle),
        (".pth", OFA_PREDICTOR, read_weights),
        (".yaml", OFA_I7, read_i7),
    )
    if file.name.endswith((".npz", ".csv.gz")):
        return None, Table
    for form, source, read in forms:
        inside = form.startswith("/") and file.is_dir() and any(file.glob(form[1:]))
        if inside or (file.is_file() and file.suffix == form):
            return source, read
    raise BenchmarkError(
        f"{file}: expected an .npz or .csv.gz file, or one that authors published; "
        "see: pyhwnas benchmarks"
    )


def _folder_digest(folder: Path) -> str:
    """Hash the names and checksums of all files, in order."""
    lines = (f"{path.name} {file_digest(path)}\n" for path in sorted(folder.iterdir()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _already(target: Path, sha256: str) -> Table:
    if (target / MANIFEST).is_file():
        table = Table(target)
        if table.sha256 == sha256:
            return table
    raise BenchmarkError(f"{target}: something else is there; remove it or choose another folder")


def _write(target: Path, about: dict[str, Any], columns: Mapping[str, Array]) -> None:
    """Write into a neighbour and rename it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        described = {name: _write_column(work, name, columns[name]) for name in columns}
        manifest = {"schema": SCHEMA, "source": about, "columns": described}
        (work / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        work.chmod(0o755)
        os.replace(work, target)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def _write_column(folder: Path, name: str, column: Array) -> dict[str, Any]:
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise BenchmarkError(f"column {name!r}: expected letters, digits, '_', '-' and '.'")
    if column.dtype.kind == "U":
        column = np.char.encode(column, "utf-8")
    with (folder / f"{name}.npy").open("wb") as file:
        np.save(file, column, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    return {
        "file": f"{name}.npy",
        "dtype": column.dtype.str,
        "shape": list(column.shape),
        "sha256": digest(column),
    }


def _hint(name: str) -> str:
    known = next((s for s in SOURCES if s.file == name), None)
    return f"; {known.expected}" if known else ""
