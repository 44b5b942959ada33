"""Whatever vector instructions a machine has, results are the same to the last bit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyhwnas import _core

LEVELS = ["baseline", "avx2", "avx512"]
NAME_IT = "from pyhwnas import _core; print(_core.simd_level())"


def run(level, *arguments):
    environment = {k: v for k, v in os.environ.items() if k != "PYHWNAS_SIMD"}
    if level is not None:
        environment["PYHWNAS_SIMD"] = level
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def levels():
    """Those of this machine, the one that it chooses by itself last."""
    widest = run(None, "-c", NAME_IT).stdout.strip()
    return LEVELS[: LEVELS.index(widest) + 1]


def test_all_levels_give_the_same_bits(levels):
    battery = str(Path(__file__).with_name("battery.py"))
    hashes = {}
    for level in levels:
        done = run(level, battery)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found["level"] == level
        hashes[level] = found["hashes"]
    expected = hashes["baseline"]
    without_vectors = {"simd_level", "synflow_tape"}
    kernels = {name for name in dir(_core) if not name.startswith("_")} - without_vectors
    assert {case.partition(":")[0] for case in expected} == kernels, "battery.py lacks a kernel"
    for level, got in hashes.items():
        differing = [case for case in expected if got.get(case) != expected[case]]
        assert not differing, f"{level} differs from baseline"


def test_a_level_can_be_chosen(levels):
    for level in levels:
        assert run(level, "-c", NAME_IT).stdout.strip() == level
    assert run("", "-c", NAME_IT).stdout.strip() == levels[-1]


def test_a_wrong_level_is_one_sentence():
    done = run("sse9", "-c", NAME_IT)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last == "ImportError: PYHWNAS_SIMD must be baseline, avx2 or avx512, got sse9"


def test_a_level_that_the_machine_does_not_have_is_one_sentence(levels):
    if levels == LEVELS:
        pytest.skip("this machine has every level")
    last = run("avx512", "-c", NAME_IT).stderr.strip().splitlines()[-1]
    expected = f"PYHWNAS_SIMD must be at most {levels[-1]} on this machine, got avx512"
    assert last == f"ImportError: {expected}"
