"""Latency of PyTorch modules, run eagerly on a CPU or as a captured graph on a CUDA device."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from pyhwnas._optional import require
from pyhwnas.latency.backends import Clock, Encoded, Feeds, Runner

if TYPE_CHECKING:
    from pyhwnas.networks import Network, Unit

__all__ = ["TorchBackend"]

Device = Literal["cpu", "cuda"]
WARMUPS = 3
# glibc's numbers for `mallopt`: from which size on free memory is given back, at most this one, and
# how many blocks may be mappings of their own, which are given back at once.
M_TRIM_THRESHOLD, MOST_TRIM = -1, 2**31 - 1
M_MMAP_MAX = -4


@dataclass(frozen=True, slots=True)
class TorchBackend:
    """PyTorch in float32 and inference mode, feature maps with channels last.

    Parameters
    ----------
    threads : int
        Threads within an operator, on the CPU.
    device : {"cpu", "cuda"}
        On a CUDA device a model is captured once as a graph; its replay is timed by events on the
        device. TensorFloat-32 is off.

    Notes
    -----
    On the CPU, torch asks malloc for every feature map. glibc gives large ones back to the system
    or keeps them, by what the process did before, and getting them back costs page faults: measured
    MobileNetV3 networks took 0.9 to 1.5 times what tables said, and three tables were off by 7.8 to
    10 %. The process that takes the time is told to keep them (`mallopt`): two were off by 1.6 and
    2.8 %. A program does so too with a large ``MALLOC_TRIM_THRESHOLD_`` and
    ``MALLOC_MMAP_MAX_=0`` in its environment.
    """

    threads: int = 1
    device: Device = "cpu"

    def __post_init__(self) -> None:
        if self.threads < 1:
            raise ValueError(f"threads: expected at least 1, got {self.threads}")
        if self.device not in get_args(Device):
            raise ValueError(f"device: expected {', '.join(get_args(Device))}, got {self.device!r}")

    @property
    def name(self) -> str:
        """``"torch"`` or ``"torch cuda"``."""
        return "torch" if self.device == "cpu" else "torch cuda"

    @property
    def device_name(self) -> str:
        """Name of the CUDA device; empty for this machine's CPU."""
        if self.device == "cpu":
            return ""
        return str(require("torch", extra="torch").cuda.get_device_name())

    @property
    def gpu(self) -> str:
        """UUID of the CUDA device, by which its energy is counted; empty for this machine's CPU.

        CUDA numbers the devices that it is shown, in an order of its own.
        """
        if self.device == "cpu":
            return ""
        cuda = require("torch", extra="torch").cuda
        uuid = str(cuda.get_device_properties(cuda.current_device()).uuid)
        return uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}"

    @property
    def precision(self) -> str:
        """Always ``"fp32"``: the lower precisions that torch may choose by itself are off."""
        return "fp32"

    @property
    def encodes_here(self) -> bool:
        """Always: `encode` only writes."""
        return True

    @property
    def clock(self) -> Clock:
        """CPU time of the calling thread if it does all the work, else wall clock or events."""
        if self.device == "cuda":
            return "runner"
        return "cpu" if self.threads == 1 else "wall"

    @property
    def execution(self) -> Mapping[str, str]:
        """What makes the calls, and what they work with."""
        return {
            "mode": "eager" if self.device == "cpu" else "CUDA graph",
            "layout": "channels_last",
            "float32_matmul_precision": "highest",
            "cudnn.allow_tf32": "False",
            "flush_denormal": "True",
        } | ({"freed_memory": "kept, by glibc"} if self.device == "cpu" else {})

    def version(self) -> str:
        """Version of the installed torch."""
        return str(require("torch", extra="torch").__version__)

    def encode(self, graph: Unit | Network | bytes, batch: int) -> Encoded:
        """Write a model as Python source that needs torch alone."""
        from pyhwnas.networks import Network, to_source

        if isinstance(graph, bytes):
            raise TypeError(
                "torch runs units and networks of a space, not serialised ONNX models; "
                "use the backend onnxruntime for those"
            )
        shapes = graph.graph.inputs if isinstance(graph, Network) else graph.inputs
        inputs = {f"input{i}": (batch, *shape) for i, shape in enumerate(shapes)}
        return Encoded(to_source(graph).encode(), inputs)

    def load(self, model: bytes, feeds: Feeds) -> Runner:
        """Make the module with random weights and move it, and its inputs, to the device."""
        torch = require("torch", extra="torch")
        _keep_freed_memory()
        torch.set_num_threads(self.threads)
        # Random weights can reach denormal numbers, on which some CPUs are far slower.
        torch.set_flush_denormal(True)
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = False
        torch.manual_seed(0)
        namespace: dict[str, Any] = {"__name__": "model"}
        exec(compile(model, "model.py", "exec"), namespace)
        layout = torch.channels_last
        module = namespace["Model"]().eval().to(self.device, memory_format=layout)
        tensors = [torch.from_numpy(array).to(self.device) for array in feeds.values()]
        tensors = [x.to(memory_format=layout) if x.dim() == 4 else x for x in tensors]
        run = functools.partial(_infer, torch.inference_mode, module, *tensors)
        return run if self.device == "cpu" else _captured(torch, run)


def _keep_freed_memory() -> None:
    """Tell malloc not to give memory back to the system, where it is glibc's."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, MOST_TRIM)
        mallopt(M_MMAP_MAX, 0)


def _infer(inference_mode: Callable[[], Any], module: Callable[..., object], *x: object) -> object:
    with inference_mode():
        return module(*x)


def _captured(torch: Any, run: Callable[[], object]) -> Callable[[int], int]:
    """Capture what `run` does on the device; replay it between two events."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(WARMUPS):  # libraries choose their kernels; a capture allows no such thing
            run()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    buffer = _flush_buffer(torch.cuda.current_device())
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def replay(flush_bytes: int) -> int:
        if flush_bytes:  # the device's cache, whatever that of its host
            buffer.zero_()
        start.record()
        graph.replay()
        end.record()
        end.synchronize()
        return int(start.elapsed_time(end) * 1e6)

    return replay


@functools.cache
def _flush_buffer(device: int) -> Any:
    """Memory that fills a device's cache twice, one for all models of the process."""
    torch = require("torch", extra="torch")
    size = 2 * torch.cuda.get_device_properties(device).L2_cache_size
    return torch.empty(max(size, 1), dtype=torch.uint8, device=torch.device("cuda", device))
