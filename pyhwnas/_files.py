"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["write_atomically"]


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
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
