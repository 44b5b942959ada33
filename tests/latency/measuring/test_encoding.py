"""Encoders that die, here and in processes of their own."""

from __future__ import annotations

import pytest
from latency.faulty import FaultyBackend
from latency.toy import ALL, CONV, POOL, Toy

from pyhwnas.errors import DeviceError, LatencyTableError, MissingExtraError
from pyhwnas.latency import measure_networks, profile
from pyhwnas.latency.backends.onnxruntime import OnnxRuntimeBackend
from pyhwnas.latency.measuring.encoding import Model, write_models
from pyhwnas.networks import build
from pyhwnas.networks.onnx import to_onnx

MODELS = [Model("conv", CONV), Model("pool", POOL), Model("conv again", CONV, cold=True)]


def written(folder, backend, models=MODELS):
    steps = []
    items, failed = write_models(models, folder, backend, 1, steps.append)
    return items, failed, [step.done for step in steps]


def test_a_unit_that_kills_the_encoder_is_named_and_the_rest_is_timed(quick):
    backend = FaultyBackend(aborts="avgpool")
    found = profile(Toy(), backend=backend, processes=1, settings=quick, probes=1, held_out=1)
    assert next(iter(found.failed)) == POOL.key
    assert found.failed[POOL.key].startswith("the encoding process died (status -6)")
    assert CONV.key in found.entries


def test_an_encoder_that_dies_once_gets_another_chance(tmp_path):
    backend = FaultyBackend(aborts="avgpool", once=str(tmp_path / "died"))
    items, failed, done = written(tmp_path, backend)
    assert failed == {}
    assert list(items)[1:] == ["conv", "pool", "conv again"]
    assert done == [0, 1, 2, 2, 3, 4]  # what was written before is not written again


def test_an_encoder_that_dies_when_it_has_written_everything_is_no_models_fault(tmp_path):
    items, failed, done = written(tmp_path, FaultyBackend(aborts_late="conv"))
    assert failed == {}
    assert list(items)[1:] == [model.key for model in MODELS]
    assert done == [0, 1, 2, 3, 4]


def test_a_process_of_its_own_writes_the_same(tmp_path):
    network = Model("network", build(Toy(), ALL[5]))
    data = Model("bytes", to_onnx(network.graph).SerializeToString())
    folders = [tmp_path / "here", tmp_path / "there"]
    found = []
    for folder, backend in zip(
        folders, (OnnxRuntimeBackend(), FaultyBackend(aborts="none")), strict=True
    ):
        folder.mkdir()
        items, failed, done = written(folder, backend, [*MODELS, network, data])
        assert failed == {}
        assert done == list(range(7))
        models = [(folder / item["model"]).read_bytes() for item in items.values()]
        about = [
            [*map(tuple, item["inputs"].values()), item["cold"], item["bytes"]]
            for item in items.values()
        ]
        found.append((list(items), models, about))
    assert found[0] == found[1]


def test_what_is_no_models_fault_is_raised(tmp_path, quick):
    with pytest.raises(MissingExtraError, match="no_such_package is needed here") as caught:
        written(tmp_path, FaultyBackend(lacks="no_such_package"))
    assert caught.value.name == "no_such_package"
    with pytest.raises(DeviceError, match="refuses the anchor network: the encoding process died"):
        written(tmp_path, FaultyBackend(aborts="conv"))
    with pytest.raises(OSError, match=r"No space left on device: 'tuning\.log'"):
        written(tmp_path, FaultyBackend(fills="tuning.log"))
    (tmp_path / "0002.model").mkdir()
    for backend in (OnnxRuntimeBackend(), FaultyBackend(aborts="none")):
        with pytest.raises(IsADirectoryError, match=r"0002\.model"):
            written(tmp_path, backend)


def test_networks_that_kill_the_encoder_fail_one_by_one(quick):
    networks = {"a": build(Toy(), [2, 1]), "b": build(Toy(), [1, 1])}
    with pytest.raises(
        LatencyTableError, match="network a could not be timed: the encoding process died"
    ):
        measure_networks(
            networks, backend=FaultyBackend(aborts="left_conv"), processes=1, settings=quick
        )
