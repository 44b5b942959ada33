"""ONNX models in lower precision, by ONNX Runtime's own tools."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pyhwnas._optional import require
from pyhwnas.latency.backends import Feeds

__all__ = ["to_fp16", "to_int8"]

BATCHES = 2
ERRORS_ONLY = 3


def to_fp16(model: bytes) -> bytes:
    """Convert weights and operations to float16; inputs and outputs stay float32.

    Parameters
    ----------
    model : bytes
        A serialised ONNX model in float32.

    Returns
    -------
    bytes
    """
    onnx = require("onnx", extra="search")
    float16 = require("onnxruntime.transformers.float16", extra="search")
    proto = onnx.load_from_string(model)
    converted = float16.convert_float_to_float16(proto, keep_io_types=True)
    data: bytes = converted.SerializeToString()
    return data


def to_int8(model: bytes, inputs: Mapping[str, tuple[int, ...]], *, seed: int = 0) -> bytes:
    """Quantise a model statically: weights int8 by channel, activations uint8 by tensor.

    Parameters
    ----------
    model : bytes
        A serialised ONNX model in float32.
    inputs : mapping of str to tuple of int
        Shapes of its inputs.
    seed : int
        Of the normal inputs that the ranges of activations are calibrated on. A latency depends
        on which operations are quantised, not on how well.

    Returns
    -------
    bytes
        A model in QDQ form (QuantizeLinear and DequantizeLinear around each operation).

    Notes
    -----
    Batch normalisations are folded first, since they have no integer kernel and would keep
    convolutions from being fused with the conversions; those not beside one stay in float32. uint8
    activations are what ONNX Runtime's CPU kernels compute with; int8 ones are converted where its
    optimiser can, and where it cannot the convolution stays in float32.
    """
    quantization = require("onnxruntime.quantization", extra="search")
    with tempfile.TemporaryDirectory(prefix="pyhwnas-") as name:
        target = Path(name) / "int8.onnx"
        folded = _folded(model, Path(name) / "folded.onnx")
        left = [node.name for node in folded.graph.node if node.op_type == "BatchNormalization"]
        quantization.quantize_static(
            folded,
            target,
            _Calibration(inputs, seed),
            quant_format=quantization.QuantFormat.QDQ,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
            nodes_to_exclude=left,
        )
        return target.read_bytes()


def _folded(model: bytes, path: Path) -> Any:
    """Run the optimisations that do not depend on the device."""
    ort = require("onnxruntime", extra="search")
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.log_severity_level = ERRORS_ONLY
    ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    proto = require("onnx", extra="search").load(path)
    # The quantiser asks for this step in a warning, unless a model says that it has had it.
    require("onnxruntime.quantization.quant_utils", extra="search").add_pre_process_metadata(proto)
    return proto


class _Calibration:
    """A few random inputs; ONNX Runtime asks for one after the other until it gets None."""

    def __init__(self, inputs: Mapping[str, tuple[int, ...]], seed: int) -> None:
        self._feeds = _draw(inputs, np.random.default_rng(seed))

    def get_next(self) -> Feeds | None:
        return next(self._feeds, None)


def _draw(inputs: Mapping[str, tuple[int, ...]], rng: np.random.Generator) -> Iterator[Feeds]:
    for _ in range(BATCHES):
        yield {name: rng.standard_normal(shape, dtype=np.float32) for name, shape in inputs.items()}
