"""Fingerprints: identity must match, context may differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pyhwnas.latency import device, fingerprint
from pyhwnas.latency.backends.onnxruntime import OnnxRuntimeBackend
from pyhwnas.latency.device import IDENTITY, cpu_of


@pytest.fixture(scope="module")
def here():
    return fingerprint(OnnxRuntimeBackend())


def test_this_device_has_a_name(here):
    assert here.cpu
    assert here.backend == "onnxruntime"
    assert here.threads == here.batch == 1
    assert here.cores >= 1
    assert here.memory_gib > 0


@pytest.mark.parametrize(
    ("lines", "board", "name"),
    [
        ("cpu family: 25\nmodel: 17\nmodel name: AMD EPYC", "", "AMD EPYC (family 25, model 17)"),
        ("cpu family: 6\nmodel: 85\nmodel name: Xeon @ 2.80GHz", "", "Xeon @ 2.80GHz"),
        ("CPU implementer: 0x41\nCPU part: 0xd08", "Raspberry Pi 4", "Raspberry Pi 4 0x41 0xd08"),
        ("processor: 0", "", ""),
    ],
)
def test_the_kernel_names_the_cpu(lines, board, name):
    assert cpu_of(f"{lines}\nflags: fpu sse", board) == (name, {"fpu", "sse"})


def test_it_is_itself(here):
    again = fingerprint(OnnxRuntimeBackend())
    assert here.differences(again) == []
    assert here.warnings(replace(again, load=99.0)) == []


@pytest.mark.parametrize("name", IDENTITY)
def test_any_part_of_the_identity_counts(here, name):
    other = replace(here, **{name: ("none",) if name == "instruction_sets" else "other"})
    (difference,) = here.differences(other)
    assert name.replace("_", " ") in difference
    assert here.warnings(other) == []


def test_context_only_warns(here):
    other = replace(here, kernel="other", governor="powersave")
    assert here.differences(other) == []
    assert len(here.warnings(other)) == 2


def test_files_that_a_container_has_cached_give_way(tmp_path, monkeypatch):
    monkeypatch.setattr(device, "GROUP", tmp_path)
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("990\n")
    assert device.available_bytes() == 10
    (tmp_path / "memory.stat").write_text("anon 90\nactive_file 100\ninactive_file 800\n")
    assert device.available_bytes() == 810
    (tmp_path / "memory.max").write_text("max\n")
    assert device.available_bytes() > 1000


def test_threads_are_part_of_the_backend():
    assert fingerprint(OnnxRuntimeBackend(2)).threads == 2
    with pytest.raises(ValueError, match="at least 1"):
        OnnxRuntimeBackend(0)
