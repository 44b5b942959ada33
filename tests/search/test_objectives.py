"""Counters, table latency, and functions of one network."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
from search.toy import Toy, unplugged

from pyhwnas import DeviceError, EvaluationError, SpaceError, networks, objectives, spaces
from pyhwnas._describe import describe
from pyhwnas.testing import _TinySpace, check_objective

PROGRAM = Path(__file__).with_name("program.py")
SPACE = spaces.NASBench201()


class Table:
    """Milliseconds by the number of slots that run."""

    def predict(self, space, X):
        return (space.unit_ids(X, live=True) >= 0).sum(axis=1) * 0.25

    def describe(self):
        return {"table": "slots"}


def test_counters_agree_with_networks():
    X = spaces.sample(SPACE, 50, np.random.default_rng(0))
    live = SPACE.unit_ids(X, live=True)
    whole = (SPACE.unit_ids(X) == live).all(axis=1) & (live[:, -1] >= 0)
    built = [networks.build(SPACE, x) for x in X[whole]]
    assert whole.sum() > 10
    np.testing.assert_array_equal(
        objectives.Macs(SPACE)(X[whole]), [networks.macs(n) for n in built]
    )
    np.testing.assert_array_equal(
        objectives.Params(SPACE)(X[whole]), [networks.params(n) for n in built]
    )


@pytest.mark.parametrize(
    "objective",
    [
        objectives.Macs(SPACE),
        objectives.Params(spaces.MobileNetV3(resolutions=(64,))),
        objectives.Latency(SPACE, Table()),
        objectives.ModelSize(SPACE),
        objectives.PeakMemory(SPACE),
        objectives.PerNetwork(SPACE, networks.macs, name="m", sense="min", unit="MAC"),
    ],
    ids=lambda objective: objective.name,
)
def test_objectives_keep_their_promises(objective):
    check_objective(objective)


@pytest.mark.parametrize("name", ["Macs", "Params"])
def test_counters_say_what_they_are(name):
    counter = getattr(objectives, name)(SPACE)
    assert counter.name == name.lower()
    assert repr(counter) == f"{name}(space={SPACE!r})"
    assert describe(counter) == {
        "type": f"pyhwnas.objectives.{name}",
        "space": describe(SPACE),
    }
    counter(SPACE.all()[:1])
    copy = pickle.loads(pickle.dumps(counter))
    assert copy == counter == getattr(objectives, name)(spaces.NASBench201())
    assert hash(copy) == hash(counter)
    assert objectives.Macs(SPACE) != objectives.Params(SPACE)
    with pytest.raises(FrozenInstanceError):
        counter.space = SPACE


def test_counting_needs_a_plan():
    with pytest.raises(SpaceError, match="no plan"):
        objectives.Macs(_TinySpace())(np.zeros((1, 3), dtype=np.int64))


def test_a_function_that_fails_on_some_networks():
    def fussy(network):
        if networks.macs(network) > 40e6:
            raise MemoryError("too large for this board")
        return networks.macs(network)

    objective = objectives.PerNetwork(SPACE, fussy, name="fussy", sense="min")
    X = np.array([[3, 0, 0, 3, 0, 0], [1, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 0]])
    with pytest.raises(EvaluationError, match="2 of 3 rows") as caught:
        objective(X)
    assert np.isnan(caught.value.values).tolist() == [True, False, True]
    assert "MemoryError: too large" in caught.value.errors[0]
    assert "no path from its input to its output" in caught.value.errors[2]


@pytest.mark.parametrize("timeout", [None, 60.0])
def test_what_is_no_networks_fault_is_raised(timeout):
    objective = objectives.PerNetwork(SPACE, unplugged, name="board", sense="min", timeout=timeout)
    with pytest.raises(DeviceError, match="the board is unplugged"):
        objective(SPACE.all()[:2])


def test_a_timeout_needs_a_function_that_can_travel():
    with pytest.raises(ValueError, match="top level of a module"):
        objectives.PerNetwork(SPACE, lambda network: 1.0, name="f", sense="min", timeout=1)
    with pytest.raises(ValueError, match="seconds above 0"):
        objectives.PerNetwork(SPACE, networks.macs, name="f", sense="min", timeout=0)
    objective = objectives.PerNetwork(SPACE, networks.macs, name="f", sense="min", timeout=9)
    assert pickle.loads(pickle.dumps(objective)) == objective
    X = SPACE.all()[:1]
    assert objective(X) == networks.macs(networks.build(SPACE, X[0]))


def test_a_timeout_kills_and_other_rows_go_on():
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "timeout"], capture_output=True, text=True, timeout=50,
        check=True,
    )  # fmt: skip
    result = json.loads(done.stdout)
    network = networks.build(Toy(), [0, 0, 0, 0])
    assert result["values"] == [networks.macs(network), None, None, None]
    assert "ArithmeticError: three is too many" in result["errors"][1]
    assert "took more than 0.3 s and was killed" in result["errors"][2]
    assert "ended with code 7" in result["errors"][3]
    assert result["seconds"] < 40  # its child, which wants 60 s, went with it


def test_bytes_of_weights_and_of_feature_maps():
    X = SPACE.all()[[0, 5000, 15_000]]
    params = objectives.Params(SPACE)(X)
    np.testing.assert_array_equal(objectives.ModelSize(SPACE)(X), 4 * params / 1e6)
    np.testing.assert_array_equal(objectives.ModelSize(SPACE, 1)(X), params / 1e6)
    one = objectives.PeakMemory(SPACE)(X)
    many = objectives.PeakMemory(SPACE, 2, batch=8, threads=2)(X)
    np.testing.assert_allclose(many, 4 * one, rtol=1e-15)
    for kind in (objectives.ModelSize, objectives.PeakMemory):
        with pytest.raises(ValueError, match="bytes_per_value: expected 1, 2, 4 or 8, got 3"):
            kind(SPACE, 3)
    with pytest.raises(ValueError, match="batch"):
        objectives.PeakMemory(SPACE, batch=0)
