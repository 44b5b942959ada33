"""Tables of several runtimes side by side, each with its own error on whole networks.

    python -m bench.backends [--backends NAME,...] [--rounds N] [--processes N] [--held-out N]
    python -m bench.backends --tvm [--trials N]

For each runtime and space some units are profiled, and the sums checked on whole networks that
are made of them. With ``--tvm``, ten units and one whole network are tuned and timed; that takes a
while, once.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from bench.record import RESULTS, save
from pyhwnas.latency import LatencyBackend, LatencyTable, Settings, measure_networks, profile
from pyhwnas.latency.backends.onnxruntime import OnnxRuntimeBackend
from pyhwnas.latency.backends.openvino import OpenVINOBackend
from pyhwnas.latency.backends.torch import TorchBackend
from pyhwnas.latency.backends.tvm import TVMBackend
from pyhwnas.networks import build
from pyhwnas.spaces import MobileNetV3, NASBench201, Space, sample

NAME = "backends"
BACKENDS: Mapping[str, LatencyBackend] = {
    "onnxruntime": OnnxRuntimeBackend(),
    "onnxruntime fp16": OnnxRuntimeBackend(1, "fp16"),
    "onnxruntime int8": OnnxRuntimeBackend(1, "int8"),
    "openvino": OpenVINOBackend(),
    "torch": TorchBackend(),
}
NETWORKS = 16


def spaces() -> dict[str, Space]:
    return {"nasbench201": NASBench201(), "mobilenetv3((64,))": MobileNetV3((64,))}


def some_units(space: Space, rng: np.random.Generator) -> list[str]:
    """Name the units of a few networks, and with them those of their recombinations."""
    X = sample(space, NETWORKS, rng)
    ids = np.unique(space.unit_ids(X, live=True))
    return [unit.key for unit in (space.plan.units[i] for i in ids if i >= 0) if unit.nodes]


def row(table: LatencyTable, seconds: float) -> dict[str, Any]:
    error = table.accuracy
    assert error is not None
    numbers = dataclasses.asdict(error) | {"probes": len(error.probes)}
    held_out = numbers.pop("held_out")
    return {
        "runtime": f"{table.device.backend} {table.device.backend_version}",
        "precision": table.device.precision,
        "clock": table.protocol["clock"],
        "units": len(table.entries),
        "failed": len(table.failed),
        "scale": table.scale,
        "anchor_ms": table.reference_ms,
        "contention": table.contention,
        "disturbed": table.disturbed,
        "seconds": seconds,
        **numbers,
        "held_out_ms": [[net["predicted_ms"], net["measured_ms"]] for net in held_out],
    }


def side_by_side(arguments: argparse.Namespace) -> dict[str, Any]:
    settings = Settings(rounds=arguments.rounds)
    found: dict[str, Any] = {}
    for place, space in spaces().items():
        units = some_units(space, np.random.default_rng(0))
        for name in arguments.backends.split(","):
            start = time.monotonic()
            table = profile(
                space,
                backend=BACKENDS[name],
                processes=arguments.processes,
                settings=settings,
                units=units,
                probes=3,
                held_out=arguments.held_out,
            )
            found.setdefault(place, {})[name] = row(table, round(time.monotonic() - start, 1))
            print(place, name, table.summary(), sep="\n", flush=True)
    return found


def tuned(arguments: argparse.Namespace) -> dict[str, Any]:
    """Ten units and one whole network of NAS-Bench-201, tuned; the same on ONNX Runtime."""
    space = NASBench201()
    units = [unit for unit in space.plan.units if unit.nodes][:10]
    network = build(space, sample(space, 1, np.random.default_rng(0))[0])
    graphs = {unit.key: unit for unit in units} | {network.arch: network}
    models = {name: OnnxRuntimeBackend().encode(graph, 1).model for name, graph in graphs.items()}
    rows: dict[str, Any] = {}
    for backend in (
        OnnxRuntimeBackend(),
        TVMBackend(trials=arguments.trials),
        TVMBackend(trials=0),
    ):
        start = time.monotonic()
        times = measure_networks(
            models, backend=backend, processes=1, settings=Settings(rounds=arguments.rounds)
        )
        rows[f"{backend.name} {backend.precision}"] = {
            "runtime": backend.version(),
            "seconds": round(time.monotonic() - start, 1),
            "ms": {name: reading.ms for name, reading in times.items()},
        }
    return rows


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--backends", default=",".join(BACKENDS))
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--held-out", type=int, default=6)
    parser.add_argument("--tvm", action="store_true")
    parser.add_argument("--trials", type=int, default=16)
    given = parser.parse_args(arguments)
    path = RESULTS / f"{NAME}.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    parts = {name: known[name] for name in ("side_by_side", "tuned") if name in known}
    if given.tvm:
        parts["tuned"] = tuned(given)
    else:
        parts["side_by_side"] = side_by_side(given)
    save(NAME, parts)


if __name__ == "__main__":
    main(sys.argv[1:])
