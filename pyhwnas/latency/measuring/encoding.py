"""Writing models for a backend, in a process of its own where that may crash."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from pyhwnas.errors import DeviceError, MissingExtraError
from pyhwnas.latency.backends import LatencyBackend, address
from pyhwnas.latency.measuring.encoder import ORDER, Numbered, encode, file_name
from pyhwnas.latency.measuring.host import run_module
from pyhwnas.latency.measuring.readings import ANCHOR
from pyhwnas.networks import Network, Unit

__all__ = ["Model", "OnStep", "Step", "write_models"]


ENCODER = "pyhwnas.latency.measuring.encoder"


class Model(NamedTuple):
    """Something to time: a unit, a network or a serialised ONNX model."""

    key: str
    graph: Unit | Network | bytes
    cold: bool = False


class Step(NamedTuple):
    """Where a preparation stands that takes its time.

    Parameters
    ----------
    doing : str
        ``"encoding models"``, ``"sending kB"`` or ``"loading models"``.
    done, total : int
    """

    doing: str
    done: int
    total: int


OnStep: TypeAlias = Callable[[Step], None]


def write_models(
    models: Sequence[Model],
    folder: Path,
    backend: LatencyBackend,
    batch: int,
    on_step: OnStep | None = None,
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Write models into a folder, once for all timing processes; the anchor comes first.

    Parameters
    ----------
    models : sequence of Model
        With distinct keys.
    folder : Path
    backend : LatencyBackend
    batch : int
        Inputs per inference.
    on_step : callable, optional
        Called before each model, and after the last.

    Returns
    -------
    tuple of dict
        By key: what the agent reads of each model, and why some could not be written. A model at
        which the encoding process died twice is one of these.

    Raises
    ------
    DeviceError
        If the anchor cannot be encoded, so that nothing can be timed.
    MissingExtraError
        If the backend lacks a package here.
    """
    everything = [Model(ANCHOR.key, ANCHOR), *models]
    items: dict[str, dict[str, Any]] = {}
    failed: dict[str, str] = {}
    with contextlib.closing(_events(everything, backend, batch, folder)) as events:
        for event in events:
            number = event["item"]
            model = everything[number]
            if event["event"] == "encoded":
                # Sessions hold weights about twice, and activations that are small beside 16 MiB.
                size = 2 * event["bytes"] + batch * 2**24
                about = {"model": file_name(number), "inputs": event["inputs"]}
                items[model.key] = about | {"cold": model.cold, "bytes": size}
            elif event["event"] == "refused":
                failed[model.key] = event["error"]
            elif on_step is not None:
                on_step(Step("encoding models", number, len(everything)))
            if ANCHOR.key in failed:
                raise DeviceError(
                    "nothing could be timed on this backend: it refuses the anchor network: "
                    f"{failed[ANCHOR.key]}"
                )
    if on_step is not None:
        on_step(Step("encoding models", len(everything), len(everything)))
    return items, failed


def _events(
    models: Sequence[Model], backend: LatencyBackend, batch: int, folder: Path
) -> Generator[dict[str, Any], None, None]:
    """Encode models here or in processes of their own, and tell of each as `encode` does."""
    graphs = [Numbered(number, model.graph) for number, model in enumerate(models)]
    if getattr(backend, "encodes_here", False):
        yield from encode(graphs, backend, batch, folder)
        return
    died_at: int | None = None
    while graphs:
        order = {"backend": address(backend), "batch": batch, "graphs": graphs}
        (folder / ORDER).write_bytes(pickle.dumps(order))
        at: int | None = None
        with run_module(ENCODER, str(folder)) as talk:
            for event in talk.events():
                _raise_what_ended(event)
                at = event["item"]
                if event["event"] != "at":
                    graphs = [graph for graph in graphs if graph.item != at]
                yield event
        # A process that dies when all is written, as some runtimes do at their end, has done it.
        if not graphs:
            return
        reason = talk.death("encoding process")
        if at is None:
            raise DeviceError(f"nothing could be timed on this backend: {reason}")
        if at != graphs[0].item:  # it died between two models
            continue
        # The second time at the same model, that one is given up.
        if at == died_at:
            yield {"event": "refused", "item": at, "error": reason}
            del graphs[0]
        died_at = at


def _raise_what_ended(event: Mapping[str, Any]) -> None:
    """Raise here what is no model's fault in the other process."""
    match event["event"]:
        case "missing":
            raise MissingExtraError(event["text"], name=event["package"])
        case "unwritten":
            raise OSError(*event["error"])
