"""FBNets: measured as a whole, and added up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyhwnas import spaces
from pyhwnas.benchmarks import FBNetCost, FBNetMeasured
from pyhwnas.testing import check_objective


@pytest.mark.data
def test_measured_fbnets_are_sums(data: Path) -> None:
    measured = FBNetMeasured(data)
    assert len(measured.names) == 27 + 2
    for device in ("raspi4", "pixel3", "eyeriss", "fpga"):
        cost = FBNetCost(measured.space, f"{device}_latency", data)  # type: ignore[arg-type]
        ratio = cost(measured.X) / measured.values(f"{device}_latency_ms")
        assert np.abs(ratio - 1).max() < 1e-6
    check_objective(cost)


def test_what_an_fbnet_can_cost() -> None:
    with pytest.raises(ValueError, match="a device and _latency or _energy"):
        FBNetCost(spaces.FBNet(), "raspi4")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a resolution of 32 or 224"):
        FBNetCost(spaces.FBNet(resolution=64), "raspi4_latency")
