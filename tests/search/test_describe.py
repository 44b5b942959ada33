"""Descriptions: equal where things mean the same, and a list of what differs."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyhwnas import Search, optimizers, spaces
from pyhwnas._describe import decode, describe, differences, encode

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@dataclass(frozen=True)
class Setting:
    table: np.ndarray
    fn: object = len
    threads: int = field(default=1, compare=False)


class Opaque:
    pass


class Described(Opaque):
    def describe(self):
        return {"path": Path("a/b"), "limit": np.float64(2)}


@settings(max_examples=50)
@given(JSON)
def test_a_description_of_json_is_stable(value):
    description = describe(value)
    assert json.loads(json.dumps(description)) == description
    assert differences(description, json.loads(json.dumps(description))) == []


@settings(max_examples=50)
@given(JSON, JSON)
def test_what_differs_is_listed(a, b):
    a, b = describe(a), describe(b)
    assert bool(differences(a, b)) == bool(differences(b, a))
    assert differences(a, b) or a == b


def test_dataclasses_arrays_and_functions():
    one, other = (Setting(np.arange(3), threads=t) for t in (1, 8))
    assert describe(one) == describe(other)
    assert describe(one)["fn"] == "builtins.len"
    changed = Setting(np.array([0, 1, 3]))
    (line,) = differences(describe(one), describe(changed))
    assert line.startswith("table.sha256: stored ")


def test_a_file_inside_a_package_may_move():
    assert describe(optimizers.NSGA2) == "pyhwnas.optimizers.NSGA2"
    assert describe(Search) == "pyhwnas.Search"
    assert describe(Described) == f"{__name__}.Described"


def test_spaces_have_stable_descriptions():
    assert describe(spaces.NASBench201()) == {
        "type": "pyhwnas.spaces.NASBench201",
        "n_classes": 10,
        "resolution": 32,
    }
    plan = spaces.NASBench201().plan
    assert describe(plan)["fingerprint"] == plan.fingerprint


def test_other_objects():
    assert describe(Described()) == {"path": str(Path("a/b")), "limit": 2.0}
    assert describe(functools.partial(max, 1, key=abs))["keywords"] == {"key": "builtins.abs"}
    assert describe(float("inf")) == "inf"
    assert describe({2, 1}) == [1, 2]
    assert describe(Described().describe)["self"] == describe(Described())
    with pytest.raises(TypeError, match="make it a frozen dataclass"):
        describe(Opaque())


def test_differences_name_the_place():
    stored = {"type": "P", "objectives": [{"type": "A", "seed": 0}, {"type": "B", "seed": 0}]}
    now = {"type": "P", "objectives": [{"type": "A", "seed": 0}, {"type": "B", "seed": 1}]}
    assert differences(stored, now) == ["objectives[1].seed: stored 0, now 1"]
    assert differences(stored, {**now, "more": True})[-1] == "more: stored nothing, now True"
    assert differences({"type": "A", "x": 1}, {"type": "B", "y": 2}) == ["type: stored A, now B"]
    assert differences([1], [1, 2]) == ["value: stored [1], now [1, 2]"]
    assert differences(1, True) == ["value: stored 1, now True"]


def test_state_keeps_arrays_and_their_types():
    aux = {
        "swarm": np.arange(6, dtype=np.int8).reshape(3, 2),
        "chances": [5, None],
        "x": np.int64(3),
    }
    read = decode(encode(aux))
    assert read["swarm"].dtype == np.int8
    np.testing.assert_array_equal(read["swarm"], aux["swarm"])
    assert read["chances"] == [5, None]
    assert read["x"] == 3
    with pytest.raises(TypeError, match="JSON values and arrays"):
        encode({"rng": np.random.default_rng()})
