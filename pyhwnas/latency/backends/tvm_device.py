"""Where TVM runs code: on the cores of this machine, or on a device that a tracker gives out."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from pyhwnas._optional import require

__all__ = ["Tracker", "limit_threads"]

THREAD_POOL = "runtime.config_threadpool"
BIG_CORES = 1


class Tracker(NamedTuple):
    """Where devices are asked for, and of which kind."""

    host: str
    port: int
    key: str

    @classmethod
    def parse(cls, text: str) -> Tracker:
        """Read ``host:port/key``."""
        address, _, key = text.partition("/")
        host, _, port = address.rpartition(":")
        if not (host and port.isdecimal() and key):
            raise ValueError(f"rpc: expected host:port/key, got {text!r}")
        return cls(host, int(port), key)

    def request(self, threads: int) -> Any:
        """Open a session on a free device; it lasts until the object is dropped."""
        rpc = require("tvm.rpc", extra="tvm")
        session = rpc.connect_tracker(self.host, self.port).request(self.key)
        session.get_function(THREAD_POOL)(BIG_CORES, threads)
        return session


def limit_threads(threads: int) -> Any:
    """Size TVM's thread pool in this process, and leave it on the cores it has; return TVM."""
    require("tvm.relax", extra="tvm")
    tvm = require("tvm", extra="tvm")
    os.environ["TVM_BIND_THREADS"] = "0"
    tvm.get_global_func(THREAD_POOL)(BIG_CORES, threads)
    return tvm
