"""Things as JSON: what they are, compared when a run is opened again, and what they hold."""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import json
import os
import sys
from collections.abc import Mapping
from enum import Enum
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["Json", "decode", "describe", "describe_fields", "differences", "encode"]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def describe(value: object) -> Json:
    """Describe a value as JSON that is equal where two values mean the same.

    Parameters
    ----------
    value : object
        An object with a ``describe()`` method or a ``fingerprint`` string, a dataclass, an array,
        a function, a plain value, or a collection of these.

    Returns
    -------
    JSON value
        A dataclass becomes ``{"type": public name, field: ...}`` with the fields that its
        constructor takes (not those with ``compare=False``, such as a number of threads), an
        array its SHA-256, a function its public name: that in the outermost package
        that offers it.

    Raises
    ------
    TypeError
        For an object of which nothing is known: a guess could call two different runs equal.
    """
    plain = _plain(value)
    if plain is not _UNKNOWN:
        return plain
    method = getattr(value, "describe", None)
    if callable(method) and not isinstance(value, type):
        return describe(method())
    fingerprint = getattr(value, "fingerprint", None)
    if isinstance(fingerprint, str):
        return {"type": _name(type(value)), "fingerprint": fingerprint}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return describe_fields(value)
    return _callable(value)


def describe_fields(value: DataclassInstance) -> dict[str, Json]:
    """Describe a dataclass by its fields, whether it has a ``describe()`` method or not."""
    fields = [f.name for f in dataclasses.fields(value) if f.init and f.compare]
    return {"type": _name(type(value))} | {f: describe(getattr(value, f)) for f in fields}


_UNKNOWN: Any = object()


def _plain(value: object) -> Json:
    result: Any = _UNKNOWN
    match value:
        case Enum():
            result = f"{_name(type(value))}.{value.name}"
        case None | bool() | int() | str():
            result = value
        case float():
            # JSON has no infinity.
            result = value if np.isfinite(value) else str(value)
        case np.generic():
            result = describe(value.item())
        case np.ndarray():
            result = _array(value)
        case bytes():
            result = {"type": "bytes", "sha256": hashlib.sha256(value).hexdigest()}
        case os.PathLike():
            result = os.fspath(value)
        case Mapping():
            result = {str(key): describe(item) for key, item in value.items()}
        case list() | tuple():
            result = [describe(item) for item in value]
        case set() | frozenset():
            result = sorted((describe(item) for item in value), key=repr)
    return result  # type: ignore[no-any-return]


def _array(value: np.ndarray[Any, Any]) -> Json:
    if value.dtype.hasobject:
        return {"type": "array", "values": describe(value.tolist())}
    digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
    shape: list[Json] = [int(size) for size in value.shape]
    return {"type": "array", "dtype": value.dtype.str, "shape": shape, "sha256": digest}


def _callable(value: object) -> Json:
    if isinstance(value, functools.partial):
        return {
            "type": "partial",
            "function": describe(value.func),
            "args": describe(value.args),
            "keywords": describe(value.keywords),
        }
    if isinstance(value, type | FunctionType) or type(value) is type(len):
        return _name(value)
    owner = getattr(value, "__self__", None)
    if owner is not None and hasattr(value, "__func__"):
        return {"type": _name(value), "self": describe(owner)}
    if callable(value) and hasattr(value, "__wrapped__"):
        return describe(value.__wrapped__)
    raise TypeError(
        f"cannot describe a {_name(type(value))} in the file of a run: make it a frozen dataclass, "
        "or give it a method describe() that returns its settings as JSON"
    )


def _name(value: Any) -> str:
    """Name the outermost package that offers a thing: the file inside it may be another one day."""
    module, name = str(value.__module__), str(value.__qualname__)
    parts = module.split(".")
    packages = (".".join(parts[:end]) for end in range(1, len(parts)))
    offering = (p for p in packages if getattr(sys.modules.get(p), name, None) is value)
    return f"{next(offering, module)}.{name}"


def differences(stored: Json, now: Json, path: str = "") -> list[str]:
    """List where two descriptions differ.

    Parameters
    ----------
    stored, now : JSON value
        As made by `describe`.
    path : str
        Where in a larger description the two stand.

    Returns
    -------
    list of str
        Lines such as ``"objectives[1].seed: stored 0, now 1"``; empty where both are equal.

    Examples
    --------
    >>> differences({"seeds": [1, 2]}, {"seeds": [1, 3]})
    ['seeds[1]: stored 2, now 3']
    """
    if isinstance(stored, dict) and isinstance(now, dict):
        if stored.get("type") != now.get("type"):
            # Fields of two different types have nothing to do with each other.
            return [f"{path or 'type'}: stored {stored.get('type')}, now {now.get('type')}"]
        lines = []
        for key in dict.fromkeys([*stored, *now]):
            inner = f"{path}.{key}" if path else key
            if key in stored and key in now:
                lines += differences(stored[key], now[key], inner)
            else:
                before, after = (_short(d[key]) if key in d else "nothing" for d in (stored, now))
                lines.append(f"{inner}: stored {before}, now {after}")
        return lines
    if isinstance(stored, list) and isinstance(now, list) and len(stored) == len(now):
        pairs = enumerate(zip(stored, now, strict=True))
        return [line for i, (a, b) in pairs for line in differences(a, b, f"{path}[{i}]")]
    # True == 1 in Python, not in a description.
    if stored == now and isinstance(stored, bool) == isinstance(now, bool):
        return []
    return [f"{path or 'value'}: stored {_short(stored)}, now {_short(now)}"]


def _short(value: Json, limit: int = 120) -> str:
    text = str(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def encode(aux: object) -> str:
    """Write an optimizer's state as JSON, arrays with dtype, shape and base64 data."""

    def array(value: object) -> Json:
        if isinstance(value, np.generic):
            return value.item()  # type: ignore[no-any-return]
        if not isinstance(value, np.ndarray) or value.dtype.hasobject:
            raise TypeError(f"aux: expected JSON values and arrays, got {type(value).__name__}")
        data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
        return {"dtype": value.dtype.str, "shape": list(value.shape), "data": data}

    return json.dumps(aux, default=array)


def decode(text: str) -> Any:
    """Read what `encode` wrote."""

    def array(value: dict[str, Any]) -> object:
        if value.keys() != {"dtype", "shape", "data"}:
            return value
        flat = np.frombuffer(base64.b64decode(value["data"]), dtype=value["dtype"])
        return flat.reshape(value["shape"])

    return json.loads(text, object_hook=array)
