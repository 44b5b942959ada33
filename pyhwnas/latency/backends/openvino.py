"""Latency on OpenVINO's CPU plugin."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pyhwnas._optional import require
from pyhwnas.latency.backends import Clock, Encoded, Feeds, Runner

if TYPE_CHECKING:
    from pyhwnas.networks import Network, Unit

__all__ = ["OpenVINOBackend"]

DEVICE = "CPU"
CONFIG = {
    "INFERENCE_PRECISION_HINT": "f32",
    "PERFORMANCE_HINT": "LATENCY",
    "NUM_STREAMS": "1",
    # The process has chosen its core already.
    "ENABLE_CPU_PINNING": "NO",
    # Random weights can reach denormal numbers, on which some CPUs are far slower.
    "CPU_DENORMALS_OPTIMIZATION": "YES",
}
EXECUTED = {"f32": "fp32", "f16": "fp16", "bf16": "bf16"}


@dataclass(frozen=True, slots=True)
class OpenVINOBackend:
    """OpenVINO on the CPU, tuned for latency: one stream, float32 asked for.

    Parameters
    ----------
    threads : int
        Threads of its one stream.
    """

    threads: int = 1

    def __post_init__(self) -> None:
        if self.threads < 1:
            raise ValueError(f"threads: expected at least 1, got {self.threads}")

    @property
    def name(self) -> str:
        """Always ``"openvino"``."""
        return "openvino"

    @property
    def precision(self) -> str:
        """What a convolution is executed in, read from a compiled model.

        Without being asked for float32, OpenVINO takes bfloat16 where the CPU has it.
        """
        return _executed(self)

    @property
    def encodes_here(self) -> bool:
        """Always: `encode` only writes."""
        return True

    @property
    def clock(self) -> Clock:
        """CPU time of the process for one thread, since it may not be the caller's; else wall."""
        return "process" if self.threads == 1 else "wall"

    @property
    def execution(self) -> Mapping[str, str]:
        """The plugin, what it is asked for, and the layouts that it then works in."""
        return {
            "device": DEVICE,
            "layout": "NCHW at a graph's borders, the plugin's own within",
        } | CONFIG

    def version(self) -> str:
        """Version of the installed openvino, without its build."""
        return str(require("openvino", extra="openvino").__version__).partition("-")[0]

    def encode(self, graph: Unit | Network | bytes, batch: int) -> Encoded:
        """Write a model as ONNX."""
        from pyhwnas.latency.backends.onnx_model import encode_onnx

        return encode_onnx(graph, batch)

    def load(self, model: bytes, feeds: Feeds) -> Runner:
        """Compile a model for the shapes of its inputs."""
        openvino = require("openvino", extra="openvino")
        read = _core().read_model(model)
        read.reshape({name: list(array.shape) for name, array in feeds.items()})
        request = self._compiled(read).create_infer_request()
        for name, array in feeds.items():
            request.set_tensor(name, openvino.Tensor(array, shared_memory=True))
        return functools.partial(_infer, request, feeds)

    def _compiled(self, model: Any) -> Any:
        settings = CONFIG | {"INFERENCE_NUM_THREADS": str(self.threads)}
        return _core().compile_model(model, DEVICE, settings)


def _infer(request: Any, feeds: Feeds) -> None:
    """Run a request whose inputs lie in `feeds`, which are kept alive here."""
    request.infer()


@functools.cache
def _core() -> Any:
    return require("openvino", extra="openvino").Core()


@functools.cache
def _executed(backend: OpenVINOBackend) -> str:
    openvino = require("openvino", extra="openvino")
    ops = require("openvino.opset13", extra="openvino")
    x = ops.parameter([1, 8, 8, 8], np.float32)
    weights = ops.constant(np.ones((8, 8, 1, 1), np.float32))
    conv = ops.convolution(x, weights, [1, 1], [0, 0], [0, 0], [1, 1])
    runtime = backend._compiled(openvino.Model([conv], [x])).get_runtime_model()
    (kind,) = {
        info["runtimePrecision"].value
        for info in (op.get_rt_info() for op in runtime.get_ops())
        if info["layerType"].value == "Convolution"
    }
    return EXECUTED.get(kind, str(kind))
