"""Optional dependencies: import one, or say what to install."""

from __future__ import annotations

import importlib
from typing import Any

from pyhwnas.errors import MissingExtraError

__all__ = ["require"]


def require(module: str, *, extra: str) -> Any:
    """Import an optional dependency.

    Parameters
    ----------
    module : str
        Dotted name of the module.
    extra : str
        The extra of pyhwnas that installs it.

    Returns
    -------
    module
        The imported module, typed as ``Any``: it may come without types.

    Raises
    ------
    MissingExtraError
        If the module, or the package it lies in, is not installed. A module that is installed but
        fails on an import of its own raises that error unchanged.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if module != missing and not module.startswith(missing + "."):
            raise
        raise MissingExtraError(
            f"{missing} is needed here and is not installed; "
            f"run: python -m pip install 'pyhwnas[{extra}]'",
            name=missing,
        ) from error
