"""Latency of code that Apache TVM tunes and compiles, here or on a device of an RPC tracker."""

from __future__ import annotations

import functools
import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyhwnas._optional import require
from pyhwnas.latency.backends import Clock, Encoded, Feeds, Runner
from pyhwnas.latency.backends.tvm_device import Tracker, limit_threads

if TYPE_CHECKING:
    from pyhwnas.networks import Network, Unit

__all__ = ["TVMBackend"]

LIBRARY = "pyhwnas.so"


@dataclass(frozen=True, slots=True)
class TVMBackend:
    """Apache TVM's compiler, with schedules found by its meta-schedule.

    Models are compiled where networks are known (`encode`) to a shared library, which is all that
    the measuring side loads. Operators are tuned before: each once, since what is found is kept.

    Parameters
    ----------
    threads : int
        Threads within an operator.
    trials : int
        Candidates that are compiled and timed for each distinct operator. 0 leaves operators as
        they are, some twenty times slower: such a table says so in its precision.
    rpc : str
        ``"host:port/key"``: measure, and tune, on a device of a tracker's kind `key`; else here.
    target : str
        What to compile for, as a JSON object such as ``'{"kind": "llvm", "mtriple":
        "aarch64-linux-gnu", "mcpu": "cortex-a72"}'``; by default the CPU at hand.
    compiler : str
        Links the library for such a target, for example ``"aarch64-linux-gnu-g++"``; by default
        the host's own compiler.
    folder : str
        Where tuning records are kept, by default the user's cache.

    Notes
    -----
    Candidates are drawn at random from the schedules that meta-schedule allows: its evolutionary
    search spent thirty times as long between them, and its cost model needs a further package.
    Candidates run in the encoding process; one that crashes ends it, and the next goes on from the
    records. Before the first one TVM spends most of a minute
    on loading its tensor intrinsics.
    """

    threads: int = 1
    trials: int = 64
    rpc: str = ""
    target: str = ""
    compiler: str = ""
    folder: str = ""

    def __post_init__(self) -> None:
        if self.threads < 1 or self.trials < 0:
            raise ValueError(
                "threads must be at least 1 and trials at least 0, "
                f"got {self.threads} and {self.trials}"
            )
        if self.rpc:
            Tracker.parse(self.rpc)
            if not self.target:
                raise ValueError(
                    "target: a device behind a tracker cannot be asked what it is; "
                    'state it, for example {"kind": "llvm", "mtriple": "aarch64-linux-gnu"}'
                )

    @property
    def name(self) -> str:
        """Always ``"tvm"``."""
        return "tvm"

    @property
    def device_name(self) -> str:
        """The key of a tracker's devices; empty for this machine."""
        return Tracker.parse(self.rpc).key if self.rpc else ""

    @property
    def precision(self) -> str:
        """``"fp32"``: a compiler computes as it is told; untuned code is told apart here."""
        return "fp32" if self.trials else "fp32 untuned"

    @property
    def clock(self) -> Clock:
        """Here CPU time for one thread, else the wall clock; TVM's own time evaluator over RPC."""
        if self.rpc:
            return "runner"
        return "cpu" if self.threads == 1 else "wall"

    @property
    def execution(self) -> Mapping[str, str]:
        """How schedules are found, what runs them and in which layout."""
        return {
            "schedules": "meta_schedule, replay-trace" if self.trials else "none",
            "executor": "relax.VirtualMachine",
            "layout": "NCHW",
            "TVM_BIND_THREADS": "0",
        }

    def version(self) -> str:
        """Version of the installed apache-tvm, and what the code depends on besides."""
        tvm = require("tvm", extra="tvm")
        wanted = json.dumps(self.target_dict(), sort_keys=True)
        return f"{tvm.__version__}, {self.trials} trials, {wanted}"

    def target_dict(self) -> dict[str, Any]:
        """Return what to compile for, as TVM takes it; tuning needs the number of cores."""
        cpu = require("tvm.target.codegen", extra="tvm").llvm_get_system_cpu
        made = json.loads(self.target) if self.target else {"kind": "llvm", "mcpu": str(cpu())}
        return {**made, "num-cores": self.threads}

    def encode(self, graph: Unit | Network | bytes, batch: int) -> Encoded:
        """Tune a model's operators, where that has not been done, and compile it."""
        from pyhwnas.latency.backends.onnx_model import encode_onnx
        from pyhwnas.latency.backends.tvm_tuning import compile_tuned, compile_untuned

        encoded = encode_onnx(graph, batch)
        executable = (compile_tuned if self.trials else compile_untuned)(self, encoded)
        with tempfile.TemporaryDirectory(prefix="pyhwnas-") as folder:
            path = Path(folder) / LIBRARY
            executable.export_library(str(path), fcompile=self.linker())
            return encoded._replace(model=path.read_bytes())

    def linker(self) -> Any:
        """Return what makes a shared library for the target; None for the host's compiler."""
        if not self.compiler:
            return None
        return require("tvm.support.cc", extra="tvm").cross_compiler(self.compiler)

    def load(self, model: bytes, feeds: Feeds) -> Runner:
        """Load a library here, or send it to the device."""
        if self.rpc:
            return _remote(_session(self.rpc, self.threads), model, feeds)
        tvm = limit_threads(self.threads)
        with tempfile.TemporaryDirectory(prefix="pyhwnas-") as folder:
            path = Path(folder) / LIBRARY
            path.write_bytes(model)
            library = tvm.runtime.load_module(str(path))
        machine = tvm.relax.VirtualMachine(library, tvm.cpu())
        tensors = [tvm.runtime.tensor(array) for array in feeds.values()]
        return functools.partial(machine["main"], *tensors)


def _remote(session: Any, model: bytes, feeds: Feeds) -> Callable[[int], int]:
    """Load a library on a device and time it there: calls travel too long to be timed here."""
    tvm = require("tvm", extra="tvm")
    require("tvm.relax", extra="tvm")
    device = session.cpu()
    # A library that is in use must not be written over.
    name = f"{hashlib.sha256(model).hexdigest()[:16]}.so"
    session.upload(bytearray(model), name)
    machine = tvm.relax.VirtualMachine(session.load_module(name), device)
    tensors = [tvm.runtime.tensor(array, device) for array in feeds.values()]
    machine.set_input("main", *tensors)

    @functools.cache
    def evaluator(flush_bytes: int) -> Any:
        return machine.module.time_evaluator(
            "invoke_stateful", device, number=1, repeat=1, cache_flush_bytes=flush_bytes
        )

    def run(flush_bytes: int) -> int:
        return int(evaluator(flush_bytes)("main").results[0] * 1e9)

    return run


@functools.cache
def _session(rpc: str, threads: int) -> Any:
    return Tracker.parse(rpc).request(threads)
