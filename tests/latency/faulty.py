"""A backend that refuses some models and dies of others."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

from pyhwnas.latency.backends.onnxruntime import OnnxRuntimeBackend


@dataclass(frozen=True)
class FaultyBackend:
    """ONNX Runtime, but for models with certain words in them."""

    kills: str = ""
    refuses: str = ""
    once: str = ""
    unwritten: str = ""
    threads: int = 1
    clock: str = "cpu"
    name = "faulty"
    precision = "fp32"

    def encode(self, graph, batch):
        encoded = OnnxRuntimeBackend().encode(graph, batch)
        if self.unwritten and self.unwritten.encode() in encoded.model:
            raise NotImplementedError("no form for this")
        return encoded

    def version(self):
        return "1"

    def load(self, model, feeds):
        if self.kills and self.kills.encode() in model:
            if self.once and os.path.exists(self.once):
                return OnnxRuntimeBackend().load(model, feeds)
            if self.once:
                open(self.once, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        if self.refuses and self.refuses.encode() in model:
            raise NotImplementedError("no kernel for this")
        run = OnnxRuntimeBackend().load(model, feeds)
        return run if self.clock == "cpu" else lambda flush_bytes: -1
