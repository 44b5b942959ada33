"""What holds for every runtime: it profiles a space, says what it executes and keeps its core."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from latency.faulty import FaultyBackend
from latency.toy import ALL, Toy

from pyhwnas.errors import MissingExtraError
from pyhwnas.latency import LatencyBackend, Settings, measure_networks, profile
from pyhwnas.latency.backends import address, from_address
from pyhwnas.latency.backends.onnxruntime import OnnxRuntimeBackend
from pyhwnas.latency.backends.openvino import OpenVINOBackend
from pyhwnas.latency.backends.torch import TorchBackend
from pyhwnas.latency.backends.tvm import TVMBackend
from pyhwnas.networks import build

QUICK = Settings(rounds=2, calls=2, warmups=1, flush_bytes=2**16)
BACKENDS = {
    "onnxruntime": (OnnxRuntimeBackend(), "onnxruntime"),
    "onnxruntime fp16": (OnnxRuntimeBackend(1, "fp16"), "onnxruntime"),
    "onnxruntime int8": (OnnxRuntimeBackend(1, "int8"), "onnxruntime"),
    "torch": (TorchBackend(), "torch"),
    "openvino": (OpenVINOBackend(), "openvino"),
    "tvm untuned": (TVMBackend(trials=0), "tvm"),
}


@pytest.fixture(
    params=[
        pytest.param(name, marks=pytest.mark.slow if module in ("torch", "tvm") else ())
        for name, (_, module) in BACKENDS.items()
    ]
)
def backend(request):
    made, module = BACKENDS[request.param]
    pytest.importorskip(module)
    return made


def test_it_follows_the_protocol(backend):
    assert isinstance(backend, LatencyBackend)
    assert from_address(address(backend)) == backend
    assert backend.name
    assert backend.version()
    assert backend.threads == 1
    assert {"layout"} < backend.execution.keys()
    assert backend.precision.startswith(("fp32", "fp16", "int8", "bf16"))


def test_a_class_of_a_script_cannot_be_imported_elsewhere(monkeypatch):
    monkeypatch.setattr(FaultyBackend, "__module__", "__main__")
    with pytest.raises(TypeError, match="FaultyBackend of the script or notebook that runs"):
        address(FaultyBackend())


def test_it_profiles_a_space(backend):
    table = profile(Toy(), backend=backend, processes=1, settings=QUICK, probes=0, held_out=0)
    assert table.failed == {}
    assert table.covers(Toy())
    assert table.device.backend == backend.name
    assert table.device.precision == backend.precision
    assert table.protocol["clock"] == backend.clock
    assert table.protocol["statistic"] == "p25"
    assert table.protocol["execution"] == backend.execution
    assert np.all(table.predict(Toy(), ALL[5:6]) > 0)


def test_one_thread_stays_on_the_core_it_was_given(backend):
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system does not pin processes")
    script = textwrap.dedent(
        f"""
        import os
        import numpy as np
        from latency.toy import CONV
        from {type(backend).__module__} import {type(backend).__name__}
        backend = {backend!r}
        encoded = backend.encode(CONV, 1)
        core = {{max(os.sched_getaffinity(0))}}
        os.sched_setaffinity(0, core)
        feeds = {{name: np.ones(shape, np.float32) for name, shape in encoded.inputs.items()}}
        run = backend.load(encoded.model, feeds)
        run()
        assert os.sched_getaffinity(0) == core, os.sched_getaffinity(0)
        """
    )
    code = f"import sys; sys.path[:] = {sys.path!r}\n{script}"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_more_threads_use_the_wall_clock(backend):
    several = type(backend)(2)
    assert several.threads == 2
    assert several.clock == "wall"
    with pytest.raises(ValueError, match="at least 1"):
        type(backend)(0)


@pytest.mark.parametrize("backend", [OnnxRuntimeBackend(1, "int8"), OpenVINOBackend()], ids=repr)
def test_models_from_elsewhere(backend):
    pytest.importorskip(backend.name)
    data = OnnxRuntimeBackend().encode(build(Toy(), ALL[5]), 1).model
    found = measure_networks({"a": data}, backend=backend, processes=1, settings=QUICK)
    assert found["a"].ms > 0


@pytest.mark.parametrize(
    ("module", "extra", "backend"),
    [
        ("onnxruntime", "search", OnnxRuntimeBackend()),
        ("openvino", "openvino", OpenVINOBackend()),
        ("torch", "torch", TorchBackend()),
        ("tvm", "tvm", TVMBackend()),
    ],
)
def test_an_absent_package_is_named_with_the_extra_that_has_it(module, extra, backend, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"{module}.*pyhwnas\[{extra}\]"):
        backend.version()


def test_every_backend_is_an_entry_point():
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    points = project["entry-points"]["pyhwnas.backends"]
    made = {name: EntryPoint(name, value, "").load() for name, value in points.items()}
    assert made == {
        "onnxruntime": OnnxRuntimeBackend,
        "openvino": OpenVINOBackend,
        "torch": TorchBackend,
        "tvm": TVMBackend,
    }
