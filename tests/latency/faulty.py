"""A backend that refuses some models and dies of others."""

from __future__ import annotations

import atexit
import errno
import functools
import os
import signal
from dataclasses import dataclass

from pyhwnas._optional import require
from pyhwnas.latency.backends.onnxruntime import OnnxRuntimeBackend


@dataclass(frozen=True)
class FaultyBackend:
    """ONNX Runtime, but for models with certain words in them."""

    kills: str = ""
    kills_later: str = ""
    refuses: str = ""
    once: str = ""
    unwritten: str = ""
    aborts: str = ""
    aborts_late: str = ""
    lacks: str = ""
    fills: str = ""
    threads: int = 1
    clock: str = "cpu"
    name = "faulty"
    precision = "fp32"

    @property
    def encodes_here(self):
        return not (self.aborts or self.aborts_late or self.lacks or self.fills)

    def encode(self, graph, batch):
        encoded = OnnxRuntimeBackend().encode(graph, batch)
        if self.unwritten and self.unwritten.encode() in encoded.model:
            raise NotImplementedError("no form for this")
        if self.aborts and self.aborts.encode() in encoded.model:
            if self.once and os.path.exists(self.once):
                return encoded
            if self.once:
                open(self.once, "w").close()
            os.abort()
        if self.aborts_late and self.aborts_late.encode() in encoded.model:
            atexit.register(os.abort)
        if self.fills:
            raise OSError(errno.ENOSPC, "No space left on device", self.fills)
        if self.lacks:
            require(self.lacks, extra="search")
        return encoded

    @property
    def execution(self):
        return {"provider": "faulty"}

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
        if self.kills_later and self.kills_later.encode() in model:
            return functools.partial(_second_kills, run, [])
        return run if self.clock == "cpu" else lambda flush_bytes: -1


def _second_kills(run, calls):
    calls.append(1)
    if len(calls) > 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return run()
