"""The command line; each command is one public function of the package."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line: console script ``pyhwnas`` and ``python -m pyhwnas``."""
    from pyhwnas._optional import require
    from pyhwnas.cli.interrupt import catch_interrupts
    from pyhwnas.errors import MissingExtraError

    catch_interrupts()  # before the imports that take a while
    try:
        require("typer", extra="search")
        require("rich", extra="search")
    except MissingExtraError as error:
        print(f"pyhwnas: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    from pyhwnas.cli.app import run

    raise SystemExit(run())
