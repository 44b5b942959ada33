"""The command line; each command is one public function of the package."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line: console script ``pyhwnas`` and ``python -m pyhwnas``."""
    from pyhwnas._optional import require

    require("typer", extra="search")
    require("rich", extra="search")
    from pyhwnas.cli.app import run

    raise SystemExit(run())
