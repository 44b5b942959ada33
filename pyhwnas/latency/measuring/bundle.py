"""The agent and the modules that it imports as one zip file, for machines without this package."""

from __future__ import annotations

import ast
import importlib.util
import io
import zipfile
from collections.abc import Iterator, Mapping

__all__ = ["bundle", "source"]

AGENT = "pyhwnas.latency.measuring.agent"


def bundle(backend: str) -> bytes:
    """Pack what the agent needs to time models on a backend.

    Parameters
    ----------
    backend : str
        Dotted name of the backend's module.

    Returns
    -------
    bytes
        A zip file for ``PYTHONPATH``; the same modules make the same bytes.

    Notes
    -----
    Absolute imports at the top of modules are followed, within this package and the backend's own.
    Those within functions are not: a backend imports there what only `encode` needs, or libraries
    of the far machine. A package on the way to a module is empty unless it is imported itself.
    """
    own = {name.partition(".")[0] for name in (AGENT, backend)}
    found: dict[str, str] = {}
    open_ = [AGENT, backend]
    while open_:
        name = open_.pop()
        if name not in found:
            found[name] = source(name)
            open_ += [other for other in _imports(found[name]) if other.partition(".")[0] in own]
    return _zip(found)


def source(module: str) -> str:
    """Read the source of a module.

    Raises
    ------
    TypeError
        If it has none that can be read.
    """
    spec = importlib.util.find_spec(module)
    read = getattr(spec.loader, "get_source", None) if spec is not None else None
    text = read(module) if read is not None else None
    if text is None:
        raise TypeError(f"module {module} has no source in Python and cannot be run elsewhere")
    return str(text)


def _imports(text: str) -> Iterator[str]:
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and not node.level:
            yield node.module


def _zip(modules: Mapping[str, str]) -> bytes:
    parents = {
        name[:place]
        for name in modules
        for place, letter in enumerate(name)
        if letter == "." and name[:place] not in modules
    }
    packages = {name.rpartition(".")[0] for name in (*modules, *parents)}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name in sorted({*modules, *parents}):
            path = name.replace(".", "/") + ("/__init__.py" if name in packages else ".py")
            # Without a date, so that equal modules are equal files.
            file.writestr(zipfile.ZipInfo(path), modules.get(name, ""), zipfile.ZIP_DEFLATED)
    return data.getvalue()
