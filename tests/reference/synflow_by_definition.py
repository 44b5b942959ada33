"""Synflow by definition: dual numbers through the whole network, channel by channel.

Weights are given, or every weight is its mean, 0.5 / sqrt(fan_in). A value is a pair of float64
arrays (C, H, W): the value and the tangent, the derivative along the weights themselves.
"""

from __future__ import annotations

import math

import numpy as np

OPCODES = {
    name: code
    for code, name in enumerate(
        "conv linear batchnorm relu relu6 hswish hsigmoid sigmoid silu gelu maxpool avgpool "
        "global_avgpool add mul concat slice crop shuffle channel_conv".split()
    )
}
NAMES = {code: name for name, code in OPCODES.items()}


def conv(pair, own, out_c, kernel, stride, padding, groups, dilation):
    v, d = pair
    weight, bias = own
    channels, height, width = v.shape
    group_in, group_out = channels // groups, out_c // groups
    reach = (kernel - 1) * dilation + 1
    out_h = (height + 2 * padding - reach) // stride + 1
    out_w = (width + 2 * padding - reach) // stride + 1

    def apply(x):
        x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
        out = np.zeros((out_c, out_h, out_w))
        for o in range(out_c):
            first = o // group_out * group_in
            for c in range(first, first + group_in):
                for i in range(kernel):
                    for j in range(kernel):
                        out[o] += (
                            weight[o, c - first, i, j]
                            * x[
                                c,
                                i * dilation : i * dilation + stride * out_h : stride,
                                j * dilation : j * dilation + stride * out_w : stride,
                            ][:out_h, :out_w]
                        )
        return out

    return apply(v) + bias[:, None, None], apply(v + d)


