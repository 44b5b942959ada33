"""SQLite underneath a run: a connection, a lock, and errors in one sentence."""

from __future__ import annotations

import atexit
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pyhwnas.errors import StoreError

__all__ = ["connect", "explained", "finish", "lock"]


def connect(address: str) -> sqlite3.Connection:
    """Open a database; transactions are ours to begin and end."""
    return sqlite3.connect(
        address, timeout=30, isolation_level=None, check_same_thread=False, uri=True
    )


def finish(db: sqlite3.Connection) -> None:
    """Fold the log into the file and close."""
    try:
        db.execute("PRAGMA busy_timeout = 1000")
        db.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error:
        pass  # somebody reads it, or the disk is full: the log stays beside the file
    db.close()


def _lock_path(path: Path) -> Path:
    return path.with_name(f"{path.name}-lock")


def lock(path: Path) -> Callable[[], None]:
    """Take a lock that ends with this process, however it ends; return what gives it back.

    It lies on a file of its own, since closing any handle of the database would drop SQLite's
    locks; and it is a POSIX lock, which forked workers do not inherit and so cannot outlive.
    """
    while True:
        handle = os.open(_lock_path(path), os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it before may have removed the file in between.
            if os.path.samestat(os.fstat(handle), os.stat(_lock_path(path))):
                return _unlocker(path, handle)
        except FileNotFoundError:
            pass
        except (BlockingIOError, PermissionError) as error:
            os.close(handle)
            raise StoreError(
                f"{path} is in use by another process; wait for it, or choose another path"
            ) from error
        os.close(handle)


def _unlocker(path: Path, handle: int) -> Callable[[], None]:
    def unlock() -> None:
        atexit.unregister(unlock)
        _lock_path(path).unlink(missing_ok=True)
        os.close(handle)

    atexit.register(unlock)
    return unlock


REASONS = (
    ("SQLITE_NOTADB", "is no run of pyhwnas: it is not an SQLite file; choose another path"),
    ("SQLITE_CORRUPT", "is damaged; restore a copy, or start a run in another file"),
    ("SQLITE_FULL", "cannot be written: the disk is full; free some space and run again"),
    ("SQLITE_IOERR", "cannot be read or written: the disk is full or failing"),
    ("SQLITE_BUSY", "is locked by another program; close that and run again"),
    ("SQLITE_READONLY", "cannot be written; choose a folder and file that you may write to"),
    (
        "SQLITE_CANTOPEN",
        "cannot be opened; check that it exists and that you may write to its folder",
    ),
    ("IntegrityError", "was changed by another search in this process; close that one"),
    ("SQLITE_CONSTRAINT", "was changed by another search in this process; close that one"),
)


@contextmanager
def explained(path: Path | None) -> Iterator[None]:
    """Turn what SQLite and the file system report into one sentence."""
    name = path or "the store in memory"
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorname", type(error).__name__)
        known = (reason for prefix, reason in REASONS if code.startswith(prefix))
        reason = next(known, "cannot be used")
        raise StoreError(f"{name} {reason} ({error})") from error
    except OSError as error:
        raise StoreError(
            f"{name} cannot be opened ({error.strerror}); choose a folder and file that you may "
            "write to"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{name} is damaged ({error}); restore a copy, or start a run in another file"
        ) from error
