"""Text that people bring, and files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["read_text", "replacing", "write_atomically"]


def read_text(path: str | Path) -> str:
    """Read a text that a person or a spreadsheet has written.

    Parameters
    ----------
    path : path

    Returns
    -------
    str
        Without the sign that spreadsheets put before UTF-8.

    Raises
    ------
    ValueError
        If it is not UTF-8.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected text in UTF-8, got other bytes ({error})") from error


@contextmanager
def replacing(path: str | Path) -> Iterator[BinaryIO]:
    """Open a temporary neighbour of a file, which takes the file's place at the end.

    Parameters
    ----------
    path : path
        Its folder is made if it is not there.

    Returns
    -------
    context manager of file
        Open for writing bytes. Whatever the file held before stays until all is written.

    Raises
    ------
    OSError
        If the folder cannot be written to or the disk is full; nothing is left behind then.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # which is not told where the disk is full
        raise


def write_atomically(path: str | Path, content: bytes | str) -> Path:
    """Write a file through a temporary neighbour and a rename.

    Parameters
    ----------
    path : path
        Its folder is made if it is not there.
    content : bytes or str
        Text is written as UTF-8.

    Returns
    -------
    Path
        The file; whatever it held before is gone, and it is never seen half-written.

    Raises
    ------
    OSError
        If the folder cannot be written to or the disk is full; nothing is left behind then.
    """
    with replacing(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)
    return Path(path)
