"""Small plan programs, written down by hand or drawn at random."""

from __future__ import annotations

import itertools

import numpy as np
from reference.synflow_by_definition import OPCODES, shapes_of_weights


class Unit:
    """Collects the nodes of one unit and works out their shapes."""

    def __init__(self, *input_shapes):
        self.inputs = list(input_shapes)
        self.shapes = list(input_shapes)
        self.rows = []
        self.operands = []

    def node(self, name, *inputs, out=None, k=1, s=1, p=0, g=1, dilation=1, bias=False):
        """Add a node and return the index of its value."""
        c, h, w = self.shapes[inputs[0]]
        if name in ("conv", "maxpool", "avgpool"):
            reach = (k - 1) * dilation + 1
            h, w = ((x + 2 * p - reach) // s + 1 for x in (h, w))
        if name == "global_avgpool":
            h = w = 1
        if name in ("conv", "linear", "slice"):
            c = out
        if name == "crop":
            h, w = out
        if name == "concat":
            c = sum(self.shapes[i][0] for i in inputs)
        self.rows.append([OPCODES[name], c, h, w, k, s, p, g, dilation, int(bias)])
        self.operands.append(list(inputs))
        self.shapes.append((c, h, w))
        return len(self.shapes) - 1


def _offsets(lengths):
    return np.cumsum([0, *lengths], dtype=np.int32)


def program(slots, units):
    """Arrays of a program; slots: a list of input lists, units: a list of Unit."""
    operands = [inputs for unit in units for inputs in unit.operands]
    return {
        "slot_input_offsets": _offsets([len(inputs) for inputs in slots]),
        "slot_inputs": np.array([i for inputs in slots for i in inputs], dtype=np.int32),
        "unit_offsets": _offsets([len(unit.rows) for unit in units]),
        "unit_input_offsets": _offsets([len(unit.inputs) for unit in units]),
        "unit_input_shapes": np.array(
            [shape for unit in units for shape in unit.inputs], dtype=np.int32
        ).reshape(-1, 3),
        "nodes": np.array([row for unit in units for row in unit.rows], dtype=np.int32).reshape(
            -1, 10
        ),
        "node_input_offsets": _offsets([len(inputs) for inputs in operands]),
        "node_inputs": np.array([i for inputs in operands for i in inputs], dtype=np.int32),
    }


def one_unit(unit):
    """A program of one slot, and the ids of its one network."""
    return program([[-1] * len(unit.inputs)], [unit]), np.zeros((1, 1), dtype=np.int32)


def chain_of_choices():
    """A stem and four slots of three units each, and its 81 networks, with no two alike."""
    shape = (3, 7, 6)
    units = [Unit(shape) for _ in range(4)]
    for unit, kernel in zip(units, (3, 1, 3, 5), strict=True):
        unit.node(
            "relu", unit.node("batchnorm", unit.node("conv", 0, out=3, k=kernel, p=kernel // 2))
        )
    rows = [[0, *choice] for choice in itertools.product((1, 2, 3), repeat=4)]
    return program([[-1], [0], [1], [2], [3]], units), np.array(rows, dtype=np.int32)


def diamond():
    """Slots: stem, two optional branches, a join of what is there, a head."""
    shape = (4, 6, 6)
    stem, conv, skip, join, head, alone = (
        Unit((3, 6, 6)), Unit(shape), Unit(shape), Unit(shape, shape), Unit(shape), Unit(shape)
    )  # fmt: skip
    stem.node("conv", 0, out=4, k=3, p=1)
    conv.node("conv", conv.node("relu", 0), out=4, k=3, p=1)
    join.node("add", 0, 1)
    head.node("linear", head.node("global_avgpool", 0), out=2)
    return program([[-1], [0], [0], [1, 2], [3]], [stem, conv, skip, join, head, alone])


DIAMOND_ROWS = [
    [0, 1, 1, 3, 4],
    [0, 1, 2, 3, 4],
    [0, 2, 2, 3, 4],
    [0, -1, 1, 5, 4],
    [0, 2, -1, 2, 4],
]
"""Networks of the diamond that have a path."""


def random_unit(rng, n_nodes):
    """A unit of random nodes whose last node gathers all values that nothing else uses."""
    unit = Unit((int(rng.integers(1, 5)), *(int(x) for x in rng.integers(1, 9, 2))))
    unit.node("conv", 0, out=int(rng.integers(1, 7)), k=3, p=1)
    for _ in range(n_nodes):
        at = int(rng.integers(len(unit.shapes)))
        c, h, w = unit.shapes[at]
        same = [i for i, shape in enumerate(unit.shapes) if shape == (c, h, w)]
        alike = [i for i, shape in enumerate(unit.shapes) if shape[1:] == (h, w)]
        k, s, dilation = (int(rng.integers(1, top)) for top in (4, 3, 3))
        reach = (k - 1) * dilation + 1
        p = int(rng.integers(0, reach // 2 + 1))
        fits = min(h, w) + 2 * p >= reach
        kinds = "conv activation pool add mul concat slice gate crop shuffle"
        kind = rng.choice(kinds.split())
        if kind == "conv" and fits:
            divisors = [g for g in range(1, c + 1) if c % g == 0]
            g = int(rng.choice(divisors))
            unit.node(
                "conv", at, out=g * int(rng.integers(1, 4)), k=k, s=s, p=p, g=g,
                dilation=dilation, bias=bool(rng.integers(2)),
            )  # fmt: skip
        elif kind == "activation":
            unit.node(str(rng.choice([*OPCODES][2:10])), at)
        elif kind == "pool" and min(h, w) + 2 * (k // 2) >= k:
            unit.node(str(rng.choice(["avgpool", "maxpool"])), at, k=k, s=s, p=k // 2)
        elif kind in ("add", "mul"):
            others = [int(i) for i in rng.choice(same, 2)]
            unit.node(kind, *others)
        elif kind == "concat" and c < 8:
            unit.node("concat", at, int(rng.choice(alike)))
        elif kind == "slice":
            unit.node("slice", at, out=int(rng.integers(1, c + 1)))
        elif kind == "crop":
            unit.node("crop", at, out=tuple(int(rng.integers(1, size + 1)) for size in (h, w)))
        elif kind == "shuffle":
            divisors = [g for g in range(1, c + 1) if c % g == 0]
            unit.node("shuffle", at, g=int(rng.choice(divisors)))
        elif kind == "gate":
            gate = unit.node("global_avgpool", at)
            if rng.integers(2):
                gate = unit.node("channel_conv", gate, k=2 * k - 1)
            else:
                gate = unit.node("linear", gate, out=c, bias=bool(rng.integers(2)))
            unit.node("mul", at, unit.node(str(rng.choice(["hsigmoid", "sigmoid"])), gate))
    loose = set(range(len(unit.shapes))) - {i for inputs in unit.operands for i in inputs}
    ends = []
    for at in sorted(loose):
        end = unit.node("global_avgpool", at)
        ends.append(unit.node("linear", end, out=3))
    unit.node("add", *ends)
    return unit


def random_weights(arrays, unit_ids, seed=0):
    """For each (slot, unit) of a population the (weight, bias) of its nodes with weights."""
    rng = np.random.default_rng(seed)
    made = {}
    for slot, unit in sorted(
        {(s, int(u)) for row in unit_ids for s, u in enumerate(row) if u >= 0}
    ):
        first = int(arrays["unit_input_offsets"][unit])
        values = [tuple(x) for x in arrays["unit_input_shapes"][first:]]
        values = values[: arrays["unit_input_offsets"][unit + 1] - first]
        pairs = []
        for j in range(arrays["unit_offsets"][unit], arrays["unit_offsets"][unit + 1]):
            row, source = arrays["nodes"][j], arrays["node_inputs"][arrays["node_input_offsets"][j]]
            shapes = shapes_of_weights(row, values[source])
            if shapes is not None:
                # In float32, so that both precisions score the same network.
                pairs.append(tuple(rng.random(shape).astype(np.float32) for shape in shapes))
            values.append(tuple(row[1:4]))
        if pairs:
            made[slot, unit] = pairs
    return made
