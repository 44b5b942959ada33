"""Where the C++ library that comes with the package lies."""

from __future__ import annotations

from pathlib import Path

import pyhwnas

__all__ = ["get_cmake_dir", "get_include"]


def get_cmake_dir() -> str:
    """Return the folder with which CMake finds the C++ library of the kernels.

    Returns
    -------
    str
        A value for ``CMAKE_PREFIX_PATH`` or ``pyhwnas_DIR``, with which
        ``find_package(pyhwnas CONFIG)`` gives the target ``pyhwnas::kernels``.

    Raises
    ------
    FileNotFoundError
        If this copy of the package was not installed and holds no library.

    Notes
    -----
    A package that is built by scikit-build-core needs no path: ``pyhwnas`` in the ``requires`` of
    its ``build-system`` is enough.
    """
    return _find("lib", "cmake", "pyhwnas")


def get_include() -> str:
    """Return the folder of the C++ headers, ``pyhwnas/moo.hpp`` and others.

    Returns
    -------
    str
        A folder for the compiler's include path.

    Raises
    ------
    FileNotFoundError
        If this copy of the package was not installed and holds no headers.
    """
    return _find("include")


def _find(*parts: str) -> str:
    # In an editable install the package is in two places: its source, and what was built.
    for root in pyhwnas.__path__:
        folder = Path(root, *parts)
        if folder.is_dir():
            return str(folder)
    raise FileNotFoundError(
        f"no {'/'.join(parts)} in {', '.join(pyhwnas.__path__)}: this copy of pyhwnas was not "
        "installed; use pip install, or cmake --install for C++ alone"
    )
