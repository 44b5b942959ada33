"""Ctrl-C and a request to end: one sentence instead of a traceback."""

from __future__ import annotations

import signal
import sys
from types import FrameType

__all__ = ["catch_interrupts"]


def catch_interrupts() -> None:
    """Leave with a sentence on SIGINT and SIGTERM, through the cleaning of whatever runs."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    print("interrupted; the same command continues (pyhwnas score: with --resume)", file=sys.stderr)
    raise SystemExit(128 + number)
