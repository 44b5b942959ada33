"""What torch does with memory while it is timed."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

pytest.importorskip("torch")

PROGRAM = """
import resource
import numpy as np
from pyhwnas.latency.backends.torch import TorchBackend
from pyhwnas.networks import Unit

backend = TorchBackend()
calls = []
# Feature maps of some megabytes, of less, and of so many that malloc would map each by itself.
for channels, batch in ((64, 1), (96, 1), (16, 1), (64, 12)):
    encoded = backend.encode(Unit.parse(f"16x112x112: conv{channels}k1b relu conv64k1b"), batch)
    feeds = {name: np.ones(shape, np.float32) for name, shape in encoded.inputs.items()}
    calls.append(backend.load(encoded.model, feeds))
for call in calls * 5:
    call()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for call in calls * 5:
    call()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="speaks to glibc's malloc")
def test_feature_maps_come_from_memory_that_is_there():
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM], check=True, capture_output=True, text=True
    )
    assert int(done.stdout) < 50  # each map that came anew would cost hundreds of page faults
