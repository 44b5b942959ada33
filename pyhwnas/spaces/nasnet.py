"""A NASNet-style space of cells, the open-domain space of LaNAS and LaMOO on CIFAR."""

from __future__ import annotations

from dataclasses import dataclass

from pyhwnas.spaces.cells import CellSpace

__all__ = ["NASNet"]


@dataclass(frozen=True)
class NASNet(CellSpace):
    """A normal and a reduction cell whose nodes read any two earlier values.

    With six nodes and four operations there are (4^6 * 7!)^4, about 1.8e29, rows, and 9.5e25
    genotypes, in which the order of a node's two edges does not count.

    Parameters
    ----------
    n_nodes : int
        Nodes in a cell: 6 as in LaNAS, 5 in NASNet and NSGA-Net.
    operations : tuple of str
        Out of max_pool_3x3, avg_pool_3x3, skip_connect, sep_conv_3x3, sep_conv_5x5,
        sep_conv_7x7, dil_conv_3x3, dil_conv_5x5.
    layers : int
        Cells; those at a third and two thirds of the depth are reduction cells.
    channels : int
        Of the nodes of the first cells.
    n_classes : int
        Outputs of the classifier.
    resolution : int
        Input height and width in pixels, a multiple of 4.
    stem_multiplier : int
        Channels of the 3x3 stem, in multiples of `channels`.

    Notes
    -----
    Each cell has four genes a node: operation, input, operation, input. Unlike in `DARTS` the two
    inputs may be the same value, and a cell's output concatenates only the nodes that no other
    node reads, so that its width depends on the wiring. Operations are built as in `DARTS`.
    A cell need not read both of its inputs; the projection of one that it does not read is
    written down but not alive (see `Plan.unit_ids`).

    The text form is DARTS' genotype; rows whose cells differ in node numbers alone share an
    identity.

    Defaults for nodes and operations are those of LaNAS' published search space; LaMOO's paper
    on architecture search continues in that line, but its own settings are not at hand.

    References
    ----------
    Zoph et al., 2018, https://doi.org/10.1109/CVPR.2018.00907;
    Wang et al., 2022, https://doi.org/10.1109/TPAMI.2021.3071343;
    Zhao et al., 2024, https://jmlr.org/papers/v25/23-1013.html

    Examples
    --------
    >>> import numpy as np
    >>> from pyhwnas import networks, spaces
    >>> space = NASNet(layers=6, channels=16)
    >>> x = spaces.sample(space, 1, np.random.default_rng(0))[0]
    >>> networks.build(space, x).output_shape
    (10,)
    """

    n_nodes: int = 6
    operations: tuple[str, ...] = ("max_pool_3x3", "skip_connect", "sep_conv_3x3", "sep_conv_5x5")
    layers: int = 20
    channels: int = 36
    n_classes: int = 10
    resolution: int = 32
    stem_multiplier: int = 3
    name = "nasnet"
    distinct = False
    loose_ends = True