def shapes_of_weights(row, shape):
    """Shapes of weight and bias of a node on an input of a shape; None without weights."""
    name = NAMES[int(row[0])]
    out_c, kernel, groups, bias = (int(row[i]) for i in (1, 4, 7, 9))
    if name == "channel_conv":
        return (1, 1, kernel), (0,)
    if name == "linear":
        kernel = groups = 1
    elif name != "conv":
        return None
    return (out_c, shape[0] // groups, kernel, kernel), (out_c * bias,)


def mean_weights(row, shape):
    shapes = shapes_of_weights(row, shape)
    if shapes is None:
        return None
    mean = 0.5 / math.sqrt(math.prod(shapes[0][1:]))
    return tuple(np.full(shape, mean) for shape in shapes)


def pool(pair, kind, kernel, stride, padding, dilation):
    v, d = pair
    channels, height, width = v.shape
    reach = (kernel - 1) * dilation + 1
    out_h = (height + 2 * padding - reach) // stride + 1
    out_w = (width + 2 * padding - reach) // stride + 1
    out_v, out_d = np.zeros((channels, out_h, out_w)), np.zeros((channels, out_h, out_w))
    for c in range(channels):
        for y in range(out_h):
            for x in range(out_w):
                taps = [
                    (y * stride - padding + i * dilation, x * stride - padding + j * dilation)
                    for i in range(kernel)
                    for j in range(kernel)
                ]
                taps = [(a, b) for a, b in taps if 0 <= a < height and 0 <= b < width]
                if kind == "maxpool":
                    best = max(taps, key=lambda at: v[c][at])  # the first of several
                    out_v[c, y, x], out_d[c, y, x] = v[c][best], d[c][best]
                else:
                    out_v[c, y, x] = np.mean([v[c][at] for at in taps])
                    out_d[c, y, x] = np.mean([d[c][at] for at in taps])
    return out_v, out_d


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _gelu_gate(x):
    return 0.5 * np.vectorize(math.erfc, otypes=[float])(-x / math.sqrt(2))


ACTIVATIONS = {
    "batchnorm": (lambda x: x, np.ones_like),
    "relu": (lambda x: x, np.ones_like),
    "relu6": (lambda x: np.minimum(x, 6), lambda x: (x < 6) * 1.0),
    "hswish": (
        lambda x: x * np.minimum(x + 3, 6) / 6,
        lambda x: np.where(x < 3, (2 * x + 3) / 6, 1.0),
    ),
    "hsigmoid": (lambda x: np.minimum(x + 3, 6) / 6, lambda x: np.where(x < 3, 1 / 6, 0.0)),
    "sigmoid": (_sigmoid, lambda x: np.exp(-x) * _sigmoid(x) ** 2),
    "silu": (
        lambda x: x * _sigmoid(x),
        lambda x: _sigmoid(x) * (1 + x * np.exp(-x) * _sigmoid(x)),
    ),
    "gelu": (
        lambda x: x * _gelu_gate(x),
        lambda x: _gelu_gate(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    ),
}


def run_node(row, pairs, own):
    name = NAMES[int(row[0])]
    out_c, out_h, out_w, kernel, stride, padding, groups, dilation, bias = (int(x) for x in row[1:])
    if name in ("conv", "linear"):
        own = own[0], own[1] if bias else np.zeros(out_c)
    if name == "conv":
        return conv(pairs[0], own, out_c, kernel, stride, padding, groups, dilation)
    if name == "linear":
        return conv(pairs[0], own, out_c, 1, 1, 0, 1, 1)
    if name in ACTIVATIONS:
        (v, d), (height, slope) = pairs[0], ACTIVATIONS[name]
        return height(v), slope(v) * d
    if name in ("maxpool", "avgpool"):
        return pool(pairs[0], name, kernel, stride, padding, dilation)
    if name == "global_avgpool":
        return tuple(x.mean(axis=(1, 2), keepdims=True) for x in pairs[0])
    if name == "add":
        return sum(v for v, _ in pairs), sum(d for _, d in pairs)
    if name == "mul":
        (v, d), (w, e) = pairs
        return v * w, d * w + v * e
    if name == "concat":
        return tuple(np.concatenate(parts) for parts in zip(*pairs, strict=True))
    if name == "slice":
        return tuple(x[:out_c] for x in pairs[0])
    if name == "crop":
        return tuple(x[:, x.shape[1] - out_h :, x.shape[2] - out_w :] for x in pairs[0])
    if name == "channel_conv":
        v, d = (np.pad(x[:, 0, 0], kernel // 2) for x in pairs[0])

        def mixed(line):
            return np.correlate(line, own[0].ravel(), "valid")[:, None, None]

        return mixed(v), mixed(v + d)
    assert name == "shuffle"
    order = np.arange(out_c).reshape(groups, -1).T.ravel()
    return tuple(x[order] for x in pairs[0])


def score(program, ids, weights=None):
    """The logarithm of the Synflow of one row of unit ids; program: a dict of arrays.

    weights: for (slot, unit) the pairs (weight, bias) of its nodes with weights; without them the
    expected score.
    """

    def cut(values, offsets, i):
        return values[offsets[i] : offsets[i + 1]]

    slots = []
    for s, unit in enumerate(ids):
        if unit < 0:
            slots.append(None)
            continue
        shapes = cut(program["unit_input_shapes"], program["unit_input_offsets"], unit)
        pairs = []
        for source in cut(program["slot_inputs"], program["slot_input_offsets"], s):
            if source >= 0 and slots[source] is None:
                continue
            if source >= 0:
                pairs.append(slots[source])
            else:
                shape = tuple(shapes[len(pairs)])
                pairs.append((np.ones(shape), np.zeros(shape)))
        if len(pairs) < len(shapes):
            return -math.inf
        given = iter(() if weights is None else weights.get((s, int(unit)), ()))
        for j in range(program["unit_offsets"][unit], program["unit_offsets"][unit + 1]):
            taken = cut(program["node_inputs"], program["node_input_offsets"], j)
            row, operands = program["nodes"][j], [pairs[k] for k in taken]
            own = mean_weights(row, operands[0][0].shape)
            if own is not None and weights is not None:
                own = next(given)
            pairs.append(run_node(row, operands, own))
            assert pairs[-1][0].shape == tuple(program["nodes"][j][1:4])
        has_nodes = program["unit_offsets"][unit] < program["unit_offsets"][unit + 1]
        slots.append(pairs[-1] if has_nodes else pairs[0])
    if slots[-1] is None:
        return -math.inf
    total = slots[-1][1].sum()
    return math.log(total) if total > 0 else -math.inf
