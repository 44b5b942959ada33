"""Networks and units that the tests of this folder share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from reference import network_by_definition

from pyhwnas import networks, spaces
from pyhwnas.networks import (
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    ChannelConv,
    Concat,
    Conv,
    Crop,
    GlobalAvgPool,
    Linear,
    MaxPool,
    Mul,
    Network,
    Node,
    Shuffle,
    Slice,
    Unit,
    chain,
    join,
)
from pyhwnas.networks.weights import tensors

MAP = (8, 9, 7)

SMALL_SPACES = {
    "mobilenetv3": spaces.MobileNetV3(resolutions=(64,), n_classes=10),
    "nasbench101": spaces.NASBench101(resolution=8, stem_channels=16),
    "nasbench201": spaces.NASBench201(resolution=8),
}

UNITS = {
    "identity": chain(MAP),
    "pointwise": chain(MAP, Conv(5, 1)),
    "stride": chain(MAP, Conv(6, 5, stride=2, bias=True)),
    "grouped": chain(MAP, Conv(12, 3, groups=4)),
    "depthwise": chain(MAP, Conv(8, 7, stride=2, groups=8)),
    "dilated": chain(MAP, Conv(6, 3, dilation=2, bias=True)),
    "even": chain(MAP, Conv(6, 2, stride=2)),
    "norm": chain(MAP, BatchNorm()),
    "vector": chain((8,), Linear(6), Activation("relu"), Linear(3, bias=False)),
    "classifier": chain(MAP, GlobalAvgPool(), Linear(4)),
    "slice": chain(MAP, Slice(3)),
    "crop": chain(MAP, Crop(2)),
    "shuffle": chain(MAP, Shuffle(4)),
    "residual": chain(MAP, Conv(8, 3), BatchNorm(), residual=True),
    "gate": Unit(
        (MAP,),
        (
            Node(Conv(8, 3), (0,)),
            Node(GlobalAvgPool(), (1,)),
            Node(Conv(8, bias=True), (2,)),
            Node(Activation("hsigmoid"), (3,)),
            Node(Mul(), (1, 4)),
        ),
    ),
    "channel attention": Unit(
        (MAP,),
        (
            Node(GlobalAvgPool(), (0,)),
            Node(ChannelConv(3), (1,)),
            Node(Activation("sigmoid"), (2,)),
            Node(Mul(), (0, 3)),
        ),
    ),
    "twice": Unit((MAP,), (Node(Add(), (0, 0)), Node(Mul(), (1, 0)))),
    "unused": Unit((MAP,), (Node(Conv(4, 1), (0,)), Node(Conv(4, 3), (0,)))),
    **{
        f"{pool.__name__}{kernel}": chain(MAP, pool(kernel, stride, padding))
        for pool in (MaxPool, AvgPool)
        for kernel, stride, padding in ((2, 2, 0), (3, 1, 1), (3, 2, 1))
    },
    **{
        kind: chain(MAP, Activation(kind))
        for kind in ("relu", "relu6", "hswish", "hsigmoid", "sigmoid", "silu", "gelu")
    },
}

JOINS = {
    "add2": join(Add(), [MAP] * 2),
    "add4": join(Add(), [MAP] * 4),
    "one": join(Add(), [MAP]),
    "concat": join(Concat(), [(3, 9, 7), (1, 9, 7), (4, 9, 7)]),
    "mul": Unit((MAP, (8, 1, 1)), (Node(Mul(), (0, 1)),)),
}


def random_networks(name: str, count: int, seed: int = 0) -> list[Network]:
    space = SMALL_SPACES[name]
    X = spaces.sample(space, 4 * count, np.random.default_rng(seed))
    alive = space.unit_ids(X, live=True)[:, -1] != networks.ABSENT
    return [networks.build(space, x) for x in X[alive][:count]]


def as_if_trained(network: Network) -> dict[str, npt.ArrayLike]:
    """Make weights in which a mistake shows: no zeros or ones, statistics near the true ones.

    Arbitrary statistics would let activations grow until rounding float32 weights alone moves
    the output of a deep network by more than the tests allow.
    """
    rng = np.random.default_rng(7)
    made: dict[str, npt.ArrayLike] = {}
    values = [rng.normal(size=(2, *network.input_shape))]
    for node, name in zip(network.graph.nodes, network.names, strict=True):
        sources = [values[source] for source in node.inputs]
        own = tensors(node.op, sources[0].shape[1:], name, seed=0) if name else {}
        for key in [key for key in own if own[key].ndim == 1]:
            noise = rng.uniform(-0.2, 0.2, own[key].shape)
            true = {"weight": 1.0, "bias": 0.0}
            true |= _statistics(sources[0]) if key.endswith(("mean", "var")) else {}
            own[key] = (true[key.rpartition(".")[2]] * (1 + noise) + 0.1 * abs(noise)).astype("f")
        plain = {key.rpartition(".")[2]: np.asarray(own[key], np.float64) for key in own}
        values.append(network_by_definition.apply(node.op, sources, plain, batch_statistics=False))
        made |= own
    return made


def _statistics(x: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    """Take mean and variance; a channel that hardly varies would only blow up rounding errors."""
    variance = x.var((0, 2, 3))
    return {"running_mean": x.mean((0, 2, 3)), "running_var": variance + variance.mean()}
