"""The far end of `ssh`: takes files, runs the agent on them, cleans up after it.

Its source goes through standard input to a Python of another machine, so it imports the standard
library alone. The conversation there:

1. One JSON line comes in: the work, the names (SHA-256) and sizes of the files that it needs.
2. An event ``missing`` goes out with the names that are not in the cache, or ``problem``.
3. The contents of those come in, one after the other; then a blank line now and then for as long
   as somebody listens.
4. Whatever the agent says goes out, and an event ``exit`` once it has ended and is cleaned up.

Files stay in the cache by their content. What nothing has asked for during a day is deleted by the
next measurement.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["main"]

KEEP_SECONDS = 24 * 3600
SPARE_BYTES = 2**20
PIECE_BYTES = 2**20


def main() -> int:
    """Hold the conversation on standard input and output.

    Returns
    -------
    int
        Exit status; how the agent ended is told in the event ``exit``.
    """
    # Hung up or told to end: leave as on every other way out, through the cleaning.
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, _leave)
    order = json.loads(sys.stdin.buffer.readline())
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    cache = Path(base) / "pyhwnas" / "agent"
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        _trim(cache)
        _receive(order["files"], cache, order["silence"])
        with tempfile.TemporaryDirectory(prefix="work-", dir=cache) as name:
            (Path(name) / "work.json").write_text(order["work"], encoding="utf-8")
            status, words = _run(order, cache, Path(name))
    except OSError as error:
        text = error.strerror or str(error)
        _tell(event="problem", text=f"models cannot be put into {cache}: {text}")
        return 1
    _tell(event="exit", status=status, words=words)
    return 0


def _leave(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _trim(cache: Path) -> None:
    for path in cache.iterdir():
        # Another measurement may be trimming too.
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > KEEP_SECONDS:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _receive(files: list[tuple[str, int]], cache: Path, silence: float) -> None:
    """Say which files are missing and write them as they come."""
    missing = [(name, size) for name, size in files if not _touch(cache / name, size)]
    need = sum(size for _, size in missing) + SPARE_BYTES
    free = shutil.disk_usage(cache).free
    if need > free:
        raise OSError(f"{need / 1e6:.1f} MB are needed, {free / 1e6:.1f} MB are free")
    _tell(event="missing", names=[name for name, _ in missing])
    for name, size in missing:
        with tempfile.NamedTemporaryFile(dir=cache, prefix="part-", delete=False) as file:
            try:
                digest = _copy(file, size, silence)
                if digest != name:
                    raise OSError("a file arrived damaged")
                file.close()
                os.replace(file.name, cache / name)
            except BaseException:
                os.unlink(file.name)
                raise


def _touch(path: Path, size: int) -> bool:
    """Mark a file as used, if it is there."""
    try:
        os.utime(path)
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def _copy(file: Any, size: int, silence: float) -> str:
    digest = hashlib.sha256()
    while size:
        # Ends this process where nothing comes any more from a connection that looks alive.
        signal.setitimer(signal.ITIMER_REAL, silence)
        piece = sys.stdin.buffer.read(min(size, PIECE_BYTES))
        signal.setitimer(signal.ITIMER_REAL, 0)
        if not piece:
            raise SystemExit("the connection ended before all files were here")
        file.write(piece)
        digest.update(piece)
        size -= len(piece)
    return digest.hexdigest()


def _run(order: dict[str, Any], cache: Path, folder: Path) -> tuple[int, str]:
    """Run the agent for as long as somebody listens; return its status and last words."""
    paths = [str(cache / order["agent"]), os.environ.get("PYTHONPATH", "")]
    path = os.pathsep.join(filter(None, paths))
    with (folder / "errors").open("w+b") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "pyhwnas.latency.measuring.agent", "work.json"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, **order["environment"], "PYTHONPATH": path},
            start_new_session=True,
        )
        try:
            watch = threading.Thread(target=_watch, args=(child, order["silence"]), daemon=True)
            watch.start()
            status = child.wait()
        finally:
            _kill(child)
        errors.seek(0)
        words = errors.read().decode(errors="replace").strip().splitlines()
    return status, words[-1] if words else ""


def _watch(child: subprocess.Popen[bytes], silence: float) -> None:
    """Kill the agent once the other end has gone, or has said nothing for too long."""
    while select.select([0], [], [], silence)[0] and os.read(0, 4096):
        pass
    _kill(child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill the agent and everything that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _tell(**event: Any) -> None:
    # The agent may have died amid a line; and nobody may be there to hear of it.
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write("\n" + json.dumps({"far": event}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
