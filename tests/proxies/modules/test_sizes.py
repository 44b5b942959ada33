"""Counts of modules equal those of networks."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from pyhwnas import networks
from pyhwnas.errors import EvaluationError
from pyhwnas.proxies.modules import l2_norm, macs, params
from tests.proxies.modules.examples import NETWORKS, POSITIVE, SHAPE, make


@pytest.mark.parametrize("name", NETWORKS)
def test_counts_equal_those_of_networks(name: str) -> None:
    network = NETWORKS[name]
    model = networks.to_torch(network)
    assert params(model) == networks.params(network)
    assert macs(model, network.input_shape) == networks.macs(network)


def test_shared_parameters_count_once_and_runs_each_time() -> None:
    model = make(POSITIVE["twice"])
    assert params(model) == 5 * 27 + 5 + 5 * 45 + 5 + 20 + 4 + 4
    assert macs(model, SHAPE) == 64 * (5 * 27 + 2 * 5 * 45) + 2 * 20


def test_l2_norm_sums_over_layers() -> None:
    model = nn.Sequential(nn.Conv1d(1, 2, 2), nn.BatchNorm1d(2), nn.Linear(2, 2))
    with torch.no_grad():
        model[0].weight.fill_(-1.0)
        model[2].weight.fill_(2.0)
    assert l2_norm(model) == pytest.approx(2.0 + 4.0)


def test_a_failing_forward_is_named() -> None:
    with pytest.raises(EvaluationError, match=r"forward of Sequential on input \(1, 3, 2, 2\)"):
        macs(make(POSITIVE["plain"]), (3, 2, 2))
