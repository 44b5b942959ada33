"""Latency on ONNX Runtime's CPU execution provider."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from pyhwnas._optional import require
from pyhwnas.latency.backends import Feeds, Runner

__all__ = ["OnnxRuntimeBackend"]

ERRORS_ONLY = 3


@dataclass(frozen=True, slots=True)
class OnnxRuntimeBackend:
    """ONNX Runtime on the CPU in float32, all graph optimisations on.

    Parameters
    ----------
    threads : int
        Threads within an operator; operators run one after the other.
    """

    threads: int = 1

    def __post_init__(self) -> None:
        if self.threads < 1:
            raise ValueError(f"threads: expected at least 1, got {self.threads}")

    @property
    def name(self) -> str:
        """Always ``"onnxruntime"``."""
        return "onnxruntime"

    @property
    def precision(self) -> str:
        """Always ``"fp32"``: this provider computes in the precision of the model's tensors."""
        return "fp32"

    def version(self) -> str:
        """Version of the installed onnxruntime."""
        return str(require("onnxruntime", extra="search").__version__)

    def load(self, model: bytes, feeds: Feeds) -> Runner:
        """Create a session and bind its inputs and outputs to memory of their own."""
        ort = require("onnxruntime", extra="search")
        session = ort.InferenceSession(
            model, self._options(ort), providers=["CPUExecutionProvider"]
        )
        binding = session.io_binding()
        for name, array in feeds.items():
            binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array))
        # Output shapes may depend on the batch: one plain run tells them.
        names = [output.name for output in session.get_outputs()]
        for name, result in zip(names, session.run(names, dict(feeds)), strict=True):
            binding.bind_ortvalue_output(name, ort.OrtValue.ortvalue_from_numpy(result))
        return functools.partial(session.run_with_iobinding, binding)

    def _options(self, ort: Any) -> Any:
        options = ort.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = ERRORS_ONLY
        # Random weights can reach denormal numbers, on which some CPUs are a hundred times slower.
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        # Many sessions are alive at once; the idle ones must not spin on the core being timed.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        return options
