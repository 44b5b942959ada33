"""How much a network holds at once, by keeping a set of buffers."""

from __future__ import annotations

import math

IN_PLACE = {"bn", "relu", "relu6", "hswish", "hsigmoid", "sigmoid", "silu", "gelu"}


def peak_elements(unit):
    """Run through a graph and note which buffers somebody still needs after each operation."""
    buffer = list(range(len(unit.inputs)))
    size = {number: math.prod(shape) for number, shape in enumerate(unit.inputs)}
    alive = set(buffer)
    peak = sum(size[b] for b in alive)
    for position, node in enumerate(unit.nodes):
        later = {value for other in unit.nodes[position + 1 :] for value in other.inputs}
        result = len(buffer)
        shape = unit.shapes[result]
        if str(node.op) in IN_PLACE and not (set(node.inputs) & later):
            buffer.append(buffer[node.inputs[0]])
        else:
            buffer.append(result)
            size[result] = math.prod(shape)
            alive.add(result)
        peak = max(peak, sum(size[b] for b in alive))
        needed = later | ({result} if position == len(unit.nodes) - 1 else set())
        alive = {b for b in alive if any(buffer[v] == b for v in needed if v < len(buffer))}
    return peak
