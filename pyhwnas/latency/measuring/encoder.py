"""The process that writes models: `python -m pyhwnas.latency.measuring.encoder FOLDER`.

Compilers, tuners and quantisers crash now and then; here they take nothing else along. What
happens goes to standard output, one JSON line each; `encoding` is the other end.
"""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pyhwnas.errors import MissingExtraError
from pyhwnas.latency.backends import LatencyBackend, from_address
from pyhwnas.networks import Network, Unit

__all__ = ["ORDER", "Numbered", "encode", "file_name", "main"]

ORDER = "encode.pickle"


class Numbered(NamedTuple):
    """A graph to encode, under a number of the caller's."""

    item: int
    graph: Unit | Network | bytes


def encode(
    graphs: Sequence[Numbered], backend: LatencyBackend, batch: int, folder: Path
) -> Iterator[dict[str, Any]]:
    """Write models into a folder, and tell of each before and after.

    Parameters
    ----------
    graphs : sequence of Numbered
    backend : LatencyBackend
    batch : int
        Inputs per inference.
    folder : Path

    Yields
    ------
    dict
        ``at`` before an item; then ``encoded`` with the shapes of its inputs and its size, or
        ``refused`` with the reason.

    Raises
    ------
    MissingExtraError
        If the backend lacks a package here.
    OSError
        If the disk is full, a compiler cannot be started, a connection is refused.
    """
    for item, graph in graphs:
        yield {"event": "at", "item": item}
        try:
            encoded = backend.encode(graph, batch)
        except (MissingExtraError, OSError):  # the machine's fault, and no model's
            raise
        except Exception as error:  # whatever a runtime's tools raise
            yield {"event": "refused", "item": item, "error": f"{type(error).__name__}: {error}"}
            continue
        path = folder / file_name(item)
        try:
            path.write_bytes(encoded.model)
        except OSError as error:
            error.filename = str(path)  # which is not told where the disk is full
            raise
        size = len(encoded.model)
        yield {"event": "encoded", "item": item, "inputs": dict(encoded.inputs), "bytes": size}


def file_name(item: int) -> str:
    """Name the file of an encoded model."""
    return f"{item:04}.model"


def main(arguments: Sequence[str]) -> int:
    """Encode what the order in a folder asks for.

    Parameters
    ----------
    arguments : sequence of str
        The folder.

    Returns
    -------
    int
        Exit status, 0 also where models were refused.
    """
    folder = Path(arguments[0])
    order = pickle.loads((folder / ORDER).read_bytes())  # from the process that started this one
    backend = from_address(order["backend"])
    try:
        for event in encode(order["graphs"], backend, order["batch"], folder):
            _tell(event)
    except MissingExtraError as error:
        _tell({"event": "missing", "text": str(error), "package": error.name})
    except OSError as error:
        about = [error.errno, error.strerror or str(error), error.filename]
        _tell({"event": "unwritten", "error": about})
    return 0


def _tell(event: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
