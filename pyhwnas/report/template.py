"""Templates of pages, and the files that travel beside them in the package."""

from __future__ import annotations

import importlib.resources
from typing import Any

from pyhwnas._optional import require
from pyhwnas.report.text import DASH, count, number, percent, plural

__all__ = ["packaged", "template"]


def template(package: str, name: str) -> Any:
    """Load a Jinja template that escapes what it is given and knows how numbers are written.

    Parameters
    ----------
    package, name : str
        Where it lies, such as ``"pyhwnas.report"``, and its file.

    Returns
    -------
    jinja2.Template
        A name that it is not given is an error.
    """
    jinja2 = require("jinja2", extra="search")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals |= {
        "count": count,
        "number": number,
        "percent": percent,
        "plural": plural,
        "dash": DASH,
    }
    return environment.from_string(packaged(package, name))


def packaged(package: str, name: str) -> str:
    """Read a text file of a package."""
    return importlib.resources.files(package).joinpath(name).read_text(encoding="utf-8")
