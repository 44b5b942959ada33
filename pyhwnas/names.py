"""Classes by the names that their packages gave them, or by file or module."""

from __future__ import annotations

import dataclasses
import importlib
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from pyhwnas.errors import PyhwnasError

__all__ = ["construct", "load", "names"]


def names(kind: str) -> list[str]:
    """List the names that packages have given to their ``spaces``, ``optimizers``, ``backends``."""
    return sorted(point.name for point in entry_points(group=f"pyhwnas.{kind}"))


def load(kind: str, name: str) -> Any:
    """Find a class by the name that its package gave it, or by file or module."""
    head, colon, attribute = name.rpartition(":")
    if not colon:
        known = {point.name: point for point in entry_points(group=f"pyhwnas.{kind}")}
        if name not in known:
            raise ValueError(
                f"unknown name {name!r} among {kind}; expected one of {', '.join(sorted(known))}, "
                "'file.py:Name' or 'module:Name'"
            )
        return known[name].load()
    try:
        module = _module_from_file(Path(head)) if head.endswith(".py") else None
        return getattr(module or importlib.import_module(head), attribute)
    except (ImportError, AttributeError, OSError) as error:
        raise ValueError(f"cannot load {name!r} ({error}); expected 'file.py:Name'") from error
    except Exception as error:  # whatever the lines of somebody's file do
        raise ValueError(f"cannot load {name!r} ({_told(error)}); correct the file") from error


def _told(error: Exception) -> str:
    """Say what was raised, and on which line."""
    line = traceback.extract_tb(error.__traceback__)[-1]
    at = "" if isinstance(error, SyntaxError) else f", {Path(line.filename).name}:{line.lineno}"
    return f"{type(error).__name__}: {error}{at}"


def _module_from_file(path: Path) -> Any:
    """Import a file by its name, so that what it defines can be pickled by workers."""
    path = path.resolve()
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    module = importlib.import_module(path.stem)
    if Path(module.__file__ or "").resolve() != path:
        raise ImportError(
            f"another module is called {path.stem!r} ({module.__file__}); rename {path.name}"
        )
    return module


def construct(cls: Callable[..., Any], options: Mapping[str, Any], what: str) -> Any:
    """Call a class with options from a file or a command line; what it raises is a ValueError."""
    arguments = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}
    if dataclasses.is_dataclass(cls):
        takes = [f.name for f in dataclasses.fields(cls) if f.init]
        if unknown := [name for name in arguments if name not in takes]:
            raise ValueError(
                f"{what}: unknown option {unknown[0]!r}; expected one of {', '.join(takes)}"
            )
        for field in dataclasses.fields(cls):
            value = arguments.get(field.name, 0)
            if field.type == "int" and (not isinstance(value, int) or isinstance(value, bool)):
                raise ValueError(f"{what}: {field.name}: expected a whole number, got {value!r}")
    try:
        return cls(**arguments)
    except PyhwnasError:
        raise
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what}: {error}") from error
    except Exception as error:  # whatever the lines of somebody's file do
        raise ValueError(f"{what} cannot be made ({_told(error)}); correct its code") from error
