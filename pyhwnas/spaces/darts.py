"""The DARTS space, as surrogate benchmark NAS-Bench-301."""

from __future__ import annotations

import ast
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyhwnas.spaces.cells import OPERATIONS, CellSpace

__all__ = ["DARTS"]


@dataclass(frozen=True)
class DARTS(CellSpace):
    """A normal and a reduction cell of four nodes and seven operations: about 10^18 networks.

    Precisely (7^2)^4 * (1 * 3 * 6 * 10) = 1.04e9 cells of each kind, 1.1e18 pairs of them.

    Parameters
    ----------
    layers : int
        Cells; those at a third and two thirds of the depth are reduction cells. 20 in the paper,
        8 in NAS-Bench-301.
    channels : int
        Of the nodes of the first cells; 36 in the paper, 32 in NAS-Bench-301.
    n_classes : int
        Outputs of the classifier.
    resolution : int
        Input height and width in pixels, a multiple of 4.
    stem_multiplier : int
        Channels of the 3x3 stem, in multiples of `channels`.

    Notes
    -----
    32 genes: for each cell and each of its nodes operation, input, operation, input. Operations
    are indices into max_pool_3x3, avg_pool_3x3, skip_connect, sep_conv_3x3, sep_conv_5x5,
    dil_conv_3x3, dil_conv_5x5; inputs are 0 and 1 for the two cells before and 2, 3, 4 for nodes,
    and the two of a node differ. All nodes are concatenated. The canonical form sorts a node's
    edges by input; rows whose cells differ in node numbers alone share an identity.

    Networks are those of DARTS' final training: no zero operation, no normalisation after pools,
    separable convolutions twice. The auxiliary head and drop path, which exist in training
    alone, are left out.

    References
    ----------
    Liu et al., 2019, https://openreview.net/forum?id=S1eYHoC5FX;
    Zela et al., 2022, https://openreview.net/forum?id=OnpFa95RVqs

    Examples
    --------
    >>> import numpy as np
    >>> from pyhwnas import spaces
    >>> space = DARTS(layers=8, channels=32)
    >>> X = spaces.sample(space, 3, np.random.default_rng(0))
    >>> bool(space.valid(X).all()), space.unit_ids(X).shape
    (True, (3, 170))
    """

    layers: int = 20
    channels: int = 36
    n_classes: int = 10
    resolution: int = 32
    stem_multiplier: int = 3
    name = "darts"
    n_nodes = 4
    operations = tuple(name for name in OPERATIONS if name != "sep_conv_7x7")
    distinct = True
    loose_ends = False

    def from_str(self, text: str) -> npt.NDArray[np.int64]:
        """Read a genotype as DARTS writes it, or NASLib's two lists of (input, operation)."""
        if text.lstrip().startswith(("[", "(")):
            text = self._genotype(text)
        return super().from_str(text)

    def _genotype(self, text: str) -> str:
        try:
            normal, reduce = (
                [(self.operations[op], source) for source, op in cell]
                for cell in ast.literal_eval(text.strip())
            )
        except (ValueError, TypeError, SyntaxError, IndexError):
            return text
        nodes = [2, 3, 4, 5]
        return (
            f"Genotype(normal={normal}, normal_concat={nodes}, "
            f"reduce={reduce}, reduce_concat={nodes})"
        )
